#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "tools/hozen/json_rendering.h"
#include "tools/hozen/row_printer.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

v1::ItemRow RowWithPath(const std::string& path) {
  v1::ItemRow row;
  row.set_acquisition_id("00112233445566aa");
  row.mutable_item()->set_index(7);
  row.mutable_item()->set_kind(v1::Item::KIND_FILE);
  row.mutable_item()->set_state(v1::Item::STATE_FAILED);
  row.mutable_item()->set_path(path);
  row.mutable_item()->mutable_failure()->set_cause(v1::CAUSE_PERMISSION_DENIED);
  row.mutable_item()->mutable_failure()->set_system_error(13);
  return row;
}

TEST(JsonRendering, NamesEnumeratorsInLowerCase) {
  const Json json = ItemRowJson(RowWithPath("/etc/shadow"));
  EXPECT_EQ(json["kind"], "file");
  EXPECT_EQ(json["state"], "failed");
  EXPECT_EQ(json["failure"]["cause"], "permission_denied");
  EXPECT_EQ(json["failure"]["system_error"], 13);
  EXPECT_EQ(StateName(v1::Acquisition::STATE_COMPLETE_WITH_FAILURES), "complete_with_failures");
}

TEST(JsonRendering, KeepsUtf8PathsAndAddsTheBytesOfOthers) {
  Json json = ItemRowJson(RowWithPath("/tmp/証拠"));
  EXPECT_EQ(json["path"], "/tmp/証拠");
  EXPECT_FALSE(json.contains("path_base64"));
  json = ItemRowJson(RowWithPath("/tmp/\xff\xfe"));
  EXPECT_EQ(json["path"], "/tmp/\\xff\\xfe");
  EXPECT_EQ(json["path_base64"], "L3RtcC///g==");
}

