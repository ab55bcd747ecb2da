#include "collector/export/zip_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "collector/export/testing_evidence.h"
#include "core/base/concat.h"
#include "core/crypto/envelope.h"
#include "core/evidence/bundle.h"
#include "core/evidence/trust.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

// Writes a bundle to a file, as the command line does.
class FileSink : public StreamSink {
 public:
  explicit FileSink(const std::filesystem::path& path) : out_(path, std::ios::binary) {}
  absl::Status Data(std::string_view bytes) override {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return absl::OkStatus();
  }
  absl::Status Zeros(uint64_t) override { return absl::InternalError("a ZIP has no holes"); }

 private:
  std::ofstream out_;
};

absl::Status Export(TestingEvidence& made, const std::filesystem::path& path) {
  const absl::StatusOr<BundleProofs> proofs = CollectProofs(made.vault(), made.catalog(), made.acquisition_id());
  if (!proofs.ok()) return proofs.status();
  StoredEvidence evidence = made.Open();
  FileSink sink(path);
  return ExportZip(evidence, *proofs, sink);
}

// Every entry, as Python's zipfile sees it: name -> hexadecimal digest, size, time, and the bytes of small ones.
nlohmann::json ReadWithPython(const std::filesystem::path& path) {
  const std::string script = Concat(
      "import zipfile,hashlib,json,base64\n"
      "z=zipfile.ZipFile('",
      path.string(),
      "')\n"
      "assert z.testzip() is None\n"
      "out=[]\n"
      "for i in z.infolist():\n"
      "  h=hashlib.sha256(); n=0; keep=b''\n"
      "  with z.open(i) as f:\n"
      "    while True:\n"
      "      b=f.read(1<<20)\n"
      "      if not b: break\n"
      "      h.update(b); n+=len(b)\n"
      "      if len(keep)<(1<<20): keep+=b\n"
      "  assert n==i.file_size\n"
      "  out.append(dict(name=i.filename,sha256=h.hexdigest(),size=n,date=list(i.date_time),mode=i.external_attr>>16,"
      "bytes=base64.b64encode(keep).decode() if n<(1<<20) else ''))\n"
      "print(json.dumps(out))\n");
  const std::string file = path.string() + ".py";
  std::ofstream(file) << script;
  const CommandResult result = RunTool(Concat("TZ=UTC python3 ", file));
  EXPECT_EQ(result.exit_status, 0) << result.output;
  return nlohmann::json::parse(result.output, nullptr, false);
}

std::string BytesOf(const nlohmann::json& entries, std::string_view name) {
  std::string bytes;
  for (const auto& entry : entries) {
    if (entry["name"] == name) absl::Base64Unescape(entry["bytes"].get<std::string>(), &bytes);
  }
  return bytes;
}

v1::Item Of(v1::Item::Kind kind, std::string path) {
  v1::Item item;
  item.set_kind(kind);
  item.set_path(std::move(path));
  return item;
}

