#include "tools/hozen/bundle_verifier.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <locale.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/chunk/chunk.h"
#include "core/crypto/certificate.h"
#include "core/crypto/key.h"
#include "core/crypto/sha256.h"
#include "core/evidence/body.h"
#include "core/evidence/bundle.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/map.h"
#include "core/evidence/merkle.h"
#include "core/evidence/trust.h"
#include "core/plan/plan.h"
#include "tools/images/aff4_image.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr char kCustomer[] = "c0ffee";
constexpr char kHost[] = "3f2a90b1c4d5e6f7";
constexpr char kOrigin[] = "collector.example/c0ffee";
constexpr size_t kDiskBytes = 5 << 20;

using Entries = std::vector<std::pair<std::string, std::string>>;

// A customer with a host whose agent took three files and a disk.
class Evidence {
 public:
  explicit Evidence(uint64_t claimed_failed_targets = 1)
      : authority_(PrivateKey::Generate(KeyType::kEd25519).value()),
        custody_key_(PrivateKey::Generate(KeyType::kEd25519).value()),
        host_key_(PrivateKey::Generate(KeyType::kEcdsaP256).value()),
        operator_key_(PrivateKey::Generate(KeyType::kEcdsaP256).value()) {
    const absl::Time now = absl::Now();
    const auto root = CertificateAuthority::CreateRoot("root", now - absl::Hours(1), now + absl::Hours(99)).value();
    const auto host_ca = root.CreateIntermediate("hosts", now - absl::Hours(1), now + absl::Hours(98)).value();
    CertificateOptions options;
    options.common_name = kHost;
    options.uri = HostUri(kCustomer, kHost);
    options.not_before = now - absl::Hours(1);
    options.not_after = now + absl::Hours(9);
    const Certificate leaf = host_ca.Issue(host_key_.public_key(), options).value();
    host_chain_ = leaf.ToPem() + host_ca.certificate().ToPem();
    v1::Delegation delegation;
    delegation.set_format_version(1);
    delegation.set_customer_id(kCustomer);
    delegation.set_customer_name("Acme");
    delegation.set_host_ca_public_key(host_ca.certificate().public_key().value().ToDer());
    delegation.set_custody_log_key(custody_key_.public_key().ToRawEd25519().value());
    delegation.set_custody_log_origin(kOrigin);
    delegation.set_created_unix_ns(absl::ToUnixNanos(now));
    delegation_ = SignDelegation(delegation, authority_).value();
    MakePlan(now);
    MakeItems();
    MakeTargets();
    Commit(now, claimed_failed_targets);
  }

  PublicKey authority() const { return authority_.public_key(); }
  std::string disk() const { return disk_; }

  Entries ZipEntries() const {
    Entries entries = {
        {std::string(kBundleReadmeEntry), "read me"},
        {std::string(kBundleManifestEntry), manifest_.SerializeAsString()},
        {std::string(kBundleBodyEntry), body_},
        {std::string(kBundlePlanEntry), plan_.SerializeAsString()},
        {std::string(kBundleHostChainEntry), host_chain_},
        {std::string(kBundleDelegationEntry), delegation_.SerializeAsString()},
        {std::string(kBundleCustodyEntry), custody_.SerializeAsString()},
        {std::string(kBundleItemsEntry), items_list_},
        {std::string(kBundleTargetsEntry), targets_list_},
        {std::string(kBundleUploadsEntry), uploads_list_},
    };
    entries.insert(entries.end(), streams_.begin(), streams_.end());
    return entries;
  }

  std::string Sidecar() const {
    nlohmann::ordered_json json;
    json["format"] = "hozen-raw-sidecar";
    json["format_version"] = 1;
    json["item_index"] = 3;
    json["size_bytes"] = disk_.size();
    json["sha256"] = Sha256::Of(disk_).ToHex();
    json["partitions"] = nlohmann::json::array({{{"note", "a \"body\": of water"}, {"type", "body"}}});
    json["manifest"] = absl::Base64Escape(manifest_.SerializeAsString());
    json["plan"] = absl::Base64Escape(plan_.SerializeAsString());
    json["host_chain_pem"] = host_chain_;
    json["delegation"] = absl::Base64Escape(delegation_.SerializeAsString());
    json["custody"] = absl::Base64Escape(custody_.SerializeAsString());
    json["body_size_bytes"] = body_.size();
    json["body"] = absl::Base64Escape(body_);
    return json.dump();
  }

