#include "collector/export/bodyfile_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/strings/str_split.h"
#include "collector/export/testing_evidence.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

v1::Item File(std::string path, uint32_t mode) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path(std::move(path));
  v1::FileMetadata& file = *item.mutable_file();
  file.set_mode(mode);
  file.set_uid(1000);
  file.set_gid(100);
  file.set_inode(12);
  file.set_size_bytes(345);
  file.set_accessed_unix_ns(1'600'000'001'999'999'999);
  file.set_modified_unix_ns(1'600'000'002'000'000'000);
  file.set_changed_unix_ns(1'600'000'003'000'000'000);
  return item;
}

TEST(BodyfileExportTest, ALineHasTheColumnsOfTheSleuthKit) {
  EXPECT_EQ(BodyfileLine(File("/etc/passwd", 0100644)),
            "0|/etc/passwd|12|r/rrw-r--r--|1000|100|345|1600000001|1600000002|1600000003|0\n");
  EXPECT_THAT(BodyfileLine(File("/tmp", 0041777)), HasSubstr("|d/drwxrwxrwt|"));
  EXPECT_THAT(BodyfileLine(File("/bin/su", 0104755)), HasSubstr("|r/rrwsr-xr-x|"));
  EXPECT_THAT(BodyfileLine(File("/odd", 0107000)), HasSubstr("|r/r--S--S--T|"));
  v1::Item link = File("/bin/sh", 0120777);
  link.mutable_file()->set_link_target("da|sh");
  EXPECT_THAT(BodyfileLine(link), HasSubstr("|/bin/sh -> da%7Csh|12|l/lrwxrwxrwx|"));
  EXPECT_EQ(BodyfileLine(v1::Item()), "");
}

TEST(BodyfileExportTest, NoNameBreaksALine) {
  const std::string line = BodyfileLine(File("/a|b%41\nc\x1b[31m", 0100644));
  EXPECT_THAT(line, HasSubstr("0|/a%7Cb%2541^c^[31m|12|"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 10);
}

TEST(BodyfileExportTest, MactimeReadsIt) {
  TestingEvidence made;
  made.AddStream(File("/etc/pa|ss%41wd", 0100644), {made.Chunk("root")});
  v1::Item failed = File("/etc/shadow", 0100640);
  failed.set_state(v1::Item::STATE_FAILED);
  failed.mutable_failure()->set_cause(v1::CAUSE_PERMISSION_DENIED);
  made.AddRecord(failed);
  v1::Item listing;
  listing.set_kind(v1::Item::KIND_LISTING);
  made.AddStream(listing,
                 {made.Chunk("0|/deleted.txt (deleted)|9|-/rrw-r--r--|0|0|7|1500000000|1500000000|1500000000|0")});
  v1::Item second;
  second.set_kind(v1::Item::KIND_LISTING);
  made.AddStream(second, {made.Chunk("0|/other|10|r/rrw-r--r--|0|0|7|1500000000|1500000000|1500000000|0\n")});
  made.Commit();
  StoredEvidence evidence = made.Open();
  StringSink sink;
  const absl::Status exported = ExportBodyfile(evidence, {}, sink);
  ASSERT_TRUE(exported.ok()) << exported;
  const std::string path = (made.folder() / "case.body").string();
  std::ofstream(path, std::ios::binary) << sink.bytes();
  const CommandResult mactime = RunTool(Concat("mactime -b ", path, " -d -z UTC -y"));
  ASSERT_EQ(mactime.exit_status, 0) << mactime.output;
  EXPECT_THAT(mactime.output, HasSubstr("2020-09-13T12:26:42Z,345,m...,r/rrw-r--r--,1000,100,12,\"/etc/pa|ss%41wd\""));
  EXPECT_THAT(mactime.output, HasSubstr("\"/etc/shadow\""));
  EXPECT_THAT(mactime.output, HasSubstr("2017-07-14T02:40:00Z,7,mac.,-/rrw-r--r--,0,0,9,\"/deleted.txt (deleted)\""));
  EXPECT_THAT(mactime.output, HasSubstr("\"/other\""));
}

}  // namespace
}  // namespace hozen
