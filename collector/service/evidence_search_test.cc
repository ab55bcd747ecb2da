#include "collector/service/evidence_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "collector/export/testing_evidence.h"
#include "collector/search/indexer.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Strings = std::vector<std::string>;

absl::Status GoOn() { return absl::OkStatus(); }

class EvidenceSearchTest : public ::testing::Test {
 protected:
  EvidenceSearchTest() {
    made_.AddFile("/etc/passwd", "root:x:0");
    made_.AddFile("/etc/evil", "evil");
    v1::Item listing;
    listing.set_kind(v1::Item::KIND_LISTING);
    listing.set_path("/dev/sda/partition-2.bodyfile");
    listing_ = made_.AddStream(
        listing, {made_.Chunk("0|/etc/passwd|67-128-1|r/rrw-r--r--|0|0|5|1700000001|1700000002|1700000003|0\n"
                              "0|/tmp/evil.exe (deleted)|68|r/rrwxr-xr-x|0|0|9|1700000001|1700000002|1700000003|0\n")});
    made_.Commit();
  }

  Caller Operator(std::string role) {
    return {.kind = Caller::Kind::kOperator,
            .customer_id = made_.vault().customer_id(),
            .name = "bob",
            .role = std::move(role),
            .public_key_der = {}};
  }
  void Index() {
    Indexer indexer(made_.customers(), made_.catalog(), indexes_);
    ASSERT_TRUE(indexer.Index(made_.vault().customer_id(), made_.acquisition_id(), GoOn).ok());
  }
  Strings Find(const v1::FindRequest& request) {
    Strings paths;
    const absl::StatusOr<v1::LeftOut> end = search_.Find(
        Operator("analyst"), request,
        [&](const v1::ItemRow& row) {
          EXPECT_EQ(row.acquisition_id(), made_.acquisition_id());
          EXPECT_EQ(row.host_id(), made_.host_id());
          paths.push_back(Concat(row.on_disk().volume(), row.item().path()));
          rows_.push_back(row);
          return absl::OkStatus();
        },
        GoOn);
    EXPECT_TRUE(end.ok()) << end.status();
    if (end.ok()) end_ = *end;
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  absl::Status Refused(const v1::FindRequest& request) {
    return search_
        .Find(
            Operator("analyst"), request, [](const v1::ItemRow&) { return absl::OkStatus(); }, GoOn)
        .status();
  }
  std::string LastEntry() {
    CustodyLog& log = made_.vault().custody();
    return *log.Entry(log.size() - 1);
  }

  TestingEvidence made_;
  uint64_t listing_ = 0;
  Fleet fleet_{made_.customers(), made_.catalog(), made_.clock()};
  SearchIndexes indexes_{made_.folder() / "customers"};
  EvidenceSearch search_{ServiceContext{made_.customers(), made_.catalog(), fleet_, made_.root(), made_.clock()},
                         indexes_};
  std::vector<v1::ItemRow> rows_;
  v1::LeftOut end_;
};

TEST_F(EvidenceSearchTest, FindsItemsAndFilesOnDisks) {
  Index();
  v1::FindRequest request;
  request.set_name("passwd");
  EXPECT_EQ(Find(request), (Strings{"/dev/sda/partition-2/etc/passwd", "/etc/passwd"}));
  EXPECT_EQ(end_.acquisitions(), 0u);
  EXPECT_FALSE(end_.limit_reached());
  const auto on_disk = std::find_if(rows_.begin(), rows_.end(), [](const auto& row) { return row.has_on_disk(); });
  ASSERT_NE(on_disk, rows_.end());
  EXPECT_EQ(on_disk->on_disk().listing_index(), listing_);
  EXPECT_EQ(on_disk->on_disk().address(), "67-128-1");
  EXPECT_EQ(on_disk->item().file().inode(), 67u);
  const auto item = std::find_if(rows_.begin(), rows_.end(), [](const auto& row) { return !row.has_on_disk(); });
  EXPECT_TRUE(item->item().has_stream()) << "the catalog's whole row";
  request.Clear();
  request.set_deleted(true);
  EXPECT_EQ(Find(request), (Strings{"/dev/sda/partition-2/tmp/evil.exe"}));
  request.Clear();
  request.add_sha256(std::string(Sha256::Of("evil").bytes()));
  EXPECT_EQ(Find(request), (Strings{"/etc/evil"}));
}

TEST_F(EvidenceSearchTest, WhatIsNotIndexedYetIsLookedAtOrTold) {
  v1::FindRequest request;
  request.set_contains("EVIL");
  EXPECT_EQ(Find(request), (Strings{"/etc/evil"}));
  EXPECT_EQ(end_.acquisitions(), 1u) << "its disk's files were not looked at";
  EXPECT_EQ(end_.acquisition_ids(0), made_.acquisition_id());
  EXPECT_EQ(end_.index_behind_acquisitions(), 1u);
  const uint64_t behind_seconds = end_.index_behind_seconds();
  made_.clock().Advance(absl::Minutes(7));
  EXPECT_EQ(Find(request), (Strings{"/etc/evil"}));
  EXPECT_EQ(end_.index_behind_seconds(), behind_seconds + 7 * 60) << "how long it has been waiting";
  Index();
  EXPECT_EQ(Find(request), (Strings{"/dev/sda/partition-2/tmp/evil.exe", "/etc/evil"}));
  EXPECT_EQ(end_.acquisitions(), 0u);
  EXPECT_EQ(end_.index_behind_acquisitions(), 0u);
  EXPECT_EQ(end_.index_behind_seconds(), 0u);
}

TEST_F(EvidenceSearchTest, ALimitIsKeptAndTold) {
  v1::FindRequest request;
  request.set_most(1);
  EXPECT_EQ(Find(request).size(), 1u);
  EXPECT_TRUE(end_.limit_reached());
  Index();
  EXPECT_EQ(Find(request).size(), 1u);
  EXPECT_TRUE(end_.limit_reached());
  request.set_most(5);
  EXPECT_EQ(Find(request).size(), 5u);
  EXPECT_FALSE(end_.limit_reached()) << "there are just so many";
}

TEST_F(EvidenceSearchTest, HostsAndLabelsAreTheCustomersOwn) {
  Index();
  v1::FindRequest request;
  request.set_host_id(made_.host_id());
  EXPECT_EQ(Find(request).size(), 5u);
  request.set_host_id("nobody");
  EXPECT_TRUE(absl::IsNotFound(Refused(request)));
  request.Clear();
  request.set_label("no such label");
  EXPECT_TRUE(Find(request).empty());
  request.Clear();
  request.set_acquisition_id("0000000000000000");
  EXPECT_TRUE(absl::IsNotFound(Refused(request)));
}

TEST_F(EvidenceSearchTest, StandsInTheCustodyLogBeforeItsFirstRow) {
  Index();
  v1::FindRequest request;
  request.set_contains("evil");
  request.set_from_unix_ns(1'700'000'000'000'000'000);
  request.add_times(v1::TIME_KIND_MODIFIED);
  ASSERT_TRUE(search_
                  .Find(
                      Operator("responder"), request,
                      [&](const v1::ItemRow&) {
                        EXPECT_THAT(LastEntry(),
                                    AllOf(HasSubstr("evidence.searched"), HasSubstr("operator:bob"),
                                          HasSubstr("\"contains\":\"evil\""), HasSubstr("\"times\":\"modified\""),
                                          HasSubstr("2023-11-14T22:13:20+00:00")));
                        return absl::OkStatus();
                      },
                      GoOn)
                  .ok());
  v1::ReadTimelineRequest timeline;
  timeline.set_acquisition_id(made_.acquisition_id());
  ASSERT_TRUE(search_
                  .ReadTimeline(
                      Operator("analyst"), timeline, [](const v1::TimelineEntry&) { return GoOn(); }, GoOn)
                  .ok());
  EXPECT_THAT(LastEntry(), AllOf(HasSubstr("evidence.timeline-read"), HasSubstr(made_.acquisition_id())));
}

TEST_F(EvidenceSearchTest, TellsWhatHappenedInOrder) {
  v1::ReadTimelineRequest request;
  request.set_host_id(made_.host_id());
  Strings told;
  const auto read = [&] {
    told.clear();
    return search_.ReadTimeline(
        Operator("analyst"), request,
        [&](const v1::TimelineEntry& entry) {
          told.push_back(Concat(entry.at_unix_ns() / 1'000'000'000, entry.modified() ? "m" : ".",
                                entry.accessed() ? "a" : ".", entry.changed() ? "c" : ".", entry.created() ? "b" : ".",
                                entry.row().on_disk().volume(), entry.row().item().path()));
          return absl::OkStatus();
        },
        GoOn);
  };
  EXPECT_EQ(read()->acquisitions(), 1u) << "it is not in the index";
  EXPECT_TRUE(told.empty());
  Index();
  EXPECT_EQ(read()->acquisitions(), 0u);
  EXPECT_EQ(told.size(), 8u);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end(),
                             [](const auto& a, const auto& b) { return a.substr(0, 10) < b.substr(0, 10); }));
  EXPECT_EQ(std::count(told.begin(), told.end(), "1700000002m.../dev/sda/partition-2/tmp/evil.exe"), 1);
  request.set_from_unix_ns(1'700'000'003'000'000'000);
  ASSERT_TRUE(read().ok());
  EXPECT_EQ(told.size(), 2u);
  request.set_most(1);
  EXPECT_TRUE(read()->limit_reached());
  EXPECT_EQ(told.size(), 1u);
  request.set_acquisition_id(made_.acquisition_id());
  EXPECT_TRUE(absl::IsInvalidArgument(read().status())) << "one of the two";
  request.Clear();
  EXPECT_TRUE(absl::IsInvalidArgument(read().status()));
  request.set_host_id("nobody");
  EXPECT_TRUE(absl::IsNotFound(read().status()));
}