 private:
  void MakePlan(absl::Time now) {
    v1::OperatorCertificate certificate;
    certificate.set_format_version(1);
    certificate.set_customer_id(kCustomer);
    certificate.set_name("alice");
    certificate.set_role("responder");
    certificate.set_public_key(operator_key_.public_key().ToDer());
    certificate.set_not_before_unix_ns(absl::ToUnixNanos(now - absl::Hours(1)));
    certificate.set_not_after_unix_ns(absl::ToUnixNanos(now + absl::Hours(1)));
    v1::Plan plan;
    plan.set_format_version(1);
    plan.set_plan_id("0011223344556677");
    plan.set_customer_id(kCustomer);
    plan.add_host_ids(kHost);
    plan.add_targets()->mutable_file()->set_pattern("/etc/**");
    plan.mutable_targets(0)->mutable_file()->set_separator("/");
    plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(now + absl::Hours(4)));
    plan.set_created_unix_ns(absl::ToUnixNanos(now));
    plan.set_operator_name("alice");
    plan.set_reason("IR-2231");
    const auto signed_plan = SignPlan(plan, operator_key_, SignOperatorCertificate(certificate, authority_).value());
    EXPECT_TRUE(signed_plan.ok()) << signed_plan.status();
    plan_ = *signed_plan;
  }

  static std::string Line(const nlohmann::json& json) { return json.dump() + "\n"; }

  void AddItem(v1::Item::Kind kind, const std::string& path, const std::string& bytes) {
    v1::Item item;
    item.set_index(items_++);
    item.set_kind(kind);
    item.set_state(v1::Item::STATE_COMPLETE);
    item.set_path(path);
    item.set_has_stream(true);
    item.set_size_bytes(bytes.size());
    item.set_sha256(std::string(Sha256::Of(bytes).bytes()));
    for (size_t at = 0; at < bytes.size(); at += kMaxChunkSizeBytes) {
      const std::string piece = bytes.substr(at, kMaxChunkSizeBytes);
      AppendExtent(IsAllZero(piece) ? ZerosExtent(piece.size())
                                    : ChunkExtent(Sha256::Of(piece), static_cast<uint32_t>(piece.size())),
                   *item.mutable_extents());
    }
    streams_.emplace_back(names_.Next(item).name, bytes);
    const std::string sha256 = Sha256::Of(bytes).ToHex();
    items_list_ += Line({{"index", item.index()},
                         {"kind", "file"},
                         {"state", "complete"},
                         {"path", Printable(path)},
                         {"size_bytes", bytes.size()},
                         {"sha256", sha256},
                         {"entry", streams_.back().first}});
    uploads_list_ += Line({{"Timestamp", ""},
                           {"vfs_path", Printable(path)},
                           {"uploaded_size", bytes.size()},
                           {"sha256", sha256},
                           {"item_index", item.index()}});
    v1::BodyRecord record;
    *record.mutable_item() = item;
    EXPECT_TRUE(AppendRecord(record, body_).ok());
  }

  void MakeItems() {
    AddItem(v1::Item::KIND_FILE, "/etc/passwd", "root:x:0:0\n");
    // Decomposed letters, which a reader must not compose; bytes that are not UTF-8; a name that needs escaping.
    AddItem(v1::Item::KIND_FILE, "/tmp/cafe\xcc\x81 \xff*", std::string(300'000, 'b'));
    AddItem(v1::Item::KIND_FILE, "/var/log/証拠", std::string(100, 'c') + std::string(100, '\0'));
    for (size_t i = 0; i < kDiskBytes; ++i) {
      const bool zero = i >= (2 << 20) && i < (4 << 20);
      disk_ += zero ? '\0' : static_cast<char>(i * 7 + (i >> 13));
    }
    AddItem(v1::Item::KIND_DISK, "/dev/sda", disk_);
  }

  void MakeTargets() {
    v1::BodyRecord record;
    record.mutable_target_outcome()->set_pattern("/etc/**");
    record.mutable_target_outcome()->set_matched_items(items_);
    EXPECT_TRUE(AppendRecord(record, body_).ok());
    nlohmann::json line = {{"target_index", 0}, {"pattern", "/etc/**"}, {"matched_items", items_}};
    targets_list_ += Line(line);
    line["cause"] = "COMMAND_NOT_ALLOWED";
    line["detail"] = "";
    targets_list_ += Line(line);
    record.mutable_target_outcome()->mutable_failure()->set_cause(v1::CAUSE_COMMAND_NOT_ALLOWED);
    EXPECT_TRUE(AppendRecord(record, body_).ok());
  }

  void Commit(absl::Time now, uint64_t failed_targets) {
    v1::Manifest manifest;
    manifest.set_format_version(1);
    manifest.set_acquisition_id("00112233445566aa");
    manifest.set_customer_id(kCustomer);
    manifest.set_host_id(kHost);
    manifest.mutable_host()->set_hostname("web01");
    manifest.set_plan_sha256(std::string(PlanDigest(plan_).bytes()));
    manifest.set_started_unix_ns(absl::ToUnixNanos(now));
    manifest.set_finished_unix_ns(absl::ToUnixNanos(now));
    manifest.set_complete(failed_targets == 0);
    manifest.set_items(items_);
    manifest.set_failed_targets(failed_targets);
    manifest.set_body_sha256(std::string(Sha256::Of(body_).bytes()));
    manifest.set_body_size_bytes(body_.size());
    *manifest.add_body_extents() = ChunkExtent(Sha256::Of(body_), static_cast<uint32_t>(body_.size()));
    const auto envelope = SignManifest(manifest, host_key_);
    EXPECT_TRUE(envelope.ok()) << envelope.status();
    manifest_ = *envelope;
    const std::string entries[] = {
        "{\"kind\":\"plan.submitted\"}",
        Concat(
            "{\"version\":1,\"index\":1,\"time\":\"2026-11-22T06:12:06.123456789Z\",\"kind\":\"acquisition.committed\","
            "\"acquisition_id\":\"00112233445566aa\",\"manifest_sha256\":\"",
            Sha256::Of(manifest_.payload()).ToHex(), "\"}")};
    const Digest leaves[] = {LeafHash(entries[0]), LeafHash(entries[1])};
    Checkpoint checkpoint{kOrigin, 2, NodeHash(leaves[0], leaves[1])};
    const std::string note = SignCheckpoint(checkpoint, custody_key_).value();
    for (uint64_t i = 0; i < 2; ++i) {
      v1::CustodyProof& proof = *custody_.add_proofs();
      proof.set_leaf_index(i);
      proof.set_entry(entries[i]);
      proof.set_tree_size(2);
      proof.add_inclusion_path(std::string(leaves[1 - i].bytes()));
      proof.set_checkpoint(note);
    }
  }

  PrivateKey authority_, custody_key_, host_key_, operator_key_;
  std::string host_chain_;
  v1::Envelope delegation_;
  v1::SignedPlan plan_;
  v1::Envelope manifest_;
  v1::CustodyBundle custody_;
  std::string body_;
  std::string items_list_;
  std::string targets_list_;
  std::string uploads_list_;
  std::string disk_;
  uint64_t items_ = 0;
  BundleNames names_;
  Entries streams_;
};

class BundleVerifier : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // As zip writers need it to say that names are UTF-8.
    ASSERT_NE(setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
    evidence_ = new Evidence();
  }
  static void TearDownTestSuite() { delete std::exchange(evidence_, nullptr); }

  void SetUp() override {
    std::string name = ::testing::TempDir() + "/bundleXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    zip_ = folder_ / "case.zip";
  }

  void WriteZip(const Entries& entries, const char* options = "zip:compression=deflate") {
    archive* writer = archive_write_new();
    archive_write_set_format_zip(writer);
    archive_write_set_options(writer, options);
    archive_write_set_bytes_per_block(writer, 0);
    ASSERT_EQ(archive_write_open_filename(writer, zip_.c_str()), ARCHIVE_OK);
    for (const auto& [name, bytes] : entries) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, name.c_str());
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_entry_set_perm(entry, 0600);
      // Sizes that are known beforehand and such as are not make different headers.
      if (name.size() % 2 == 0) archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
      const int header = archive_write_header(writer, entry);
      ASSERT_TRUE(header == ARCHIVE_OK || header == ARCHIVE_WARN) << archive_error_string(writer);
      ASSERT_EQ(archive_write_data(writer, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
      archive_entry_free(entry);
    }
    ASSERT_EQ(archive_write_close(writer), ARCHIVE_OK) << archive_error_string(writer);
    archive_write_free(writer);
  }

  void WriteRaw(const std::string& image, const std::string& sidecar) {
    ASSERT_TRUE(WriteFileAtomically(folder_ / "sda.raw", image, 0600).ok());
    ASSERT_TRUE(WriteFileAtomically(folder_ / "sda.raw.json", sidecar, 0600).ok());
  }

  void WriteAff4(const std::string& image, const std::string& sidecar) {
    ImageDescription description;
    description.size_bytes = image.size();
    auto writer = NewAff4Writer(folder_ / "sda.aff4", description);
    ASSERT_TRUE(writer.ok()) << writer.status();
    const auto source = NewMemorySource(image);
    ASSERT_TRUE(WriteImage(*source, **writer, [](uint64_t) {}).ok());
    fs::rename((*writer)->files().front().written, folder_ / "sda.aff4");
    ASSERT_TRUE(WriteFileAtomically(folder_ / "sda.aff4.json", sidecar, 0600).ok());
  }

  BundleReport Verify(const fs::path& file) {
    const auto report = VerifyBundle(file, evidence_->authority());
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : BundleReport();
  }

  static std::string Faults(const BundleReport& report) {
    std::string text;
    for (const BundleFault& fault : report.faults) text += Concat(fault.where, ": ", fault.detail, "\n");
    return text;
  }

  // Changes the bytes of one entry.
  static Entries With(Entries entries, std::string_view name, const std::function<void(std::string&)>& change) {
    for (auto& [entry, bytes] : entries) {
      if (entry == name) change(bytes);
    }
    return entries;
  }

  static Evidence* evidence_;
  fs::path folder_;
  fs::path zip_;
};
Evidence* BundleVerifier::evidence_ = nullptr;

