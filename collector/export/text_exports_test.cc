#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "collector/export/case_export.h"
#include "collector/export/csv_export.h"
#include "collector/export/listing_lines.h"
#include "collector/export/testing_evidence.h"
#include "collector/export/timesketch_export.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Item File(std::string path) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path(std::move(path));
  item.set_artifact("Accounts");
  v1::FileMetadata& file = *item.mutable_file();
  file.set_mode(0100644);
  file.set_size_bytes(4);
  file.set_modified_unix_ns(1'600'000'002'123'456'789);
  file.set_accessed_unix_ns(1'600'000'001'000'000'000);
  return item;
}

class TextExportsTest : public ::testing::Test {
 protected:
  TextExportsTest() {
    made_.AddStream(File("/etc/passwd"), {made_.Chunk("root")});
    v1::Item failed = File("/etc/sha\ndow,\"x\"");
    failed.set_state(v1::Item::STATE_FAILED);
    failed.mutable_failure()->set_cause(v1::CAUSE_PERMISSION_DENIED);
    failed.mutable_failure()->set_detail("=cmd|' /C calc'!A0");
    made_.AddRecord(failed);
    v1::Item listing;
    listing.set_kind(v1::Item::KIND_LISTING);
    listing.set_path("/dev/sda");
    made_.AddStream(listing, {made_.Chunk("0|/del|eted%25 (deleted)|9-128|-/rrw-r--r--|0|0|7|1500000000|0|0|0\n"
                                          "not such a line\n")});
    made_.Commit();
  }

  std::string Export(absl::Status (*write)(StoredEvidence&, const ItemFilter&, StreamSink&),
                     const ItemFilter& filter = {}) {
    StoredEvidence evidence = made_.Open();
    StringSink sink;
    const absl::Status exported = write(evidence, filter, sink);
    EXPECT_TRUE(exported.ok()) << exported;
    return sink.bytes();
  }

  TestingEvidence made_;
};

std::vector<nlohmann::json> Lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST_F(TextExportsTest, TimesketchGetsOneLineForEachKnownTime) {
  const std::vector<nlohmann::json> events = Lines(Export(&ExportTimesketch));
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].at("message"), "/etc/passwd");
  EXPECT_EQ(events[0].at("timestamp_desc"), "Content Modification Time");
  EXPECT_EQ(events[0].at("datetime"), "2020-09-13T12:26:42.123456+00:00");
  EXPECT_EQ(events[0].at("timestamp"), 1'600'000'002'123'456);
  EXPECT_EQ(events[1].at("timestamp_desc"), "Last Access Time");
  EXPECT_EQ(events[1].at("datetime"), "2020-09-13T12:26:41.000000+00:00");
  EXPECT_EQ(events[0].at("sha256_hash").get<std::string>().size(), 64u);
  EXPECT_EQ(events[4].at("filename"), "/del|eted%25 (deleted)");
  EXPECT_EQ(events[4].at("disk"), "/dev/sda");
  EXPECT_EQ(events[4].at("inode"), "9-128");
}

TEST_F(TextExportsTest, ATimeRangeTakesTheTimesInIt) {
  const std::vector<nlohmann::json> events =
      Lines(Export(&ExportTimesketch, {.path_glob = "",
                                       .artifacts = {},
                                       .from_unix_ns = 1'600'000'002'000'000'000,
                                       .to_unix_ns = 1'600'000'003'000'000'000}));
  ASSERT_EQ(events.size(), 2u);
  for (const nlohmann::json& event : events) EXPECT_EQ(event.at("timestamp_desc"), "Content Modification Time");
}

TEST_F(TextExportsTest, AnArtifactAndAPathTakeWhatFitsBoth) {
  EXPECT_EQ(Lines(Export(&ExportTimesketch, {.path_glob = "", .artifacts = {"Accounts"}})).size(), 4u);
  EXPECT_EQ(Lines(Export(&ExportTimesketch, {.path_glob = "*passwd", .artifacts = {"Accounts"}})).size(), 2u);
  EXPECT_EQ(Lines(Export(&ExportTimesketch, {.path_glob = "/del*", .artifacts = {}})).size(), 1u);
  EXPECT_EQ(Lines(Export(&ExportTimesketch, {.path_glob = "", .artifacts = {"Other"}})).size(), 0u);
}

TEST_F(TextExportsTest, PythonReadsTheTable) {
  const std::string path = (made_.folder() / "t.csv").string();
  std::ofstream(path, std::ios::binary) << Export(&ExportCsv);
  std::ofstream(path + ".py") << "import csv,json,sys\n"
                                 "rows=list(csv.DictReader(open(sys.argv[1],encoding='utf-8-sig',newline='')))\n"
                                 "print(json.dumps(rows))\n";
  const CommandResult read = RunTool(Concat("python3 ", path, ".py ", path));
  ASSERT_EQ(read.exit_status, 0) << read.output;
  const nlohmann::json rows = nlohmann::json::parse(read.output);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].at("path"), "/etc/passwd");
  EXPECT_EQ(rows[0].at("size_bytes"), "4");
  EXPECT_EQ(rows[0].at("modified"), "2020-09-13T12:26:42.123456789Z");
  EXPECT_EQ(rows[1].at("path"), "/etc/sha\\x0adow,\"x\"");
  EXPECT_EQ(rows[1].at("cause"), "PERMISSION_DENIED");
  EXPECT_EQ(rows[1].at("detail"), "'=cmd|' /C calc'!A0") << "a host must not put a formula into a spreadsheet";
}

