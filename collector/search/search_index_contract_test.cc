// What every SearchIndex must do.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "collector/search/mem_search_index.h"
#include "collector/search/search_index.h"
#include "collector/search/sqlite_search_index.h"

namespace hozen {
namespace {

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<SearchIndex>()> make;
};

using Strings = std::vector<std::string>;

absl::Status GoOn() { return absl::OkStatus(); }

SearchEntry Entry(std::string path, std::string_view content = "", int64_t modified = 0) {
  SearchEntry entry;
  entry.path = std::move(path);
  entry.kind = v1::Item::KIND_FILE;
  entry.size_bytes = content.size();
  if (!content.empty()) entry.sha256 = Sha256::Of(content);
  entry.modified_unix_ns = modified;
  entry.address = "7";
  return entry;
}

class SearchIndexContract : public ::testing::TestWithParam<Implementation> {
 protected:
  SearchIndexContract() : index_(GetParam().make()) {}

  void Add(const std::string& acquisition, const std::string& host, std::vector<SearchEntry> entries,
           bool done = true) {
    SearchIndex::Batch batch{.acquisition_id = acquisition, .host_id = host, .from = {}, .to = {}, .entries = {}};
    batch.from = index_->Position(acquisition).value();
    batch.to = {.next_item = batch.from.next_item + entries.size(), .next_byte = 0, .done = done};
    for (uint64_t i = 0; i < entries.size(); ++i) {
      if (!entries[i].in_listing) entries[i].item_index = batch.from.next_item + i;
    }
    batch.entries = std::move(entries);
    const absl::Status status = index_->Append(batch);
    ASSERT_TRUE(status.ok()) << status;
  }
  Strings Find(const SearchQuery& query) { return FindIn(*index_, query); }
  static Strings FindIn(SearchIndex& index, const SearchQuery& query) {
    Strings found;
    const absl::Status status = index.Find(
        query,
        [&](const SearchHit& hit) {
          found.push_back(hit.acquisition_id + ":" + hit.entry.path);
          return absl::OkStatus();
        },
        GoOn);
    EXPECT_TRUE(status.ok()) << status;
    std::sort(found.begin(), found.end());
    return found;
  }
  Strings Timeline(const TimelineQuery& query) {
    Strings told;
    const absl::Status status = index_->ReadTimeline(
        query,
        [&](const TimelineEvent& event) {
          told.push_back(std::to_string(event.at_unix_ns) + " " + std::to_string(event.kinds) + " " +
                         event.hit.acquisition_id + ":" + event.hit.entry.path);
          return absl::OkStatus();
        },
        GoOn);
    EXPECT_TRUE(status.ok()) << status;
    return told;
  }