TEST_F(BundleVerifier, VouchesForAWholeZip) {
  WriteZip(evidence_->ZipEntries());
  const BundleReport report = Verify(zip_);
  EXPECT_TRUE(report.ok()) << Faults(report);
  EXPECT_EQ(report.verified_items, 4u);
  EXPECT_EQ(report.manifest.host().hostname(), "web01");
  EXPECT_EQ(report.plan.reason(), "IR-2231");
  EXPECT_EQ(report.custody_entries, 2u);
  EXPECT_EQ(report.committed_time, "2026-11-22T06:12:06.123456789Z");
}

TEST_F(BundleVerifier, SeesAManifestThatHidesAFailedTarget) {
  const Evidence hiding(/*claimed_failed_targets=*/0);
  WriteZip(hiding.ZipEntries());
  const auto report = VerifyBundle(zip_, hiding.authority());
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->fault_count, 1u) << Faults(*report);
  EXPECT_EQ(report->faults[0].where, "manifest");
  EXPECT_NE(report->faults[0].detail.find("0 / 1"), std::string::npos) << report->faults[0].detail;
}

TEST_F(BundleVerifier, VouchesForAZipOfStoredEntries) {
  WriteZip(evidence_->ZipEntries(), "zip:compression=store");
  const BundleReport report = Verify(zip_);
  EXPECT_TRUE(report.ok()) << Faults(report);
}

