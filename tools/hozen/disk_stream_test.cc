#include "tools/hozen/disk_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "core/base/concat.h"
#include "core/crypto/sha256.h"
#include "tools/hozen/disk_choice.h"

namespace hozen {
namespace {

// Serves one disk and breaks off as often as it is told to. Nothing else is asked of it.
class BreakingCollector : public Collector {
 public:
  std::string disk;
  std::vector<v1::Item> items;
  std::vector<uint64_t> breaks;  // after so many bytes of a call, one for each call
  absl::Status how = absl::UnavailableError("gone");
  std::vector<uint64_t> asked_from;

  absl::Status Export(const v1::ExportRequest& request, const Handler<v1::StreamPart>& on_part) override {
    asked_from.push_back(request.offset_bytes());
    const std::string bytes = disk.substr(request.offset_bytes(), request.size_bytes());
    uint64_t left = ~uint64_t{0};
    if (!breaks.empty()) {
      left = breaks.front();
      breaks.erase(breaks.begin());
    }
    for (size_t at = 0; at < bytes.size(); at += 10) {
      if (at >= left) return how;
      v1::StreamPart part;
      part.set_data(bytes.substr(at, 10));
      if (absl::Status handled = on_part(part); !handled.ok()) return handled;
    }
    if (left != ~uint64_t{0}) return how;
    v1::StreamPart end;
    end.mutable_end()->set_size_bytes(bytes.size());
    end.mutable_end()->set_sha256(std::string(Sha256::Of(bytes).bytes()));
    return on_part(end);
  }
  absl::Status ListItems(const v1::ListItemsRequest&, const Handler<v1::ItemRow>& on_item) override {
    for (const v1::Item& item : items) {
      v1::ItemRow row;
      *row.mutable_item() = item;
      if (absl::Status handled = on_item(row); !handled.ok()) return handled;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<v1::BeginCustomerResponse> BeginCustomer(const v1::BeginCustomerRequest&) override { return No(); }
  absl::StatusOr<v1::FinishCustomerResponse> FinishCustomer(const v1::FinishCustomerRequest&) override { return No(); }
  absl::StatusOr<v1::AddOperatorResponse> AddOperator(const v1::AddOperatorRequest&) override { return No(); }
  absl::Status CreateToken(const v1::CreateTokenRequest&) override { return No(); }
  absl::StatusOr<v1::ListHostsResponse> ListHosts(const v1::ListHostsRequest&) override { return No(); }
  absl::StatusOr<v1::SubmitPlanResponse> SubmitPlan(const v1::SubmitPlanRequest&) override { return No(); }
  absl::Status CancelAcquisition(const v1::CancelAcquisitionRequest&) override { return No(); }
  absl::StatusOr<v1::ListAcquisitionsResponse> ListAcquisitions(const v1::ListAcquisitionsRequest&) override {
    return No();
  }
  absl::StatusOr<v1::Acquisition> GetAcquisition(const v1::GetAcquisitionRequest&) override { return No(); }
  absl::Status WatchAcquisition(const v1::GetAcquisitionRequest&, const Handler<v1::Acquisition>&) override {
    return No();
  }
  absl::Status ListTargets(const v1::ListTargetsRequest&, const Handler<v1::TargetOutcome>&) override { return No(); }
  absl::Status Find(const v1::FindRequest&, const Handler<v1::FindAnswer>&) override { return No(); }
  absl::Status ReadTimeline(const v1::ReadTimelineRequest&, const Handler<v1::TimelineAnswer>&) override {
    return No();
  }
  absl::Status ReadItem(const v1::ReadItemRequest&, const Handler<v1::StreamPart>&) override { return No(); }
  absl::Status Verify(const v1::VerifyRequest&, const Handler<v1::VerifyProgress>&) override { return No(); }
  absl::StatusOr<v1::GetCustodyResponse> GetCustody(const v1::GetCustodyRequest&) override { return No(); }
  absl::StatusOr<v1::GetCheckpointResponse> GetCheckpoint(const v1::GetCheckpointRequest&) override { return No(); }
  absl::StatusOr<v1::Hunt> StartHunt(const v1::StartHuntRequest&) override { return No(); }
  absl::StatusOr<v1::RetryHuntResponse> RetryHunt(const v1::RetryHuntRequest&) override { return No(); }
  absl::StatusOr<v1::StopHuntResponse> StopHunt(const v1::StopHuntRequest&) override { return No(); }
  absl::StatusOr<v1::ListHuntsResponse> ListHunts(const v1::ListHuntsRequest&) override { return No(); }
  absl::StatusOr<v1::Hunt> GetHunt(const v1::GetHuntRequest&) override { return No(); }
  absl::Status WatchHunt(const v1::GetHuntRequest&, const Handler<v1::Hunt>&) override { return No(); }
  absl::Status ListHuntHosts(const v1::ListHuntHostsRequest&, const Handler<v1::HuntHost>&) override { return No(); }

 private:
  static absl::Status No() { return absl::UnimplementedError("not asked of it"); }
};

class DiskStreamTest : public ::testing::Test {
 protected:
  DiskStreamTest() : console_(out_, err_) {
    for (int i = 0; i < 100; ++i) collector_.disk += Concat(i, ",");
    request_.set_offset_bytes(7);
    request_.set_size_bytes(200);
    patience_.pause = [this](absl::Duration pause) { paused_.push_back(pause); };
  }
  std::string Expected() const { return collector_.disk.substr(7, 200); }
  absl::Status Stream(uint64_t done_bytes, ByteSink& sink) {
    return StreamDisk(collector_, request_, done_bytes, sink, console_, "disk", patience_);
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Console console_;
  BreakingCollector collector_;
  v1::ExportRequest request_;
  Patience patience_;
  std::vector<absl::Duration> paused_;
};

TEST_F(DiskStreamTest, GoesOnByItselfWhereTheLinkBreaksOff) {
  collector_.breaks = {50, 0, 0, 70};
  std::ostringstream got;
  OstreamSink sink(got);
  ASSERT_TRUE(Stream(0, sink).ok());
  EXPECT_EQ(got.str(), Expected());
  EXPECT_EQ(collector_.asked_from, (std::vector<uint64_t>{7, 57, 57, 57, 127}));
  // They grow while nothing comes, and begin anew behind bytes.
  EXPECT_EQ(paused_,
            (std::vector<absl::Duration>{absl::Seconds(1), absl::Seconds(2), absl::Seconds(4), absl::Seconds(1)}));
}

TEST_F(DiskStreamTest, BeginsBehindWhatIsThere) {
  std::ostringstream got;
  OstreamSink sink(got);
  ASSERT_TRUE(Stream(190, sink).ok());
  EXPECT_EQ(got.str(), Expected().substr(190));
  collector_.asked_from.clear();
  ASSERT_TRUE(Stream(200, sink).ok());
  EXPECT_TRUE(collector_.asked_from.empty()) << "there is nothing left to ask for";
}

TEST_F(DiskStreamTest, GivesUpInTheEndAndAtOnceForOtherErrors) {
  collector_.breaks = std::vector<uint64_t>(1000, 0);
  std::ostringstream got;
  OstreamSink sink(got);
  EXPECT_TRUE(absl::IsUnavailable(Stream(0, sink)));
  absl::Duration waited;
  for (const absl::Duration pause : paused_) waited += pause;
  EXPECT_GE(waited, patience_.gives_up_after);
  EXPECT_LE(waited, patience_.gives_up_after + patience_.longest_pause);
  paused_.clear();
  collector_.how = absl::DataLossError("a chunk is damaged");
  EXPECT_TRUE(absl::IsDataLoss(Stream(0, sink)));
  EXPECT_TRUE(paused_.empty());
}

v1::Item Disk(uint64_t index) {
  v1::Item disk;
  disk.set_index(index);
  disk.set_kind(v1::Item::KIND_DISK);
  disk.set_path("/dev/sda");
  disk.set_has_stream(true);
  disk.set_size_bytes(10 << 20);
  disk.mutable_disk()->set_sector_size_bytes(4096);
  v1::Partition& partition = *disk.mutable_disk()->add_partitions();
  partition.set_number(2);
  partition.set_offset_bytes(1 << 20);
  partition.set_size_bytes(3 << 20);
  return disk;
}

TEST(DiskChoiceTest, Ranges) {
  EXPECT_EQ(*ParseRange("1M+512K", 512), (StreamRange{.offset_bytes = 1 << 20, .size_bytes = 512 << 10}));
  EXPECT_EQ(*ParseRange("2048s+10s", 4096), (StreamRange{.offset_bytes = 2048 * 4096, .size_bytes = 40960}));
  EXPECT_FALSE(ParseRange("1s+1s", 0).ok());
  for (const char* wrong : {"", "5", "1M-2M", "+", "a+b", "1M+", "+1M", "99999999999999s+1s"}) {
    EXPECT_FALSE(ParseRange(wrong, 1 << 30).ok()) << wrong;
  }
  v1::Item disk = Disk(0);
  EXPECT_EQ(ChooseRange(disk, std::nullopt, "")->size_bytes, disk.size_bytes());
  EXPECT_EQ(ChooseRange(disk, std::nullopt, "1s+1s")->offset_bytes, 4096u);
  EXPECT_TRUE(absl::IsOutOfRange(ChooseRange(disk, std::nullopt, "9M+2M").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ChooseRange(disk, std::nullopt, "1M+0").status()));
}

TEST(DiskChoiceTest, APartitionStandsWhereTheStreamHasIt) {
  v1::Item disk = Disk(0);
  EXPECT_EQ(*ChooseRange(disk, 2, ""), (StreamRange{.offset_bytes = 1 << 20, .size_bytes = 3 << 20}));
  const absl::Status none = ChooseRange(disk, 7, "").status();
  EXPECT_TRUE(absl::IsNotFound(none));
  EXPECT_NE(none.message().find("2 (3"), absl::string_view::npos) << none << " names those that there are";
  disk.mutable_disk()->set_range_offset_bytes(512 << 10);
  disk.mutable_disk()->set_range_size_bytes(10 << 20);
  EXPECT_EQ(ChooseRange(disk, 2, "")->offset_bytes, uint64_t{512} << 10);
  disk.mutable_disk()->set_range_offset_bytes(2 << 20);
  EXPECT_TRUE(absl::IsOutOfRange(ChooseRange(disk, 2, "").status()));
}

TEST(DiskChoiceTest, TheDiskThatIsMeant) {
  BreakingCollector collector;
  EXPECT_TRUE(absl::IsNotFound(ChooseDisk(collector, "id", std::nullopt).status()));
  collector.items = {Disk(3)};
  EXPECT_EQ(ChooseDisk(collector, "id", std::nullopt)->index(), 3u);
  EXPECT_TRUE(absl::IsNotFound(ChooseDisk(collector, "id", 4).status()));
  collector.items.push_back(Disk(5));
  EXPECT_TRUE(absl::IsInvalidArgument(ChooseDisk(collector, "id", std::nullopt).status()));
  EXPECT_EQ(ChooseDisk(collector, "id", 5)->index(), 5u);
  collector.items[1].set_has_stream(false);
  EXPECT_TRUE(absl::IsFailedPrecondition(ChooseDisk(collector, "id", 5).status()));
}

}  // namespace
}  // namespace hozen