  std::unique_ptr<SearchIndex> index_;
};

TEST_P(SearchIndexContract, FindsByEverythingThatCanBeAsked) {
  SearchEntry deleted = Entry("/tmp/evil.exe", "", 500);
  deleted.in_listing = true;
  deleted.item_index = 9;
  deleted.allocation = Allocation::kDeleted;
  Add("a1", "h1",
      {Entry("/etc/passwd", "p", 100), Entry("/etc/ssh/sshd_config", "s", 200), deleted,
       Entry("C:\\Users\\x\\passwd", "p"), Entry("/raw/\xff\xfe[1]", "r"), Entry("/証拠/メモ.txt", "m")});
  Add("a2", "h2", {Entry("/etc/passwd", "p2", 300)});
  EXPECT_EQ(Find({}).size(), 7u);
  EXPECT_EQ(Find({.name = "passwd"}), (Strings{"a1:/etc/passwd", "a1:C:\\Users\\x\\passwd", "a2:/etc/passwd"}));
  EXPECT_EQ(Find({.sha256 = {Sha256::Of("p")}}), (Strings{"a1:/etc/passwd", "a1:C:\\Users\\x\\passwd"}));
  EXPECT_EQ(Find({.sha256 = {Sha256::Of("s"), Sha256::Of("p2"), Sha256::Of("s"), Sha256::Of("none")}}),
            (Strings{"a1:/etc/ssh/sshd_config", "a2:/etc/passwd"}));
  EXPECT_EQ(Find({.path_glob = "/etc/*"}), (Strings{"a1:/etc/passwd", "a1:/etc/ssh/sshd_config", "a2:/etc/passwd"}));
  EXPECT_EQ(Find({.path_glob = "*sshd*"}), (Strings{"a1:/etc/ssh/sshd_config"}));
  EXPECT_EQ(Find({.path_glob = "*.???"}), (Strings{"a1:/tmp/evil.exe", "a1:/証拠/メモ.txt"}));
  EXPECT_EQ(Find({.path_glob = "/raw/\xff*"}), (Strings{"a1:/raw/\xff\xfe[1]"}));
  EXPECT_EQ(Find({.path_glob = "/etc/passwd", .host_ids = Strings{"h2"}}), (Strings{"a2:/etc/passwd"}));
  EXPECT_EQ(Find({.contains = "PASS"}).size(), 3u);
  EXPECT_EQ(Find({.contains = "sh"}), (Strings{"a1:/etc/ssh/sshd_config"})) << "shorter than a trigram";
  EXPECT_EQ(Find({.contains = "証"}), (Strings{"a1:/証拠/メモ.txt"})) << "one character has three bytes";
  EXPECT_EQ(Find({.contains = "\xff\xfe["}), (Strings{"a1:/raw/\xff\xfe[1]"}));
  EXPECT_EQ(Find({.contains = "nowhere"}), Strings{});
  EXPECT_EQ(Find({.from_unix_ns = 200, .to_unix_ns = 301}), (Strings{"a1:/etc/ssh/sshd_config", "a2:/etc/passwd"}));
  EXPECT_EQ(Find({.times = kBorn, .from_unix_ns = 0}), Strings{});
  EXPECT_EQ(Find({.deleted = true}), (Strings{"a1:/tmp/evil.exe"}));
  EXPECT_EQ(Find({.min_size_bytes = 2}), (Strings{"a2:/etc/passwd"}));
  EXPECT_EQ(Find({.acquisition_id = "a2"}), (Strings{"a2:/etc/passwd"}));
  EXPECT_EQ(Find({.host_ids = Strings{"h2", "h9"}}), (Strings{"a2:/etc/passwd"}));
  EXPECT_EQ(Find({.host_ids = Strings{}}), Strings{}) << "no host is not every host";
  EXPECT_EQ(Find({.acquisition_id = "a9"}), Strings{});
  EXPECT_EQ(Find({.name = "passwd", .skipped_acquisitions = {"a1"}}), (Strings{"a2:/etc/passwd"}));
}

TEST_P(SearchIndexContract, GivesBackWhatWasPutIn) {
  SearchEntry entry = Entry("/etc/x\xff", "content", -5);
  entry.accessed_unix_ns = 2;
  entry.changed_unix_ns = 3;
  entry.born_unix_ns = 4;
  entry.mode = 0104755;
  entry.uid = 4294967295u;
  entry.gid = 7;
  entry.address = "67-128-1";
  entry.kind = v1::Item::KIND_SYMBOLIC_LINK;
  entry.state = v1::Item::STATE_PARTIAL;
  entry.size_bytes = uint64_t{1} << 63;
  SearchEntry other = entry;
  other.in_listing = true;
  other.item_index = 12;
  other.allocation = Allocation::kReallocated;
  other.sha256.reset();
  Add("a1", "h1", {entry, other});
  std::vector<SearchHit> hits;
  ASSERT_TRUE(index_
                  ->Find(
                      {.name = "x\xff"},
                      [&](const SearchHit& hit) {
                        hits.push_back(hit);
                        return absl::OkStatus();
                      },
                      GoOn)
                  .ok());
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].entry, entry);
  EXPECT_EQ(hits[1].entry, other);
  EXPECT_EQ(hits[0].host_id, "h1");
}

TEST_P(SearchIndexContract, HostilePatternsAreOnlyPatterns) {
  const Strings paths = {"/100%",     "/a_b",          "/it's",        "/say \"x\" AND \"y\"",
                         "/[x]",      "/semi;colon--", "/back\\slash", "/NOT",
                         "/(a OR b)", "/star*",        "/q?"};
  std::vector<SearchEntry> entries;
  for (const std::string& path : paths) entries.push_back(Entry(path));
  entries.push_back(Entry(std::string("/nul\0byte", 9)));
  Add("a1", "h1", entries);
  for (const std::string& path : paths) {
    EXPECT_EQ(Find({.contains = path.substr(1)}), (Strings{"a1:" + path})) << path;
    EXPECT_EQ(Find({.name = path.substr(1)}).size(), 1u) << path;
  }
  EXPECT_EQ(Find({.path_glob = "*"}).size(), 12u);
  EXPECT_EQ(Find({.path_glob = "***?*"}).size(), 12u);
  EXPECT_EQ(Find({.path_glob = "/[[]x]"}), (Strings{"a1:/[x]"}));
  EXPECT_EQ(Find({.path_glob = "/[]"}), Strings{});
  EXPECT_EQ(Find({.path_glob = "/nul?byte"}).size(), 1u);
  EXPECT_EQ(Find({.contains = "' OR 1=1 --"}), Strings{});
  EXPECT_EQ(Find({.contains = "\" OR \""}), Strings{});
  EXPECT_EQ(Find({.path_glob = std::string(4000, '*') + "x"}), Strings{});
}