TEST_F(BundleVerifier, NamesTheItemAndTheChunkOfTheFirstWrongByte) {
  WriteZip(
      With(evidence_->ZipEntries(), "uploads/raw_file/dev/sda", [](std::string& bytes) { bytes[4'500'000] ^= 1; }));
  const BundleReport report = Verify(zip_);
  ASSERT_EQ(report.fault_count, 1u) << Faults(report);
  EXPECT_EQ(report.faults[0].item_index, 3u);
  EXPECT_EQ(report.faults[0].path, "/dev/sda");
  EXPECT_EQ(report.faults[0].offset_bytes, uint64_t{4} << 20);
  EXPECT_EQ(report.verified_items, 3u);
}

TEST_F(BundleVerifier, NamesTheVeryByteThatShouldBeZero) {
  WriteZip(With(evidence_->ZipEntries(), "uploads/raw_file/dev/sda", [](std::string& bytes) { bytes[3'000'001] = 1; }));
  const BundleReport report = Verify(zip_);
  ASSERT_EQ(report.fault_count, 1u) << Faults(report);
  EXPECT_EQ(report.faults[0].offset_bytes, 3'000'001u);
}

TEST_F(BundleVerifier, NamesEntriesThatAreMissingExtraOrThereTwice) {
  Entries entries = evidence_->ZipEntries();
  std::erase_if(entries, [](const auto& entry) { return entry.first == "uploads/auto/etc/passwd"; });
  entries.emplace_back("uploads/auto/planted", "not evidence");
  entries.push_back(entries[entries.size() - 2]);
  WriteZip(entries);
  const BundleReport report = Verify(zip_);
  EXPECT_EQ(report.fault_count, 3u) << Faults(report);
  EXPECT_NE(Faults(report).find("uploads/auto/planted: it belongs to no item"), std::string::npos) << Faults(report);
  EXPECT_NE(Faults(report).find("uploads/auto/etc/passwd: its entry is missing"), std::string::npos) << Faults(report);
  EXPECT_NE(Faults(report).find("uploads/raw_file/dev/sda: it is there twice"), std::string::npos) << Faults(report);
}