TEST(CsvCellTest, QuotesWhatMustBe) {
  EXPECT_EQ(CsvCell("plain"), "plain");
  EXPECT_EQ(CsvCell(""), "");
  EXPECT_EQ(CsvCell("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvCell("a\"b"), "\"a\"\"b\"");
  for (const char* formula : {"=1", "+1", "-1", "@x", "\tx"}) EXPECT_EQ(CsvCell(formula), Concat("'", formula));
}

TEST_F(TextExportsTest, CaseNamesActionExhibitAndFiles) {
  const nlohmann::json graph = nlohmann::json::parse(Export(&ExportCase)).at("@graph");
  std::map<std::string, nlohmann::json> by_type;
  for (const nlohmann::json& object : graph) by_type[object.at("@type")] = object;
  const nlohmann::json& exhibit = by_type.at("case-investigation:ProvenanceRecord");
  const nlohmann::json& action = by_type.at("case-investigation:InvestigativeAction");
  const nlohmann::json& file = by_type.at("uco-observable:File");
  EXPECT_EQ(action.at("uco-action:result").at("@id"), exhibit.at("@id"));
  EXPECT_EQ(exhibit.at("case-investigation:exhibitNumber"), made_.acquisition_id());
  EXPECT_EQ(exhibit.at("uco-core:object").size(), 2u) << "the file and the listing";
  EXPECT_EQ(exhibit.at("uco-core:object")[0].at("@id"), nlohmann::json(graph[4]).at("@id"));
  EXPECT_TRUE(file.contains("uco-core:hasFacet"));
}

TEST_F(TextExportsTest, CaseOfNothingIsStillADocument) {
  const nlohmann::json graph =
      nlohmann::json::parse(Export(&ExportCase, {.path_glob = "/nowhere", .artifacts = {}})).at("@graph");
  EXPECT_EQ(graph.size(), 5u);
}

TEST(ListingLinesTest, LinesThatAreNoneAreRefused) {
  EXPECT_TRUE(ParseListingLine("0|/a|1|r/r|0|0|1|1|2|3|4").has_value());
  for (const char* line : {"", "|", "0|/a|1|r/r|0|0|1|1|2|3", "0|/a|1|r/r|x|0|1|1|2|3|4", "0||1|r/r|0|0|1|1|2|3|4",
                           "0|/a|1|r/r|0|0|1|99999999999999|2|3|4", "0|/a|1|r/r|0|0|1|-99999999999999|2|3|4"}) {
    EXPECT_FALSE(ParseListingLine(line).has_value()) << line;
  }
}

TEST(ListingLinesTest, ANameMayHoldTheSeparatorAndASizeMayBeUnknown) {
  const std::optional<ListingLine> listed = ParseListingLine("0|/a|b%7C|1|r/r|0|0|-1|1|2|3|4");
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(listed->name, "/a|b%7C");
  EXPECT_EQ(listed->size_bytes, 0u);
}

TEST(ListingLinesTest, ATimeBefore1970IsATime) {
  const std::optional<ListingLine> listed = ParseListingLine("0|/a|1|r/r|0|0|1|-1|-315619200|3|4");
  ASSERT_TRUE(listed.has_value());
  EXPECT_EQ(listed->accessed_unix_s, -1);
  EXPECT_EQ(listed->modified_unix_s, -315619200);
}

TEST(ListingLinesTest, WhatMissesAPartIsNoLine) {
  std::vector<std::string> lines;
  LineSink sink([&](std::string_view line) {
    lines.emplace_back(line);
    return absl::OkStatus();
  });
  ASSERT_TRUE(sink.Data("one\ntw").ok());
  ASSERT_TRUE(sink.Zeros(100).ok());
  ASSERT_TRUE(sink.Data("o\nthree\n").ok());
  ASSERT_TRUE(sink.Finish().ok());
  EXPECT_THAT(lines, ElementsAre("one", "three"));
}

TEST(ListingLinesTest, AStreamIsTakenApartWhereverItIsCut) {
  const std::string text = "one\n\ntwo\n" + std::string(100'000, 'x') + "\nthree";
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) {
    std::vector<std::string> lines;
    LineSink sink([&](std::string_view line) {
      lines.emplace_back(line);
      return absl::OkStatus();
    });
    for (size_t at = 0; at < text.size();) {
      const size_t size = std::min<size_t>(1 + random() % 5000, text.size() - at);
      ASSERT_TRUE(sink.Data(std::string_view(text).substr(at, size)).ok());
      at += size;
    }
    ASSERT_TRUE(sink.Finish().ok());
    ASSERT_THAT(lines, ElementsAre("one", "two", "three"));
  }
}

}  // namespace
}  // namespace hozen