TEST_F(EvidenceSearchTest, RefusesWhatMakesNoSense) {
  v1::FindRequest request;
  request.add_sha256("short");
  EXPECT_TRUE(absl::IsInvalidArgument(Refused(request)));
  request.Clear();
  request.set_path_glob(std::string(1 << 20, '*'));
  EXPECT_TRUE(absl::IsInvalidArgument(Refused(request)));
  request.Clear();
  request.set_contains(std::string("a\0b", 3));
  EXPECT_TRUE(absl::IsInvalidArgument(Refused(request)));
  request.Clear();
  request.add_times(static_cast<v1::TimeKind>(77));
  EXPECT_TRUE(absl::IsInvalidArgument(Refused(request)));
}

TEST_F(EvidenceSearchTest, OnlyThoseWhoMayReadEvidenceMaySearchIt) {
  const uint64_t before = made_.vault().custody().size();
  for (const char* role : {"auditor", "approver"}) {
    EXPECT_TRUE(absl::IsPermissionDenied(search_.Find(Operator(role), {}, nullptr, nullptr).status())) << role;
    EXPECT_TRUE(absl::IsPermissionDenied(search_.ReadTimeline(Operator(role), {}, nullptr, nullptr).status()));
  }
  Caller host = Operator("");
  host.kind = Caller::Kind::kHost;
  EXPECT_TRUE(absl::IsPermissionDenied(search_.Find(host, {}, nullptr, nullptr).status()));
  EXPECT_EQ(made_.vault().custody().size(), before);
}