TEST_F(BundleVerifier, StopsUnpackingWhereAnEntryIsLongerThanItsItem) {
  WriteZip(With(evidence_->ZipEntries(), "uploads/auto/etc/passwd",
                [](std::string& bytes) { bytes.append(200 << 20, 'x'); }));
  const BundleReport report = Verify(zip_);
  ASSERT_EQ(report.fault_count, 1u) << Faults(report);
  EXPECT_NE(report.faults[0].detail.find("longer"), std::string::npos);
  EXPECT_LT(report.verified_bytes, uint64_t{20} << 20);
}

TEST_F(BundleVerifier, NamesAnEntryThatEndsEarly) {
  WriteZip(
      With(evidence_->ZipEntries(), "uploads/raw_file/dev/sda", [](std::string& bytes) { bytes.resize(1'500'000); }));
  const BundleReport report = Verify(zip_);
  ASSERT_EQ(report.fault_count, 1u) << Faults(report);
  EXPECT_EQ(report.faults[0].offset_bytes, 1'500'000u);
}

TEST_F(BundleVerifier, RefusesAnotherCustomersKey) {
  WriteZip(evidence_->ZipEntries());
  const auto report = VerifyBundle(zip_, PrivateKey::Generate(KeyType::kEd25519).value().public_key());
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->ok());
  EXPECT_EQ(report->faults[0].where, "delegation");
  EXPECT_EQ(report->verified_items, 0u);
}

TEST_F(BundleVerifier, NoticesAChangeInAnyProof) {
  for (const std::string_view name : {kBundleManifestEntry, kBundlePlanEntry, kBundleHostChainEntry,
                                      kBundleDelegationEntry, kBundleCustodyEntry, kBundleBodyEntry}) {
    for (const double where : {0.1, 0.5, 0.9}) {
      WriteZip(With(evidence_->ZipEntries(), name, [&](std::string& bytes) {
        bytes[static_cast<size_t>(where * static_cast<double>(bytes.size()))] ^= 4;
      }));
      EXPECT_FALSE(Verify(zip_).ok()) << name << " at " << where;
    }
    Entries entries = evidence_->ZipEntries();
    std::erase_if(entries, [&](const auto& entry) { return entry.first == name; });
    WriteZip(entries);
    EXPECT_FALSE(Verify(zip_).ok()) << name << " missing";
  }
}

TEST_F(BundleVerifier, SaysBehindWhichEntryATruncatedZipEnds) {
  WriteZip(evidence_->ZipEntries(), "zip:compression=store");
  const std::string whole = ReadWholeFile(zip_, 1 << 30).value();
  for (const double part : {0.2, 0.5, 0.99}) {
    const size_t size = static_cast<size_t>(part * static_cast<double>(whole.size()));
    ASSERT_TRUE(WriteFileAtomically(zip_, whole.substr(0, size), 0600).ok());
    const BundleReport report = Verify(zip_);
    EXPECT_FALSE(report.ok());
    EXPECT_NE(Faults(report).find("uploads/"), std::string::npos) << part << "\n" << Faults(report);
  }
}

TEST_F(BundleVerifier, NamesTheEntryWhosePackedBytesAreDamaged) {
  WriteZip(evidence_->ZipEntries());
  std::string whole = ReadWholeFile(zip_, 1 << 30).value();
  const size_t name_at = whole.find("uploads/raw_file/dev/sda");
  ASSERT_NE(name_at, std::string::npos);
  for (size_t i = 0; i < 64; ++i) whole[name_at + 3000 + i] = static_cast<char>(0xff);
  ASSERT_TRUE(WriteFileAtomically(zip_, whole, 0600).ok());
  const BundleReport report = Verify(zip_);
  ASSERT_GE(report.fault_count, 1u);
  EXPECT_EQ(report.faults[0].where, "uploads/raw_file/dev/sda") << Faults(report);
  EXPECT_TRUE(report.faults[0].offset_bytes.has_value());
}

// Readers that believe the directory would unpack one file under the other's name.
TEST_F(BundleVerifier, RefusesADirectoryWhoseNamesAreNotThoseOfTheEntries) {
  WriteZip(evidence_->ZipEntries());
  std::string whole = ReadWholeFile(zip_, 1 << 30).value();
  const size_t at = whole.rfind("uploads/auto/etc/passwd");
  ASSERT_NE(at, whole.find("uploads/auto/etc/passwd"));
  whole[at + 13] = 'x';
  ASSERT_TRUE(WriteFileAtomically(zip_, whole, 0600).ok());
  const BundleReport report = Verify(zip_);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(Faults(report).find("contradicts"), std::string::npos) << Faults(report);
}