void AddEverything(TestingEvidence& made) {
  made.AddFile("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  made.AddFile("/home/日本/メモ.txt", "utf-8");
  made.AddFile("/tmp/bad\xff\nname%", "bytes that are no text");
  made.AddFile("/../../../../tmp/escape", "must stay inside");
  made.AddFile("/empty", "");
  made.AddFile("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");  // again, by another target
  made.AddFile("/etc/passwd", "and changed meanwhile\n");
  v1::Item folder = Of(v1::Item::KIND_DIRECTORY, "/etc");
  made.AddRecord(folder);
  v1::Item failed = Of(v1::Item::KIND_FILE, "/etc/shadow");
  failed.set_state(v1::Item::STATE_FAILED);
  failed.mutable_failure()->set_cause(v1::CAUSE_PERMISSION_DENIED);
  made.AddRecord(failed);
  v1::Item command = Of(v1::Item::KIND_COMMAND_OUTPUT, "");
  command.mutable_command()->set_command("/bin/ss");
  made.AddStream(command, {made.Chunk("Netid State\n")});
  made.AddStream(Of(v1::Item::KIND_DISK, "/dev/sda"),
                 {made.Chunk("boot"), ZerosExtent(5000), NotAcquiredExtent(3000), made.Chunk("end")});
}

TEST(ZipExportTest, UnzipAndPythonReadEveryItemsBytesUnderItsName) {
  TestingEvidence made;
  AddEverything(made);
  made.Commit();
  const std::filesystem::path path = made.folder() / "case.zip";
  const absl::Status exported = Export(made, path);
  ASSERT_TRUE(exported.ok()) << exported;
  const CommandResult unzip = RunTool(Concat("unzip -t ", path.string()));
  EXPECT_EQ(unzip.exit_status, 0) << unzip.output;

  const nlohmann::json entries = ReadWithPython(path);
  ASSERT_TRUE(entries.is_array());
  std::map<std::string, std::string> digests;
  for (const auto& entry : entries) {
    const std::string name = entry["name"];
    EXPECT_TRUE(digests.emplace(name, entry["sha256"]).second) << "twice: " << name;
    EXPECT_EQ(entry["mode"].get<int>() & 0111, 0) << name;
    EXPECT_EQ(name.find(".."), std::string::npos) << name;
    EXPECT_NE(name.front(), '/') << name;
  }
  BundleNames names;
  std::set<std::string> evidence_entries;
  for (const v1::Item& item : made.items()) {
    if (!item.has_stream()) continue;
    const std::string name = names.Next(item).name;
    ASSERT_TRUE(digests.contains(name)) << name;
    EXPECT_EQ(digests[name], absl::BytesToHexString(item.sha256())) << name;
    evidence_entries.insert(name);
  }
  EXPECT_EQ(evidence_entries.size(), 8u);
  EXPECT_TRUE(evidence_entries.contains("uploads/auto/home/日本/メモ.txt"));
  EXPECT_TRUE(evidence_entries.contains("uploads/item-6/etc/passwd"));
  EXPECT_EQ(entries[0]["name"], "hozen/README.txt");
  for (const auto& entry : entries) {
    if (entry["name"] == "uploads/auto/etc/passwd") {
      EXPECT_EQ(entry["date"], nlohmann::json::parse("[2023,11,14,22,13,20]"));
    }
  }
}

TEST(ZipExportTest, WhatItCarriesProvesItOffline) {
  TestingEvidence made;
  AddEverything(made);
  made.Commit();
  const std::filesystem::path path = made.folder() / "case.zip";
  ASSERT_TRUE(Export(made, path).ok());
  const nlohmann::json entries = ReadWithPython(path);

  v1::Envelope delegation_envelope;
  ASSERT_TRUE(delegation_envelope.ParseFromString(BytesOf(entries, kBundleDelegationEntry)));
  const auto delegation = VerifyDelegation(delegation_envelope, made.authority().public_key());
  ASSERT_TRUE(delegation.ok()) << delegation.status();
  const auto host = VerifyHostChain(BytesOf(entries, kBundleHostChainEntry), *delegation);
  ASSERT_TRUE(host.ok()) << host.status();
  v1::Envelope manifest_envelope;
  ASSERT_TRUE(manifest_envelope.ParseFromString(BytesOf(entries, kBundleManifestEntry)));
  const auto manifest = VerifyManifest(manifest_envelope, *host);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(Sha256::Of(BytesOf(entries, kBundleBodyEntry)).bytes(), manifest->body_sha256());
  v1::SignedPlan plan;
  ASSERT_TRUE(plan.ParseFromString(BytesOf(entries, kBundlePlanEntry)));
  EXPECT_EQ(Sha256::Of(plan.plan().payload()).bytes(), manifest->plan_sha256());
  v1::CustodyBundle custody;
  ASSERT_TRUE(custody.ParseFromString(BytesOf(entries, kBundleCustodyEntry)));
  ASSERT_EQ(custody.proofs_size(), 1);
  EXPECT_TRUE(VerifyCustodyProof(custody.proofs(0), *delegation).ok());
  EXPECT_THAT(custody.proofs(0).entry(), HasSubstr(Sha256::Of(manifest_envelope.payload()).ToHex()));
  const auto custody_json = nlohmann::json::parse(BytesOf(entries, kBundleCustodyJsonEntry));
  EXPECT_EQ(custody_json[0]["entry"]["kind"], "acquisition.committed");
}

TEST(ZipExportTest, TheListsNameEveryItemAndEveryUpload) {
  TestingEvidence made;
  AddEverything(made);
  made.Commit();
  const std::filesystem::path path = made.folder() / "case.zip";
  ASSERT_TRUE(Export(made, path).ok());
  const nlohmann::json entries = ReadWithPython(path);
  std::istringstream items(BytesOf(entries, kBundleItemsEntry));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(items, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(lines.size(), made.items().size());
  EXPECT_EQ(lines[2]["path"], "/tmp/bad\\xff\\x0aname%");
  EXPECT_EQ(lines[2]["entry"], "uploads/auto/tmp/bad%FF%0Aname%25");
  EXPECT_EQ(lines[8]["state"], "failed");
  EXPECT_EQ(lines[8]["cause"], "PERMISSION_DENIED");
  EXPECT_FALSE(lines[8].contains("sha256"));

  std::istringstream uploads(BytesOf(entries, kBundleUploadsEntry));
  std::set<std::string> listed;
  std::set<std::string> there;
  for (std::string line; std::getline(uploads, line);) {
    const nlohmann::json upload = nlohmann::json::parse(line);
    for (const char* member :
         {"Timestamp", "started", "vfs_path", "_Components", "file_size", "uploaded_size", "Type"}) {
      EXPECT_TRUE(upload.contains(member)) << member;
    }
    std::string name;
    for (const std::string part : upload["_Components"]) {
      name += Concat(
          name.empty() ? "" : "/",
          part.find('%') != std::string::npos && part.find("%FF") != std::string::npos ? part : EscapeEntryPart(part));
    }
    listed.insert(name);
  }
  for (const auto& entry : entries) {
    const std::string name = entry["name"];
    if (name.starts_with("uploads/")) there.insert(name);
  }
  EXPECT_EQ(listed, there);
  EXPECT_EQ(nlohmann::json::parse(BytesOf(entries, kBundleClientInfoEntry))["hostname"], "pc-1");
}

TEST(ZipExportTest, TellsWhatCameOfEachTarget) {
  TestingEvidence made;
  made.AddFile("/etc/passwd", "root:x:0");
  v1::TargetOutcome found;
  found.set_pattern("/etc/passwd");
  found.set_artifact("UnixPasswdFile");
  found.set_matched_items(1);
  made.AddTarget(found);
  v1::TargetOutcome refused;
  refused.set_target_index(1);
  refused.set_pattern("/usr/bin/touch /\xff\n");
  refused.mutable_failure()->set_cause(v1::CAUSE_COMMAND_NOT_ALLOWED);
  refused.mutable_failure()->set_detail("it is not on the list");
  made.AddTarget(refused);
  made.Commit();
  const std::filesystem::path path = made.folder() / "case.zip";
  ASSERT_TRUE(Export(made, path).ok());
  const nlohmann::json entries = ReadWithPython(path);
  std::istringstream targets(BytesOf(entries, kBundleTargetsEntry));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(targets, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["artifact"], "UnixPasswdFile");
  EXPECT_EQ(lines[0]["matched_items"], 1);
  EXPECT_FALSE(lines[0].contains("cause"));
  EXPECT_EQ(lines[1]["target_index"], 1);
  EXPECT_EQ(lines[1]["pattern"], "/usr/bin/touch /\\xff\\x0a");
  EXPECT_EQ(lines[1]["cause"], "COMMAND_NOT_ALLOWED");
  EXPECT_EQ(lines[1]["detail"], "it is not on the list");
  EXPECT_THAT(BytesOf(entries, kBundleReadmeEntry), HasSubstr("targets      1 not carried out"));
}

TEST(ZipExportTest, DamageIsRefusedAndWhatWasWrittenIsNoZip) {
  TestingEvidence made;
  made.AddFile("/good", "these are good");
  const v1::Extent bad = made.Chunk("these will be damaged");
  made.AddStream(Of(v1::Item::KIND_FILE, "/etc/bad"), {bad});
  made.AddFile("/behind", "never reached");
  made.Commit();
  const Digest digest = *Digest::FromBytes(bad.chunk_sha256());
  made.Damage(digest);
  const std::filesystem::path path = made.folder() / "case.zip";
  const absl::Status exported = Export(made, path);
  EXPECT_TRUE(absl::IsDataLoss(exported)) << exported;
  EXPECT_THAT(exported.ToString(), HasSubstr(digest.ToHex()));
  EXPECT_THAT(exported.ToString(), HasSubstr("item 1 (/etc/bad)"));
  EXPECT_NE(RunTool(Concat("unzip -t ", path.string())).exit_status, 0);
}

TEST(ZipExportTest, AReceiverThatFailsEndsItWithItsOwnError) {
  class Refusing : public StreamSink {
   public:
    absl::Status Data(std::string_view) override { return absl::CancelledError("the caller has gone"); }
    absl::Status Zeros(uint64_t) override { return absl::OkStatus(); }
  };
  TestingEvidence made;
  AddEverything(made);
  made.Commit();
  const auto proofs = CollectProofs(made.vault(), made.catalog(), made.acquisition_id());
  ASSERT_TRUE(proofs.ok());
  StoredEvidence evidence = made.Open();
  Refusing sink;
  EXPECT_EQ(ExportZip(evidence, *proofs, sink), absl::CancelledError("the caller has gone"));
}

TEST(ZipExportTest, ADiskOverFourGibibytesIsZip64) {
  TestingEvidence made;
  const uint64_t size = (uint64_t{1} << 32) + 12345;
  made.AddFile("/before", "small");
  made.AddStream(Of(v1::Item::KIND_DISK, "/dev/sda"), {ZerosExtent(size), made.Chunk("end")});
  made.AddFile("/behind", "small too");
  made.Commit();
  const std::filesystem::path path = made.folder() / "case.zip";
  const absl::Status exported = Export(made, path);
  ASSERT_TRUE(exported.ok()) << exported;
  const CommandResult unzip =
      RunTool(Concat("unzip -p ", path.string(), " uploads/raw_file/dev/sda | tail -c 3; unzip -p ", path.string(),
                     " uploads/auto/behind; unzip -l ", path.string()));
  EXPECT_EQ(unzip.exit_status, 0);
  EXPECT_THAT(unzip.output, HasSubstr("endsmall too"));
  EXPECT_THAT(unzip.output, HasSubstr(Concat(size + 3)));
}

}  // namespace
}  // namespace hozen