TEST_P(SearchIndexContract, WhatIsNotDoneIsNotFound) {
  Add("a1", "h1", {Entry("/half", "h", 100)}, /*done=*/false);
  EXPECT_EQ(Find({}), Strings{});
  EXPECT_EQ(Find({.sha256 = {Sha256::Of("h")}}), Strings{});
  EXPECT_EQ(Timeline({.host_id = "h1"}), Strings{});
  EXPECT_EQ(index_->Done().value(), Strings{});
  EXPECT_EQ(index_->Position("a1").value(), (IndexPosition{.next_item = 1, .next_byte = 0, .done = false}));
  Add("a1", "h1", {Entry("/whole")});
  EXPECT_EQ(Find({}), (Strings{"a1:/half", "a1:/whole"}));
  Add("a0", "h1", {});
  EXPECT_EQ(index_->Done().value(), (Strings{"a0", "a1"}));
}

TEST_P(SearchIndexContract, NothingComesInTwice) {
  SearchIndex::Batch batch{.acquisition_id = "a1", .host_id = "h1", .from = {}, .to = {}, .entries = {Entry("/x")}};
  batch.to = {.next_item = 0, .next_byte = 77, .done = false};
  ASSERT_TRUE(index_->Append(batch).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(index_->Append(batch)));
  EXPECT_EQ(index_->Position("a1").value(), batch.to);
  batch.from = batch.to;
  batch.to = {.next_item = 1, .next_byte = 0, .done = true};
  batch.entries.clear();
  ASSERT_TRUE(index_->Append(batch).ok());
  EXPECT_EQ(Find({}), (Strings{"a1:/x"}));
}

TEST_P(SearchIndexContract, HashesThatBeginAlikeAreToldApart) {
  std::vector<Digest> hashes;
  std::vector<SearchEntry> entries;
  for (int i = 0; i < 5; ++i) {
    std::string bytes(32, static_cast<char>(0xee));
    bytes[31] = static_cast<char>(i);
    hashes.push_back(Digest::FromBytes(bytes).value());
    if (i == 4) break;
    entries.push_back(Entry("/" + std::to_string(i)));
    entries.back().sha256 = hashes.back();
  }
  Add("a1", "h1", entries);
  EXPECT_EQ(Find({.sha256 = {hashes[1]}}), (Strings{"a1:/1"}));
  EXPECT_EQ(Find({.sha256 = hashes}), (Strings{"a1:/0", "a1:/1", "a1:/2", "a1:/3"}));
  EXPECT_EQ(Find({.sha256 = {hashes[4]}}), Strings{});
}

TEST_P(SearchIndexContract, AcquisitionsThatCameInBesideEachOtherAreToldApart) {
  Add("a1", "h1", {Entry("/1")}, false);
  Add("a2", "h2", {Entry("/2"), Entry("/3")});
  Add("a1", "h1", {Entry("/4")});
  EXPECT_EQ(Find({.acquisition_id = "a1"}), (Strings{"a1:/1", "a1:/4"}));
  EXPECT_EQ(Find({.acquisition_id = "a2"}), (Strings{"a2:/2", "a2:/3"}));
}