TEST_F(BundleVerifier, RefusesBytesThatBelongToNoEntry) {
  WriteZip(evidence_->ZipEntries());
  const std::string whole = ReadWholeFile(zip_, 1 << 30).value();
  ASSERT_TRUE(WriteFileAtomically(zip_, whole + "appended", 0600).ok());
  EXPECT_FALSE(Verify(zip_).ok());
}

// Nobody signed them, and they are what a person reads first.
TEST_F(BundleVerifier, RefusesListsThatSayOtherThanTheHostSigned) {
  const std::pair<std::string_view, std::string_view> lists[] = {{kBundleItemsEntry, "/etc/passwd"},
                                                                 {kBundleTargetsEntry, "COMMAND_NOT_ALLOWED"},
                                                                 {kBundleUploadsEntry, "/etc/passwd"}};
  for (const auto& [name, word] : lists) {
    const auto fault_with = [&](const std::function<void(std::string&)>& change) {
      WriteZip(With(evidence_->ZipEntries(), std::string(name), change));
      const BundleReport report = Verify(zip_);
      EXPECT_EQ(report.fault_count, 1u) << name << "\n" << Faults(report);
      return report.faults.empty() ? std::string() : report.faults[0].where;
    };
    EXPECT_EQ(fault_with([&](std::string& bytes) { bytes[bytes.find(word) + 1] ^= 1; }), name);
    EXPECT_EQ(fault_with([](std::string& bytes) { bytes += "{}\n"; }), name);
    EXPECT_EQ(fault_with([](std::string& bytes) { bytes.resize(bytes.rfind('\n', bytes.size() - 2) + 1); }), name);
    EXPECT_EQ(fault_with([](std::string& bytes) { bytes = "no JSON"; }), name);
  }
}

// What unzip would make of the file is not what its directory's plain names and sizes say.
TEST_F(BundleVerifier, RefusesEntriesThatOtherReadersTakeForSomethingElse) {
  WriteZip(evidence_->ZipEntries());
  const std::string whole = ReadWholeFile(zip_, 1 << 30).value();
  const std::string name = "uploads/auto/etc/passwd";
  const size_t local = whole.find(name) - 30;
  const size_t central = whole.rfind(name) - 46;
  ASSERT_EQ(whole.substr(local, 4), "PK\x03\x04");
  ASSERT_EQ(whole.substr(central, 4), "PK\x01\x02");
  const auto verify_with = [&](size_t at, std::string_view bytes) {
    std::string changed = whole;
    changed.replace(at, bytes.size(), bytes);
    EXPECT_TRUE(WriteFileAtomically(zip_, changed, 0600).ok());
    return Verify(zip_);
  };
  ASSERT_TRUE(verify_with(0, "PK").ok());
  // A symbolic link whose target is the item's bytes.
  EXPECT_FALSE(verify_with(central + 40, std::string_view("\xff\xa1", 2)).ok());
  // Info-ZIP's Unicode path: a second name.
  EXPECT_FALSE(verify_with(central + 46 + name.size(), "up").ok());
  EXPECT_FALSE(verify_with(local + 30 + name.size(), "up").ok());
  // Without the flag of a descriptor, the local header's checksum and sizes are what a streaming reader believes.
  std::string plain = whole;
  plain[local + 6] = static_cast<char>(plain[local + 6] & ~8);
  plain[central + 8] = static_cast<char>(plain[central + 8] & ~8);
  plain[local + 22] = static_cast<char>(plain[central + 24] + 1);
  ASSERT_TRUE(WriteFileAtomically(zip_, plain, 0600).ok());
  EXPECT_FALSE(Verify(zip_).ok());
}

// Every cut and many flips of a small bundle: never a crash, never "verified".
TEST_F(BundleVerifier, NeverVouchesForADamagedZip) {
  WriteZip(evidence_->ZipEntries());
  const std::string whole = ReadWholeFile(zip_, 1 << 30).value();
  for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 60) {
    ASSERT_TRUE(WriteFileAtomically(zip_, whole.substr(0, size), 0600).ok());
    const auto report = VerifyBundle(zip_, evidence_->authority());
    EXPECT_FALSE(report.ok() && report->ok()) << size;
  }
}

TEST_F(BundleVerifier, VouchesForAnImageWithItsSidecar) {
  WriteRaw(evidence_->disk(), evidence_->Sidecar());
  for (const char* name : {"sda.raw", "sda.raw.json"}) {
    const BundleReport report = Verify(folder_ / name);
    EXPECT_TRUE(report.ok()) << Faults(report);
    EXPECT_EQ(report.format, "raw");
    EXPECT_EQ(report.verified_bytes, kDiskBytes);
  }
}

