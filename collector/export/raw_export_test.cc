#include "collector/export/raw_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/escaping.h"
#include "collector/export/testing_evidence.h"
#include "core/base/concat.h"
#include "core/evidence/body.h"
#include "core/evidence/trust.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

v1::Item Disk(std::string path) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_DISK);
  item.set_path(std::move(path));
  item.mutable_disk()->set_sector_size_bytes(512);
  item.mutable_disk()->set_model("A \"quoted\" model");
  v1::Partition& partition = *item.mutable_disk()->add_partitions();
  partition.set_number(1);
  partition.set_offset_bytes(1 << 20);
  partition.set_file_system("ntfs");
  return item;
}

uint64_t AddDisk(TestingEvidence& made, std::string path) {
  v1::Failure failure;
  failure.set_cause(v1::CAUSE_IO_ERROR);
  failure.set_detail("bad sector");
  return made.AddStream(Disk(std::move(path)), {made.Chunk("MBR"), ZerosExtent(1000), UnreadableExtent(512, failure),
                                                made.Chunk("data"), NotAcquiredExtent(777), made.Chunk("end")});
}

std::string Decoded(const nlohmann::json& json, const char* member) {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(json.at(member).get<std::string>(), &bytes)) << member;
  return bytes;
}

TEST(RawExportTest, TheImageIsTheDisksStream) {
  TestingEvidence made;
  made.AddFile("/etc/passwd", "root");
  const uint64_t index = AddDisk(made, "/dev/sda");
  made.Commit();
  StoredEvidence evidence = made.Open();
  const absl::StatusOr<v1::Item> disk = FindDisk(evidence, std::nullopt);
  ASSERT_TRUE(disk.ok()) << disk.status();
  EXPECT_EQ(disk->index(), index);
  StringSink sink;
  ASSERT_TRUE(ExportRaw(evidence, *disk, *FindRange(*disk, 0, 0), sink).ok());
  EXPECT_EQ(sink.bytes(), made.StreamOf(index));
  EXPECT_EQ(Sha256::Of(sink.bytes()).bytes(), disk->sha256());
}

TEST(RawExportTest, ARangeIsThatPartOfTheStream) {
  TestingEvidence made;
  const uint64_t index = AddDisk(made, "/dev/sda");
  made.Commit();
  StoredEvidence evidence = made.Open();
  const absl::StatusOr<v1::Item> disk = FindDisk(evidence, std::nullopt);
  ASSERT_TRUE(disk.ok()) << disk.status();
  const std::string all = made.StreamOf(index);
  for (uint64_t from = 0; from <= all.size(); from += 100) {
    for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{900}}) {
      const absl::StatusOr<DiskRange> range = FindRange(*disk, from, size);
      if (from + size > all.size()) {
        EXPECT_TRUE(absl::IsOutOfRange(range.status())) << from << "+" << size;
        continue;
      }
      ASSERT_TRUE(range.ok()) << range.status();
      StringSink sink;
      ASSERT_TRUE(ExportRaw(evidence, *disk, *range, sink).ok());
      EXPECT_EQ(sink.bytes(), all.substr(from, size == 0 ? std::string::npos : size)) << from << "+" << size;
    }
  }
  EXPECT_TRUE(absl::IsOutOfRange(FindRange(*disk, ~uint64_t{0}, 2).status()));
  EXPECT_TRUE(absl::IsOutOfRange(FindRange(*disk, 1, ~uint64_t{0}).status()));
}

TEST(RawExportTest, ASidecarSaysWhichRangeItIsOf) {
  TestingEvidence made;
  AddDisk(made, "/dev/sda");
  made.Commit();
  StoredEvidence evidence = made.Open();
  const auto proofs = CollectProofs(made.vault(), made.catalog(), made.acquisition_id());
  ASSERT_TRUE(proofs.ok()) << proofs.status();
  const absl::StatusOr<v1::Item> disk = FindDisk(evidence, std::nullopt);
  ASSERT_TRUE(disk.ok()) << disk.status();
  StringSink whole;
  ASSERT_TRUE(ExportRawSidecar(evidence, *proofs, *disk, *FindRange(*disk, 0, 0), whole).ok());
  EXPECT_FALSE(nlohmann::json::parse(whole.bytes()).contains("range"));
  StringSink part;
  ASSERT_TRUE(ExportRawSidecar(evidence, *proofs, *disk, *FindRange(*disk, 3, 1000), part).ok());
  const nlohmann::json said = nlohmann::json::parse(part.bytes()).at("range");
  EXPECT_EQ(said.at("offset_bytes"), 3);
  EXPECT_EQ(said.at("size_bytes"), 1000);
}