TEST_F(EvidenceSearchTest, AnotherCustomerFindsNothingOfThisOne) {
  Index();
  Caller stranger = Operator("admin");
  stranger.customer_id = (*made_.customers().Create("other"))->customer_id();
  int rows = 0;
  ASSERT_TRUE(search_
                  .Find(
                      stranger, {},
                      [&](const v1::ItemRow&) {
                        ++rows;
                        return absl::OkStatus();
                      },
                      GoOn)
                  .ok());
  EXPECT_EQ(rows, 0);
  v1::FindRequest request;
  request.set_host_id(made_.host_id());
  EXPECT_TRUE(absl::IsNotFound(search_.Find(stranger, request, nullptr, GoOn).status()));
  v1::ReadTimelineRequest timeline;
  timeline.set_acquisition_id(made_.acquisition_id());
  EXPECT_TRUE(absl::IsNotFound(search_.ReadTimeline(stranger, timeline, nullptr, GoOn).status()));
}

TEST_F(EvidenceSearchTest, EndsOnceTheCallerHasGone) {
  Index();
  EXPECT_TRUE(absl::IsCancelled(search_
                                    .Find(
                                        Operator("analyst"), {}, [](const v1::ItemRow&) { return absl::OkStatus(); },
                                        [] { return absl::CancelledError("the caller has gone"); })
                                    .status()));
}

}  // namespace
}  // namespace hozen