TEST_P(SearchIndexContract, ATimelineIsInTheOrderOfTimeAndTellsAThingOnce) {
  SearchEntry entry = Entry("/etc/passwd", "p", 300);
  entry.changed_unix_ns = 300;
  entry.accessed_unix_ns = 100;
  SearchEntry other = entry;
  other.address = "8";
  Add("a1", "h1", {entry, Entry("/early", "", 50)});
  Add("a2", "h1", {Entry("/late", "", 900), entry, other});
  Add("a3", "h2", {Entry("/elsewhere", "", 200)});
  EXPECT_EQ(Timeline({.host_id = "h1"}), (Strings{"50 1 a1:/early", "100 2 a1:/etc/passwd", "100 2 a2:/etc/passwd",
                                                  "300 5 a1:/etc/passwd", "300 5 a2:/etc/passwd", "900 1 a2:/late"}))
      << "of a2 only the other file of that name is told again";
  EXPECT_EQ(Timeline({.host_id = "h1", .acquisition_id = "a2", .from_unix_ns = 101, .to_unix_ns = 900}),
            (Strings{"300 5 a2:/etc/passwd", "300 5 a2:/etc/passwd"}));
  EXPECT_EQ(Timeline({.host_id = "h1", .from_unix_ns = 100, .to_unix_ns = 101}).size(), 2u);
  EXPECT_EQ(Timeline({.host_id = "h2", .acquisition_id = "a1"}), Strings{});
  EXPECT_EQ(Timeline({.host_id = "nobody"}), Strings{});
}

TEST_P(SearchIndexContract, ManyPagesGiveEachEntryOnce) {
  std::vector<SearchEntry> entries;
  for (int i = 0; i < 3000; ++i) {
    SearchEntry entry = Entry(i % 2 ? "/same/name" : "/other" + std::to_string(i) + "/name", "same", 1000 + i / 7);
    entry.changed_unix_ns = 5000 - i;
    entries.push_back(std::move(entry));
  }
  Add("a1", "h1", entries);
  Add("a2", "h2", entries);
  for (const SearchQuery& query :
       {SearchQuery{}, SearchQuery{.path_glob = "/*"}, SearchQuery{.path_glob = "*name"}, SearchQuery{.contains = "me"},
        SearchQuery{.contains = "name"}, SearchQuery{.name = "name"}, SearchQuery{.sha256 = {Sha256::Of("same")}},
        SearchQuery{.from_unix_ns = 1}, SearchQuery{.host_ids = Strings{"h1", "h2"}}}) {
    EXPECT_EQ(Find(query).size(), 6000u);
  }
  EXPECT_EQ(Find({.acquisition_id = "a2"}).size(), 3000u);
  EXPECT_EQ(Timeline({.host_id = "h1"}).size(), 6000u);
}