TEST(RawExportTest, TheSidecarProvesTheImageOffline) {
  TestingEvidence made;
  for (int i = 0; i < 50; ++i) made.AddFile(Concat("/file", i), Concat("content ", i));
  const uint64_t index = AddDisk(made,
                                 "/dev/s\xff"
                                 "da");
  made.Commit();
  StoredEvidence evidence = made.Open();
  const auto proofs = CollectProofs(made.vault(), made.catalog(), made.acquisition_id());
  ASSERT_TRUE(proofs.ok());
  const auto disk = FindDisk(evidence, index);
  ASSERT_TRUE(disk.ok());
  StringSink sink;
  ASSERT_TRUE(ExportRawSidecar(evidence, *proofs, *disk, *FindRange(*disk, 0, 0), sink).ok());
  const nlohmann::json json = nlohmann::json::parse(sink.bytes());
  EXPECT_EQ(json["format"], "hozen-raw-sidecar");
  EXPECT_EQ(json["format_version"], 1);
  EXPECT_EQ(json["item_index"], index);
  EXPECT_EQ(json["device_path"], "/dev/s\\xffda");
  EXPECT_EQ(json["sha256"], Sha256::Of(made.StreamOf(index)).ToHex());
  EXPECT_EQ(json["size_bytes"], made.StreamOf(index).size());
  EXPECT_EQ(json["partitions"][0]["file_system"], "ntfs");
  EXPECT_EQ(json["unreadable"].dump(), R"([[1003,512,"IO_ERROR","bad sector"]])");
  EXPECT_EQ(json["not_acquired"].dump(), "[[1519,777]]");

  v1::Envelope envelope;
  ASSERT_TRUE(envelope.ParseFromString(Decoded(json, "delegation")));
  const auto delegation = VerifyDelegation(envelope, made.authority().public_key());
  ASSERT_TRUE(delegation.ok());
  const auto host = VerifyHostChain(json["host_chain_pem"].get<std::string>(), *delegation);
  ASSERT_TRUE(host.ok());
  ASSERT_TRUE(envelope.ParseFromString(Decoded(json, "manifest")));
  const auto manifest = VerifyManifest(envelope, *host);
  ASSERT_TRUE(manifest.ok());
  v1::CustodyBundle custody;
  ASSERT_TRUE(custody.ParseFromString(Decoded(json, "custody")));
  ASSERT_EQ(custody.proofs_size(), 1);
  EXPECT_TRUE(VerifyCustodyProof(custody.proofs(0), *delegation).ok());
  v1::SignedPlan plan;
  ASSERT_TRUE(plan.ParseFromString(Decoded(json, "plan")));
  EXPECT_EQ(Sha256::Of(plan.plan().payload()).bytes(), manifest->plan_sha256());
  const std::string body = Decoded(json, "body");
  EXPECT_EQ(body.size(), json["body_size_bytes"]);
  EXPECT_EQ(Sha256::Of(body).bytes(), manifest->body_sha256());
  std::string found;
  BodyReader::Handler handler;
  handler.on_item = [&](uint64_t, const v1::Item& item) {
    if (item.index() == index) found = item.sha256();
    return absl::OkStatus();
  };
  BodyReader reader(handler);
  ASSERT_TRUE(reader.Feed(body).ok());
  EXPECT_EQ(found, Sha256::Of(made.StreamOf(index)).bytes());
}

TEST(RawExportTest, WhichDiskIsAskedForMustBeClear) {
  TestingEvidence made;
  made.AddFile("/etc/passwd", "root");
  AddDisk(made, "/dev/sda");
  AddDisk(made, "/dev/sdb");
  v1::Item gone = Disk("/dev/sdc");
  gone.set_state(v1::Item::STATE_FAILED);
  gone.mutable_failure()->set_cause(v1::CAUSE_NOT_FOUND);
  made.AddRecord(gone);
  made.Commit();
  StoredEvidence evidence = made.Open();
  const absl::Status several = FindDisk(evidence, std::nullopt).status();
  EXPECT_TRUE(absl::IsInvalidArgument(several));
  EXPECT_THAT(several.ToString(), HasSubstr("1 (/dev/sda), 2 (/dev/sdb)"));
  EXPECT_EQ(FindDisk(evidence, 2)->path(), "/dev/sdb");
  EXPECT_TRUE(absl::IsInvalidArgument(FindDisk(evidence, 0).status()));
  EXPECT_TRUE(absl::IsNotFound(FindDisk(evidence, 9).status()));
  const absl::Status unread = FindDisk(evidence, 3).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(unread));
  EXPECT_THAT(unread.ToString(), HasSubstr("NOT_FOUND"));
}

TEST(RawExportTest, AnAcquisitionWithoutADiskHasNoRawForm) {
  TestingEvidence made;
  made.AddFile("/etc/passwd", "root");
  made.Commit();
  StoredEvidence evidence = made.Open();
  EXPECT_TRUE(absl::IsNotFound(FindDisk(evidence, std::nullopt).status()));
}

}  // namespace
}  // namespace hozen