TEST_F(BundleVerifier, NamesTheChunkOfAnImagesFirstWrongByte) {
  std::string disk = evidence_->disk();
  disk[1'048'576 + 77] ^= 1;
  WriteRaw(disk, evidence_->Sidecar());
  const BundleReport report = Verify(folder_ / "sda.raw");
  ASSERT_EQ(report.fault_count, 1u) << Faults(report);
  EXPECT_EQ(report.faults[0].path, "/dev/sda");
  EXPECT_EQ(report.faults[0].offset_bytes, 1'048'576u);
}

TEST_F(BundleVerifier, ProvesARangeOfADiskByItsChunks) {
  constexpr uint64_t kFrom = 512 << 10;
  constexpr uint64_t kSize = kDiskBytes - (1 << 20);
  nlohmann::ordered_json sidecar = nlohmann::ordered_json::parse(evidence_->Sidecar());
  const std::string body = sidecar["body"];
  sidecar.erase("body");
  sidecar["range"] = {{"offset_bytes", kFrom}, {"size_bytes", kSize}};
  sidecar["body"] = body;
  const std::string image = evidence_->disk().substr(kFrom, kSize);
  WriteRaw(image, sidecar.dump());
  BundleReport report = Verify(folder_ / "sda.raw");
  EXPECT_TRUE(report.ok()) << Faults(report);
  EXPECT_GT(report.unproven_bytes, 0u) << "the chunks at its edges are not whole";
  EXPECT_LE(report.unproven_bytes, uint64_t{1} << 20);

  for (const size_t at : {size_t{1 << 20}, size_t{2 << 20}}) {
    std::string wrong = image;
    wrong[at] = static_cast<char>(wrong[at] ^ 1);
    WriteRaw(wrong, sidecar.dump());
    report = Verify(folder_ / "sda.raw");
    ASSERT_FALSE(report.ok()) << at;
    ASSERT_TRUE(report.faults[0].offset_bytes.has_value());
    EXPECT_LE(*report.faults[0].offset_bytes, kFrom + at);
    EXPECT_GT(*report.faults[0].offset_bytes + (1 << 20), kFrom + at);
  }
  WriteRaw(image.substr(1), sidecar.dump());
  EXPECT_FALSE(Verify(folder_ / "sda.raw").ok()) << "another size";
  sidecar["range"]["size_bytes"] = kDiskBytes;
  WriteRaw(image, sidecar.dump());
  EXPECT_FALSE(Verify(folder_ / "sda.raw").ok()) << "a range outside of the disk";
}

TEST_F(BundleVerifier, VerifiesAnAff4AsItVerifiesTheDisk) {
  WriteAff4(evidence_->disk(), evidence_->Sidecar());
  BundleReport report = Verify(folder_ / "sda.aff4");
  EXPECT_TRUE(report.ok()) << Faults(report);
  EXPECT_EQ(report.verified_bytes, kDiskBytes);

  std::string other = evidence_->disk();
  other[4'500'000] ^= 1;
  WriteAff4(other, evidence_->Sidecar());
  report = Verify(folder_ / "sda.aff4");
  ASSERT_EQ(report.fault_count, 1u) << Faults(report);
  EXPECT_EQ(report.faults[0].item_index, 3u);
  EXPECT_EQ(report.faults[0].offset_bytes, uint64_t{4} << 20);

  // A packed chunk is damaged: the last one, whose checksum stands before the header of the bevy's index.
  WriteAff4(evidence_->disk(), evidence_->Sidecar());
  std::string file = *ReadWholeFile(folder_ / "sda.aff4", 64 << 20);
  file[file.rfind("PK\x03\x04", file.find(".index")) - 1] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(folder_ / "sda.aff4", file, 0600).ok());
  report = Verify(folder_ / "sda.aff4");
  ASSERT_EQ(report.fault_count, 1u) << Faults(report);
  EXPECT_EQ(report.faults[0].path, "/dev/sda");
  EXPECT_EQ(report.faults[0].offset_bytes, kDiskBytes - (32 << 10)) << Faults(report);

  WriteAff4(evidence_->disk() + "x", evidence_->Sidecar());
  EXPECT_EQ(Verify(folder_ / "sda.aff4").faults[0].offset_bytes, kDiskBytes);
  ASSERT_TRUE(WriteFileAtomically(folder_ / "sda.aff4", file.substr(0, file.size() / 2), 0600).ok());
  EXPECT_EQ(Verify(folder_ / "sda.aff4").fault_count, 1u);
  fs::remove(folder_ / "sda.aff4.json");
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyBundle(folder_ / "sda.aff4", evidence_->authority()).status()));
}

