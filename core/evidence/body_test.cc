#include "core/evidence/body.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;

v1::BodyRecord TextRecord(const std::string& text) {
  v1::BodyRecord record;
  record.mutable_target_outcome()->set_artifact(text);
  return record;
}

std::string Framed(const v1::BodyRecord& record) {
  std::string bytes;
  EXPECT_TRUE(AppendRecord(record, bytes).ok());
  return bytes;
}

v1::BodyRecord FileItem(uint64_t index, uint64_t size_bytes) {
  v1::BodyRecord record;
  v1::Item& item = *record.mutable_item();
  item.set_index(index);
  item.set_kind(v1::Item::KIND_FILE);
  item.set_state(v1::Item::STATE_COMPLETE);
  item.set_path("/etc/passwd");
  item.set_has_stream(true);
  item.set_size_bytes(size_bytes);
  item.set_sha256(std::string(Sha256::Of("").bytes()));
  if (size_bytes > 0) *item.add_extents() = ZerosExtent(size_bytes);
  return record;
}

v1::BodyRecord Folder(uint64_t index) {
  v1::BodyRecord record = FileItem(index, 0);
  record.mutable_item()->set_kind(v1::Item::KIND_DIRECTORY);
  record.mutable_item()->set_has_stream(false);
  record.mutable_item()->clear_sha256();
  return record;
}

v1::BodyRecord MapPart(uint64_t index, int runs) {
  v1::BodyRecord record;
  record.mutable_map_part()->set_item_index(index);
  for (int i = 0; i < runs; ++i) *record.mutable_map_part()->add_extents() = ZerosExtent(10);
  return record;
}

v1::Failure ReadError() {
  v1::Failure failure;
  failure.set_cause(v1::CAUSE_IO_ERROR);
  return failure;
}

// What a RecordReader made of bytes fed in pieces of `piece`.
struct ReadBack {
  absl::Status status;
  std::vector<uint64_t> offsets;
  std::vector<std::string> records;
  uint64_t whole_bytes = 0;
};