TEST(JsonRendering, IsOneLineWhateverAHostWrites) {
  v1::ItemRow row = RowWithPath("/tmp/a\nb\x1b[31m");
  row.set_hostname("evil\n\x80name");
  row.mutable_item()->mutable_command()->set_standard_error("\xc3\x28\n");
  const std::string line = JsonText(ItemRowJson(row));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST(JsonRendering, LeavesOutTimesThatNobodyKnows) {
  v1::Acquisition acquisition;
  acquisition.set_created_unix_ns(1763791926'000000000);
  const Json json = AcquisitionJson(acquisition);
  EXPECT_EQ(json["created"], "2025-11-22T06:12:06Z");
  EXPECT_FALSE(json.contains("finished"));
}

TEST(JsonRendering, ShowsCustodyEntriesAsJsonOrAsText) {
  v1::CustodyProof proof;
  proof.set_entry("{\"kind\":\"host.enrolled\"}");
  EXPECT_EQ(CustodyProofJson(proof)["entry"]["kind"], "host.enrolled");
  proof.set_entry("{broken\n");
  EXPECT_EQ(CustodyProofJson(proof)["entry"], "{broken\\x0a");
}

v1::TargetOutcome RefusedCommand() {
  v1::TargetOutcome outcome;
  outcome.set_target_index(3);
  outcome.set_artifact("Evil");
  outcome.set_pattern("/usr/bin/touch /x\x1b[2J");
  outcome.mutable_failure()->set_cause(v1::CAUSE_COMMAND_NOT_ALLOWED);
  outcome.mutable_failure()->set_detail("not on the list");
  return outcome;
}

TEST(JsonRendering, TellsTargetsFromItems) {
  const Json failed = TargetJson(RefusedCommand());
  EXPECT_EQ(failed["kind"], "target");
  EXPECT_EQ(failed["target_index"], 3);
  EXPECT_EQ(failed["artifact"], "Evil");
  EXPECT_EQ(failed["pattern"], "/usr/bin/touch /x\\x1b[2J");
  EXPECT_TRUE(failed.contains("pattern_base64"));
  EXPECT_EQ(failed["failure"]["cause"], "command_not_allowed");
  v1::TargetOutcome nothing;
  nothing.set_pattern("/no/such/*");
  const Json empty = TargetJson(nothing);
  EXPECT_EQ(empty["matched_items"], 0);
  EXPECT_FALSE(empty.contains("failure"));
  EXPECT_FALSE(empty.contains("artifact"));
}

TEST(JsonRendering, AddsFailedTargetsOnlyWhereThereAreAny) {
  Json json = AcquisitionJson({});
  AddFailedTargets({}, json);
  EXPECT_FALSE(json.contains("first_failed_targets"));
  AddFailedTargets({RefusedCommand()}, json);
  EXPECT_EQ(json["first_failed_targets"][0]["artifact"], "Evil");
}

TEST(TextRendering, NamesTheFirstFailedTargetsAndWhereTheOthersAre) {
  std::ostringstream out, err;
  Console console(out, err);
  v1::Acquisition acquisition;
  acquisition.set_acquisition_id("00112233445566aa");
  acquisition.mutable_manifest()->set_failed_targets(1);
  std::string text = DescribeAcquisition(console, acquisition, {RefusedCommand()});
  EXPECT_NE(text.find("/usr/bin/touch /x\\x1b[2J (Evil): command not allowed: not on the list"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("--failed"), std::string::npos) << "all are named";
  acquisition.mutable_manifest()->set_failed_targets(7);
  text = DescribeAcquisition(console, acquisition, {RefusedCommand()});
  EXPECT_NE(text.find("hozen items 00112233445566aa --failed"), std::string::npos) << text;
  acquisition.mutable_manifest()->set_failed_targets(0);
  EXPECT_EQ(DescribeAcquisition(console, acquisition).find("target"), std::string::npos);
}

TEST(TextRendering, ListsTargetsThatFailedOrFoundNothing) {
  std::ostringstream out, err;
  Console console(out, err);
  v1::TargetOutcome nothing;
  nothing.set_pattern("/no/such/*");
  const std::string text = TargetTable(console, {RefusedCommand(), nothing});
  EXPECT_NE(text.find("command not allowed  not on the list"), std::string::npos) << text;
  EXPECT_NE(text.find("nothing fits"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

v1::ItemRow FileOnDisk(const std::string& path) {
  v1::ItemRow row = RowWithPath(path);
  row.mutable_item()->set_state(v1::Item::STATE_COMPLETE);
  row.mutable_item()->mutable_file()->set_mode(0100644);
  row.mutable_on_disk()->set_volume("/dev/sda\x1b/partition-2");
  row.mutable_on_disk()->set_address("67-128-1");
  row.mutable_on_disk()->set_allocation(v1::OnDisk::ALLOCATION_DELETED);
  return row;
}

TEST(JsonRendering, TellsFilesOnDisksAndEvents) {
  v1::TimelineEntry entry;
  entry.set_at_unix_ns(1'700'000'000'000'000'000);
  entry.set_modified(true);
  entry.set_created(true);
  *entry.mutable_row() = FileOnDisk("/tmp/x");
  const Json json = TimelineEntryJson(entry);
  EXPECT_EQ(json["at"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(json["macb"], "m..b");
  EXPECT_EQ(json["mode"], "0100644");
  EXPECT_EQ(json["on_disk"]["allocation"], "deleted");
  EXPECT_EQ(json["on_disk"]["address"], "67-128-1");
  EXPECT_TRUE(ItemRowJson(FileOnDisk("/x")).contains("on_disk"));
  EXPECT_FALSE(ItemRowJson(RowWithPath("/x")).contains("on_disk"));
}

TEST(RowPrinter, ShowsWhereAFileIsAndWhatIsLeftOut) {
  std::ostringstream out, err;
  Console console(out, err);
  RowPrinter printer(console, true);
  ASSERT_TRUE(printer.Print(FileOnDisk("/tmp/\x1b[2Jx")).ok());
  EXPECT_NE(out.str().find("[/dev/sda\\x1b/partition-2] /tmp/\\x1b[2Jx  deleted"), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find('\x1b'), std::string::npos);
  v1::LeftOut left_out;
  PrintLeftOut(console, left_out);
  left_out.set_index_behind_acquisitions(3);
  left_out.set_index_behind_seconds(59);
  PrintLeftOut(console, left_out);
  EXPECT_EQ(err.str(), "") << "nothing was";
  left_out.set_index_behind_seconds(4711);
  PrintLeftOut(console, left_out);
  EXPECT_NE(err.str().find("4711"), std::string::npos) << err.str();
  for (int i = 0; i < 7; ++i) left_out.add_acquisition_ids("0011223344556677");
  left_out.set_acquisitions(120);
  PrintLeftOut(console, left_out);
  EXPECT_NE(err.str().find("120"), std::string::npos) << err.str();
  console.options().json = true;
  left_out.set_limit_reached(true);
  PrintLeftOut(console, left_out);
  EXPECT_NE(out.str().find("\"kind\":\"left_out\",\"limit_reached\":true"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("\"index_behind_acquisitions\":3,\"index_behind_seconds\":4711"), std::string::npos)
      << out.str();
}

TEST(TextRendering, HoldsNoEscapeSequenceOfAHost) {
  std::ostringstream out, err;
  Console console(out, err);
  v1::Acquisition acquisition;
  acquisition.set_hostname("\x1b]0;owned\x07");
  acquisition.set_state(v1::Acquisition::STATE_REFUSED);
  acquisition.set_detail("no\x1b[2J");
  acquisition.mutable_manifest()->add_traces()->set_path("\x1b[1m");
  const std::string text = DescribeAcquisition(console, acquisition);
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_NE(text.find("owned"), std::string::npos);
}

}  // namespace
}  // namespace hozen