TEST_F(BundleVerifier, NamesWhatARangeInAnAff4HasDamaged) {
  constexpr uint64_t kFrom = 1 << 20;
  nlohmann::ordered_json sidecar = nlohmann::ordered_json::parse(evidence_->Sidecar());
  const std::string body = sidecar["body"];
  sidecar.erase("body");
  sidecar["range"] = {{"offset_bytes", kFrom}, {"size_bytes", kDiskBytes - kFrom}};
  sidecar["body"] = body;
  WriteAff4(evidence_->disk().substr(kFrom), sidecar.dump());
  EXPECT_TRUE(Verify(folder_ / "sda.aff4").ok());
  std::string file = *ReadWholeFile(folder_ / "sda.aff4", 64 << 20);
  file[file.rfind("PK\x03\x04", file.find(".index")) - 1] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(folder_ / "sda.aff4", file, 0600).ok());
  const BundleReport report = Verify(folder_ / "sda.aff4");
  ASSERT_EQ(report.fault_count, 1u) << Faults(report);
  EXPECT_EQ(report.faults[0].offset_bytes, kDiskBytes - (32 << 10)) << "of the disk, not of the range";
}

TEST_F(BundleVerifier, RefusesAnImageOfAnotherSize) {
  WriteRaw(evidence_->disk() + "x", evidence_->Sidecar());
  EXPECT_EQ(Verify(folder_ / "sda.raw").faults[0].offset_bytes, kDiskBytes);
  WriteRaw(evidence_->disk().substr(0, 1000), evidence_->Sidecar());
  EXPECT_FALSE(Verify(folder_ / "sda.raw").ok());
}

TEST_F(BundleVerifier, NeverVouchesForADamagedSidecar) {
  const std::string whole = evidence_->Sidecar();
  for (size_t size = 0; size + 1 < whole.size(); size += 1 + whole.size() / 50) {
    WriteRaw(evidence_->disk(), whole.substr(0, size));
    const auto report = VerifyBundle(folder_ / "sda.raw", evidence_->authority());
    EXPECT_FALSE(report.ok() && report->ok()) << size;
  }
  std::string other_disk = whole;
  const size_t at = other_disk.find("\"item_index\":3");
  ASSERT_NE(at, std::string::npos);
  other_disk[at + 13] = '1';
  WriteRaw(evidence_->disk(), other_disk);
  EXPECT_FALSE(Verify(folder_ / "sda.raw").ok());
}

TEST_F(BundleVerifier, RefusesASidecarThatSaysOtherThanTheHostSigned) {
  for (const auto& [name, value] : {std::pair<const char*, nlohmann::json>{"unreadable", {{0, 512}}},
                                    {"unreadable", "none"},
                                    {"not_acquired", {{4096, 512, "DEADLINE", ""}}},
                                    {"hostname", "web02"},
                                    {"device_path", "/dev/sdb"}}) {
    nlohmann::ordered_json sidecar;
    sidecar[name] = value;
    sidecar.update(nlohmann::ordered_json::parse(evidence_->Sidecar()));
    WriteRaw(evidence_->disk(), sidecar.dump());
    const BundleReport report = Verify(folder_ / "sda.raw");
    ASSERT_EQ(report.fault_count, 1u) << name << "\n" << Faults(report);
    EXPECT_EQ(report.faults[0].where, "sda.raw.json");
  }
}

// Most readers of JSON believe the last of two members with one name.
TEST_F(BundleVerifier, RefusesASidecarThatGoesOnBehindItsBody) {
  std::string sidecar = evidence_->Sidecar();
  sidecar.pop_back();
  WriteRaw(evidence_->disk(), sidecar + "}\n");
  ASSERT_TRUE(Verify(folder_ / "sda.raw").ok());
  WriteRaw(evidence_->disk(), sidecar + ",\"sha256\":\"00\"}");
  EXPECT_FALSE(Verify(folder_ / "sda.raw").ok());
}

TEST_F(BundleVerifier, SaysWhatIsNoBundle) {
  EXPECT_TRUE(absl::IsNotFound(VerifyBundle(folder_ / "missing", evidence_->authority()).status()));
  ASSERT_TRUE(WriteFileAtomically(folder_ / "text", "hello", 0600).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyBundle(folder_ / "text", evidence_->authority()).status()));
  WriteZip({{"letter.txt", "hello"}});
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyBundle(zip_, evidence_->authority()).status()));
  WriteRaw("disk", "{\"format\":\"hozen-raw-sidecar\",\"format_version\":2}");
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyBundle(folder_ / "sda.raw", evidence_->authority()).status()));
}

}  // namespace
}  // namespace hozen
