#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "tools/hozen/hunt_rendering.h"
#include "tools/hozen/hunt_selection.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Strings = std::vector<std::string>;

v1::ListHostsResponse SomeHosts() {
  v1::ListHostsResponse hosts;
  const auto add = [&hosts](const char* id, const char* name, const char* label, const char* system) {
    v1::Host& host = *hosts.add_hosts();
    host.set_host_id(id);
    host.mutable_facts()->set_hostname(name);
    host.mutable_facts()->set_system(system);
    host.set_label(label);
  };
  add("aa00000000000001", "web01", "osaka", "linux");
  add("aa00000000000002", "web02", "osaka", "linux");
  add("bb00000000000003", "desk1", "osaka", "windows");
  add("bb00000000000004", "desk2", "tokyo", "windows");
  add("cc00000000000005", "db01", "tokyo", "linux");
  return hosts;
}

absl::StatusOr<Strings> Names(const HuntSelection& selection) {
  const auto hosts = SelectHosts(selection, SomeHosts());
  if (!hosts.ok()) return hosts.status();
  Strings names;
  for (const v1::Host& host : *hosts) names.push_back(host.facts().hostname());
  return names;
}

TEST(HuntSelection, LabelsAndNamesAddUpAndASystemNarrowsThem) {
  EXPECT_EQ(Names({.labels = {"osaka"}, .names = {}, .system = "linux"}).value(), (Strings{"web01", "web02"}));
  EXPECT_EQ(Names({.labels = {"osaka"}, .names = {"db01", "web01", "cc"}, .system = "linux"}).value(),
            (Strings{"web01", "web02", "db01"}))
      << "none twice";
  EXPECT_EQ(Names({.labels = {"osaka", "tokyo"}, .names = {}, .system = "windows"}).value(),
            (Strings{"desk1", "desk2"}));
  EXPECT_EQ(Names({.labels = {}, .names = {}, .system = "linux"}).value(), (Strings{"web01", "web02", "db01"}));
  EXPECT_EQ(Names({.labels = {}, .names = {"bb00000000000004"}, .system = ""}).value(), (Strings{"desk2"}));
}

TEST(HuntSelection, WhatFitsNoHostOrSeveralIsSaid) {
  const absl::Status mixed = Names({.labels = {"osaka"}, .names = {}, .system = ""}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(mixed));
  EXPECT_THAT(std::string(mixed.message()), HasSubstr("--system linux"));
  EXPECT_TRUE(absl::IsInvalidArgument(Names({}).status()));
  EXPECT_THAT(std::string(Names({.labels = {"kyoto"}, .names = {}, .system = ""}).status().message()),
              HasSubstr("\"kyoto\""));
  EXPECT_TRUE(absl::IsNotFound(Names({.labels = {}, .names = {"web09"}, .system = ""}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Names({.labels = {}, .names = {"aa"}, .system = ""}).status()));
  EXPECT_TRUE(absl::IsNotFound(Names({.labels = {}, .names = {"web01"}, .system = "windows"}).status()));
}

TEST(HuntSelection, AFileNamesOneHostALine) {
  std::string folder = ::testing::TempDir() + "/hunt_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/hosts") << "web01\n\n  db01  # the old one\r\n# nobody\n";
  EXPECT_EQ(ReadHostsFile(folder + "/hosts").value(), (Strings{"web01", "db01"}));
  EXPECT_TRUE(absl::IsNotFound(ReadHostsFile(folder + "/none").status()));
}

TEST(HuntSelection, IsRememberedInWordsOfBoundedLength) {
  EXPECT_EQ(SelectionInWords({.labels = {"a b"}, .names = {"web01"}, .system = "linux"}),
            "--label a b --system linux --host web01");
  HuntSelection many;
  for (int i = 0; i < 1000; ++i) many.names.push_back(Concat("host", i));
  const std::string words = SelectionInWords(many);
  EXPECT_EQ(words.size(), 1024u);
  EXPECT_TRUE(words.ends_with("..."));
}

TEST(StartRate, IsSoManyInATime) {
  EXPECT_EQ(ParseStartRate("60/min").value(), 3600u);
  EXPECT_EQ(ParseStartRate("5/m").value(), 300u);
  EXPECT_EQ(ParseStartRate("2/s").value(), 7200u);
  EXPECT_EQ(ParseStartRate("1/h").value(), 1u);
  EXPECT_EQ(ParseStartRate("1000/s").value(), 3'600'000u);
  for (const char* wrong :
       {"", "60", "/min", "0/min", "-1/s", "1.5/s", "60/day", "60/min/h", "1001/s", "4294967296/s"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseStartRate(wrong).status())) << wrong;
  }
}