TEST_P(SearchIndexContract, AHandlersOrPollsErrorEndsIt) {
  std::vector<SearchEntry> entries;
  for (int i = 0; i < 20'000; ++i) entries.push_back(Entry("/path" + std::to_string(i), "x", 1 + i));
  Add("a1", "h1", entries);
  int seen = 0;
  EXPECT_TRUE(absl::IsCancelled(index_->Find(
      {},
      [&](const SearchHit&) {
        ++seen;
        // No lock is held: others may ask and write.
        Add("b" + std::to_string(seen), "h1", {Entry("/new")});
        return absl::CancelledError("enough");
      },
      GoOn)));
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(absl::IsCancelled(index_->Find(
      {.contains = "zz"}, [](const SearchHit&) { return absl::OkStatus(); },
      [] { return absl::CancelledError("the caller has gone"); })));
  EXPECT_TRUE(absl::IsCancelled(index_->ReadTimeline(
      {.host_id = "h1"}, [](const TimelineEvent&) { return absl::CancelledError("enough"); }, GoOn)));
}

// Lists of many acquisitions, of which few are asked for: what is leapt over is nothing that was wanted.
TEST_P(SearchIndexContract, FewHostsOfManyAreFoundInLongLists) {
  std::mt19937 random(4);
  MemSearchIndex judge;
  for (int a = 0; a < 90; ++a) {
    std::vector<SearchEntry> entries;
    for (int i = 0; i < 12; ++i) {
      entries.push_back(Entry(i % 3 == 0 ? "/one/name" : "/folder" + std::to_string(i) + "/name",
                              random() % 2 ? "x" : "y", 1 + random() % 1000));
    }
    SearchIndex::Batch batch{.acquisition_id = "a" + std::to_string(100 + a),
                             .host_id = "h" + std::to_string(a * 7 % 30),
                             .from = {},
                             .to = {.next_item = 12, .next_byte = 0, .done = a % 11 != 3},
                             .entries = std::move(entries)};
    ASSERT_TRUE(index_->Append(batch).ok());
    ASSERT_TRUE(judge.Append(batch).ok());
  }
  size_t found = 0;
  for (int i = 0; i < 120; ++i) {
    SearchQuery query;
    switch (i % 6) {
      case 0:
        query.name = "name";
        break;
      case 1:
        query.sha256 = {Sha256::Of("x"), Sha256::Of("none")};
        break;
      case 2:
        query.contains = "ONE/n";
        break;
      case 3:
        query.path_glob = "/one/*";
        break;
      case 4:
        query.from_unix_ns = random() % 500;
        query.to_unix_ns = 600 + random() % 500;
        break;
      default:
        query.contains = "e";
    }
    if (i % 4 == 3) {
      query.acquisition_id = "a" + std::to_string(95 + random() % 100);
    } else {
      query.host_ids.emplace();
      for (uint64_t h = random() % 5; h > 0; --h) query.host_ids->push_back("h" + std::to_string(random() % 33));
    }
    const Strings expected = FindIn(judge, query);
    found += expected.size();
    ASSERT_EQ(Find(query), expected) << "query " << i;
  }
  EXPECT_GT(found, 500u);
}

// Whatever index is chosen, it finds what looking at everything finds.
TEST_P(SearchIndexContract, AgreesWithLookingAtEverything) {
  std::mt19937 random(20261125);
  const auto draw = [&](std::string_view alphabet, size_t least, size_t most) {
    std::string text;
    for (size_t i = least + random() % (most - least + 1); i > 0; --i) text += alphabet[random() % alphabet.size()];
    return text;
  };
  MemSearchIndex judge;
  for (int a = 0; a < 6; ++a) {
    std::vector<SearchEntry> entries;
    for (int i = 0; i < 150; ++i) {
      SearchEntry entry =
          Entry("/" + draw("abAB/.\xff\xc3", 1, 8), draw("xyz", 0, 1), random() % 3 ? random() % 50 : 0);
      entry.changed_unix_ns = random() % 50;
      entry.allocation = static_cast<Allocation>(random() % 3);
      entry.file_name_times = random() % 9 == 0;
      entries.push_back(std::move(entry));
    }
    SearchIndex::Batch batch{.acquisition_id = "a" + std::to_string(a),
                             .host_id = "h" + std::to_string(a % 3),
                             .from = {},
                             .to = {.next_item = 1, .next_byte = 0, .done = a != 5},
                             .entries = std::move(entries)};
    ASSERT_TRUE(index_->Append(batch).ok());
    ASSERT_TRUE(judge.Append(batch).ok());
  }
  size_t found = 0;
  for (int i = 0; i < 400; ++i) {
    SearchQuery query;
    if (random() % 2) query.path_glob = draw("abAB/.*?[]\xff\xc3*", 0, 6);
    if (random() % 3 == 0) query.contains = draw("abAB/.\xff", 0, 4);
    if (random() % 6 == 0) query.name = draw("abAB", 0, 2);
    if (random() % 5 == 0) query.sha256 = {Sha256::Of("x"), Sha256::Of("y")};
    if (random() % 4 == 0) query.from_unix_ns = random() % 50;
    if (random() % 4 == 0) query.to_unix_ns = 50 + random() % 20;
    query.times = 1 + random() % 15;
    if (random() % 5 == 0) query.deleted = random() % 2;
    if (random() % 4 == 0) query.host_ids = Strings{"h1", "h2"};
    if (random() % 8 == 0) query.acquisition_id = "a4";
    if (random() % 8 == 0) query.skipped_acquisitions = {"a1"};
    const Strings expected = FindIn(judge, query);
    found += expected.size();
    ASSERT_EQ(Find(query), expected) << "glob " << query.path_glob << " contains " << query.contains << " name "
                                     << query.name << " query " << i;
  }
  EXPECT_GT(found, 1000u);
}

INSTANTIATE_TEST_SUITE_P(Indexes, SearchIndexContract,
                         ::testing::Values(Implementation{"Mem", [] { return std::make_unique<MemSearchIndex>(); }},
                                           Implementation{"Sqlite",
                                                          [] {
                                                            std::string folder =
                                                                ::testing::TempDir() + "/search_XXXXXX";
                                                            return OpenSqliteSearchIndex(
                                                                       std::filesystem::path(mkdtemp(folder.data())) /
                                                                       "search.sqlite")
                                                                .value();
                                                          }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace hozen