ReadBack ReadIn(std::string_view bytes, size_t piece) {
  ReadBack back;
  RecordReader reader([&](uint64_t offset_bytes, std::string_view record) {
    back.offsets.push_back(offset_bytes);
    back.records.emplace_back(record);
    return absl::OkStatus();
  });
  while (!bytes.empty() && back.status.ok()) {
    back.status = reader.Feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (back.status.ok()) back.status = reader.Finish();
  back.whole_bytes = reader.whole_records_size_bytes();
  return back;
}

TEST(RecordReaderTest, RecordsComeBackHoweverTheStreamIsCut) {
  std::string bytes;
  std::vector<std::string> written;
  for (const size_t size : {0, 1, 120, 130, 20'000, 3, 300'000, 0}) {
    const v1::BodyRecord record = size == 0 ? v1::BodyRecord() : TextRecord(std::string(size, 'x'));
    written.push_back(record.SerializeAsString());
    ASSERT_TRUE(AppendRecord(record, bytes).ok());
  }
  const ReadBack whole = ReadIn(bytes, bytes.size());
  EXPECT_TRUE(whole.status.ok()) << whole.status;
  EXPECT_EQ(whole.records, written);
  EXPECT_EQ(whole.offsets[0], 0u);
  EXPECT_EQ(whole.offsets[1], 1u);
  EXPECT_EQ(whole.whole_bytes, bytes.size());
  for (const size_t piece : {1, 2, 3, 7, 1000, 65'536}) {
    const ReadBack cut = ReadIn(bytes, piece);
    EXPECT_TRUE(cut.status.ok()) << piece;
    EXPECT_EQ(cut.records, written) << piece;
    EXPECT_EQ(cut.offsets, whole.offsets) << piece;
  }
}

TEST(RecordReaderTest, ATornEndIsFound) {
  const std::string one = Framed(TextRecord("first")), two = Framed(TextRecord(std::string(500, 'y')));
  for (size_t cut = 1; cut < two.size(); ++cut) {
    const ReadBack torn = ReadIn(one + two.substr(0, cut), 64);
    EXPECT_EQ(torn.status.code(), kDataLoss);
    EXPECT_EQ(torn.whole_bytes, one.size());
    EXPECT_EQ(torn.records.size(), 1u);
  }
}

TEST(RecordReaderTest, ALengthOverTheLimitIsRefusedBeforeItsBytesCome) {
  EXPECT_EQ(ReadIn("\x81\x80\x40", 1).status.code(), kDataLoss);  // 2^20 + 1
  EXPECT_EQ(ReadIn("\xff\xff\xff", 1).status.code(), kDataLoss);
  EXPECT_EQ(ReadIn("\xff\xff\xff\xff\xff\xff", 6).status.code(), kDataLoss);
  const ReadBack largest = ReadIn(std::string("\x80\x80\x40") + std::string(1 << 20, 'x'), 4096);
  EXPECT_TRUE(largest.status.ok()) << largest.status;
  EXPECT_EQ(largest.records.at(0).size(), kMaxRecordSizeBytes);
}

TEST(RecordReaderTest, ALengthHasOneForm) {
  EXPECT_EQ(ReadIn(std::string("\x81\x00x", 3), 3).status.code(), kDataLoss);
  EXPECT_EQ(ReadIn(std::string("\x80\x80\x00", 3), 1).status.code(), kDataLoss);
}

TEST(RecordReaderTest, TheFirstFailureSticks) {
  int calls = 0;
  RecordReader reader([&](uint64_t, std::string_view) {
    ++calls;
    return absl::AbortedError("enough");
  });
  const std::string bytes = Framed(TextRecord("a"));
  EXPECT_EQ(reader.Feed(bytes).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(reader.Feed(bytes).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(reader.Finish().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(reader.whole_records_size_bytes(), 0u);
}

TEST(AppendRecordTest, WhatIsTooLongIsNotWritten) {
  std::string bytes = "before";
  EXPECT_EQ(AppendRecord(TextRecord(std::string(1 << 20, 'x')), bytes).code(), kInvalidArgument);
  EXPECT_EQ(bytes, "before");
}

TEST(AppendRecordTest, TheLongestMapPartFits) {
  v1::BodyRecord record;
  record.mutable_map_part()->set_item_index(~uint64_t{0});
  v1::Failure failure = ReadError();
  failure.set_detail(std::string(1024, 'x'));
  failure.set_system_error(-1);
  failure.set_cause(v1::CAUSE_COMMAND_FAILED);
  for (int i = 0; i < kMaxExtentsPerRecord; ++i) {
    *record.mutable_map_part()->add_extents() = UnreadableExtent(~uint64_t{0}, failure);
  }
  std::string bytes;
  EXPECT_TRUE(AppendRecord(record, bytes).ok());
}

class BodyReaderTest : public ::testing::Test {
 protected:
  absl::Status Read(const std::vector<v1::BodyRecord>& records, uint64_t first_index = 0) {
    std::string bytes;
    for (const v1::BodyRecord& record : records) EXPECT_TRUE(AppendRecord(record, bytes).ok());
    return ReadBytes(bytes, first_index);
  }

  absl::Status ReadBytes(std::string_view bytes, uint64_t first_index = 0) {
    seen_.clear();
    BodyReader reader({.on_extents =
                           [this](uint64_t index, const ExtentList& extents) {
                             seen_.push_back(absl::StrCat("map ", index, " ", SizeOf(extents)));
                             return absl::OkStatus();
                           },
                       .on_item =
                           [this](uint64_t offset_bytes, const v1::Item& item) {
                             EXPECT_TRUE(item.extents().empty());
                             seen_.push_back(absl::StrCat("item ", item.index(), " at ", offset_bytes));
                             return absl::OkStatus();
                           },
                       .on_target =
                           [this](const v1::TargetOutcome& outcome) {
                             seen_.push_back(absl::StrCat("target ", outcome.target_index()));
                             return absl::OkStatus();
                           }},
                      first_index);
    absl::Status status = reader.Feed(bytes);
    return status.ok() ? reader.Finish() : status;
  }

  void ExpectBad(const std::vector<v1::BodyRecord>& records, std::string_view says) {
    const absl::Status status = Read(records);
    EXPECT_EQ(status.code(), kInvalidArgument) << says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(says)));
  }

  void ExpectBadItem(const v1::Item& item, std::string_view says) {
    v1::BodyRecord record;
    *record.mutable_item() = item;
    ExpectBad({record}, says);
  }

  std::vector<std::string> seen_;
};

TEST_F(BodyReaderTest, SaysWhatTheBodySays) {
  v1::BodyRecord large = FileItem(1, 100);
  large.mutable_item()->set_size_bytes(100 + 30 + 20);
  const size_t first = Framed(FileItem(0, 0)).size();
  ASSERT_TRUE(Read({FileItem(0, 0), MapPart(1, 3), MapPart(1, 2), large, Folder(2), TextRecord("t")}).ok());
  EXPECT_THAT(seen_, ElementsAre("item 0 at 0", "map 1 30", "map 1 20", "map 1 100", absl::StrCat("item 1 at ", first),
                                 ::testing::_, "target 0"));
}

TEST_F(BodyReaderTest, AnEmptyBodyIsABody) { EXPECT_TRUE(Read({}).ok()); }

TEST_F(BodyReaderTest, ReadingStartsInTheMiddleToo) {
  EXPECT_TRUE(Read({Folder(7), FileItem(8, 3)}, 7).ok());
  EXPECT_EQ(Read({Folder(7)}, 8).code(), kInvalidArgument);
}

TEST_F(BodyReaderTest, HandlersMayBeLeftOut) {
  BodyReader reader({});
  std::string bytes = Framed(MapPart(0, 1)) + Framed(FileItem(0, 0));
  EXPECT_EQ(reader.Feed(bytes).code(), kInvalidArgument);  // 10 bytes of map, none of size
  BodyReader good({});
  EXPECT_TRUE(good.Feed(Framed(FileItem(0, 5)) + Framed(TextRecord("t"))).ok());
  EXPECT_TRUE(good.Finish().ok());
}

TEST_F(BodyReaderTest, AHandlersErrorEndsTheReading) {
  BodyReader reader({.on_item = [](uint64_t, const v1::Item&) { return absl::CancelledError("stop"); }});
  EXPECT_EQ(reader.Feed(Framed(Folder(0))).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(reader.Finish().code(), absl::StatusCode::kCancelled);
}

TEST_F(BodyReaderTest, IndicesCountUpFromZero) {
  ExpectBad({Folder(1)}, "item 0 should come");
  ExpectBad({Folder(0), Folder(0)}, "item 1 should come");
  ExpectBad({MapPart(1, 1)}, "item 0 should come");
  ExpectBad({MapPart(0, 1), FileItem(1, 10)}, "item 0 should come");
}

TEST_F(BodyReaderTest, MapPartsBelongToTheItemBehindThem) {
  ExpectBad({MapPart(0, 1)}, "without the item");
  ExpectBad({MapPart(0, 1), TextRecord("t")}, "between item 0 and its map");
  ExpectBad({MapPart(0, 0)}, "no runs");
}

TEST_F(BodyReaderTest, RunsAreChecked) {
  v1::BodyRecord record = FileItem(0, 5);
  record.mutable_item()->mutable_extents(0)->set_kind(v1::Extent::KIND_UNSPECIFIED);
  ExpectBad({record}, "unknown kind");
  ExpectBad({MapPart(0, kMaxExtentsPerRecord + 1)}, "4097 runs");
  record = MapPart(0, 2);
  record.mutable_map_part()->mutable_extents(0)->set_size_bytes(~uint64_t{0});
  ExpectBad({record}, "longer than any stream");
}

TEST_F(BodyReaderTest, SizesAddUp) {
  v1::Item item = FileItem(0, 5).item();
  item.set_size_bytes(6);
  ExpectBadItem(item, "covers 5 bytes, its size is 6");
  item = FileItem(0, 5).item();
  item.set_unreadable_bytes(1);
  ExpectBadItem(item, "0 unreadable bytes");
  item = FileItem(0, 5).item();
  item.set_not_acquired_bytes(1);
  ExpectBadItem(item, "leaves 0 bytes out");
  item = FileItem(0, 5).item();
  item.set_has_stream(false);
  item.clear_sha256();
  ExpectBadItem(item, "no stream");
}

TEST_F(BodyReaderTest, ACompleteItemIsWhole) {
  v1::Item item = FileItem(0, 5).item();
  *item.mutable_extents(0) = UnreadableExtent(5, ReadError());
  item.set_unreadable_bytes(5);
  ExpectBadItem(item, "called complete");
  item.set_state(v1::Item::STATE_PARTIAL);
  ExpectBadItem(item, "does not say why");
  *item.mutable_failure() = ReadError();
  v1::BodyRecord record;
  *record.mutable_item() = item;
  EXPECT_TRUE(Read({record}).ok());
}

TEST_F(BodyReaderTest, ItemsAreOfKnownKindsAndHaveTheHashTheyNeed) {
  v1::Item item = FileItem(0, 5).item();
  item.clear_kind();
  ExpectBadItem(item, "kind 0");
  item = FileItem(0, 5).item();
  item.set_state(static_cast<v1::Item::State>(9));
  ExpectBadItem(item, "state 9");
  item = FileItem(0, 5).item();
  item.clear_sha256();
  ExpectBadItem(item, "SHA-256");
  item = FileItem(0, 5).item();
  item.set_sha256("short");
  ExpectBadItem(item, "SHA-256");
  item = Folder(0).item();
  item.set_sha256("short");
  ExpectBadItem(item, "SHA-256");
}

TEST_F(BodyReaderTest, UnknownRecordsAreNotPassedOver) {
  EXPECT_EQ(ReadBytes(std::string("\x00", 1)).code(), kInvalidArgument);
  EXPECT_EQ(ReadBytes("\x02\xff\xff").code(), kInvalidArgument);
  EXPECT_EQ(ReadBytes("\x05").code(), kDataLoss);
}

TEST_F(BodyReaderTest, MutatedBodiesNeverCrash) {
  std::string good;
  for (const v1::BodyRecord& record :
       {Folder(0), MapPart(1, 3), FileItem(1, 30), FileItem(2, 77), TextRecord("target"), Folder(3)}) {
    ASSERT_TRUE(AppendRecord(record, good).ok());
  }
  std::mt19937 random(11);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      const size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 9);
          break;
        default:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 9));
      }
      if (bytes.empty()) bytes = "x";
    }
    // However it is cut, the verdict is the same.
    const absl::Status whole = ReadBytes(bytes);
    RecordReader pieces([](uint64_t, std::string_view) { return absl::OkStatus(); });
    absl::Status cut;
    for (size_t at = 0; cut.ok() && at < bytes.size(); at += 5)
      cut = pieces.Feed(std::string_view(bytes).substr(at, 5));
    if (cut.ok()) cut = pieces.Finish();
    if (whole.code() == kDataLoss) {
      EXPECT_EQ(cut.code(), kDataLoss);
    }
    refused += !whole.ok();
  }
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace hozen