v1::Hunt SomeHunt() {
  v1::Hunt hunt;
  hunt.set_hunt_id("1234567890abcdef");
  hunt.set_state(v1::Hunt::STATE_RUNNING);
  hunt.set_created_unix_ns(absl::ToUnixNanos(absl::FromUnixSeconds(1'000'000)));
  v1::HuntTally& tally = *hunt.mutable_tally();
  tally.set_hosts(20);
  tally.set_complete(3);
  tally.set_failed(2);
  tally.set_running(4);
  tally.set_waiting(11);
  tally.set_away(1);
  tally.set_sent_bytes(1 << 20);
  return hunt;
}

TEST(HuntRendering, ALineOfProgressSaysHowFarAndHowLong) {
  const ProgressSnapshot snapshot = HuntSnapshot(SomeHunt(), absl::FromUnixSeconds(1'000'000 + 50));
  EXPECT_EQ(snapshot.label, "[#####...............] 5/20 hosts");
  // Five took 50 s, so the fourteen that are here take 140.
  EXPECT_EQ(snapshot.note, "left 2m 20s  4 running  2 failed  11 waiting (1 away)");
  EXPECT_THAT(RenderProgress(snapshot, 2048, 200), HasSubstr("5/20 hosts  1.0 MiB  2.0 KiB/s  left 2m 20s"));
  v1::Hunt stopped = SomeHunt();
  stopped.set_state(v1::Hunt::STATE_STOPPED_BY_LIMIT);
  EXPECT_THAT(HuntSnapshot(stopped, absl::FromUnixSeconds(1'000'050)).note, HasSubstr("stopped by limit"));
  EXPECT_THAT(HuntSnapshot(stopped, absl::FromUnixSeconds(1'000'050)).note, Not(HasSubstr("left")));
}

TEST(HuntRendering, EndsAsItsHostsDid) {
  v1::Hunt hunt = SomeHunt();
  EXPECT_FALSE(IsOver(hunt));
  hunt.set_state(v1::Hunt::STATE_STOPPED);
  EXPECT_FALSE(IsOver(hunt)) << "four still run";
  hunt.mutable_tally()->clear_running();
  EXPECT_TRUE(IsOver(hunt));
  EXPECT_EQ(ExitCodeOf(hunt), ExitCode::kCompleteWithFailures);
  hunt.mutable_tally()->clear_complete();
  EXPECT_EQ(ExitCodeOf(hunt), ExitCode::kNoEvidence);
  hunt.mutable_tally()->set_complete(20);
  EXPECT_EQ(ExitCodeOf(hunt), ExitCode::kOk);
}

TEST(HuntRendering, TellsOfEachHostAndNothingThatCouldHarmATerminal) {
  std::ostringstream out;
  Console console(out, out);
  v1::HuntHost host;
  host.set_host_id("aa00000000000001");
  host.set_hostname("evil\x1b[2J");
  host.set_state(v1::HuntHost::STATE_RUNNING);
  host.set_attempt(2);
  host.set_acquisition_id("00112233445566aa");
  host.set_stream_bytes(512 << 10);
  host.mutable_progress()->set_read_bytes(512 << 10);
  host.mutable_progress()->set_expected_bytes(1 << 20);
  const std::string table = HuntHostTable(console, {host});
  EXPECT_THAT(table, HasSubstr("running, away"));
  EXPECT_THAT(table, HasSubstr("512 KiB (50 %)"));
  EXPECT_THAT(table, HasSubstr("evil\\x1b[2J"));
  EXPECT_THAT(HuntHostJson(host).dump(), HasSubstr(R"("state":"running")"));
  EXPECT_EQ(HuntHostJson(host)["attempt"], 2);
  EXPECT_EQ(HuntJson(SomeHunt())["hosts"]["waiting"], 11);
  EXPECT_THAT(DescribeHunt(console, SomeHunt()), HasSubstr("11 waiting (1 away), 4 running, 3 complete, 2 failed"));
  EXPECT_THAT(HuntTable(console, {SomeHunt()}), HasSubstr("1234567890abcdef"));
}

TEST(HuntRendering, SpeaksJapanese) {
  SetUserLanguage(Language::kJapanese);
  EXPECT_EQ(StateInWords(v1::Hunt::STATE_STOPPED_BY_LIMIT), "上限により停止");
  EXPECT_EQ(HuntSnapshot(SomeHunt(), absl::FromUnixSeconds(1'000'050)).label, "[#####...............] 5/20 台");
  SetUserLanguage(Language::kEnglish);
}

}  // namespace
}  // namespace hozen
