#include "agent/volume/registry_hive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "agent/volume/hive_logs.h"
#include "agent/volume/testing_hive.h"
#include "core/base/concat.h"
#include "core/base/testing_utf16.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Walked {
  absl::StatusOr<RegistryEnd> end;
  std::vector<v1::RegistryKey> keys;

  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    for (const v1::RegistryKey& key : keys) paths.push_back(key.path());
    return paths;
  }
};

Walked Walk(const std::string& hive, const std::string& pattern, const std::optional<std::string>& value = {},
            const std::vector<std::string>& logs = {}) {
  Walked walked;
  walked.end = WalkHive({.hive = hive, .logs = logs}, pattern, value, [&walked](const v1::RegistryKey& key) {
    walked.keys.push_back(key);
    return absl::OkStatus();
  });
  return walked;
}

TestingKey Sample() {
  return {.name = "ROOT",
          .subkeys = {{.name = "Software",
                       .subkeys = {{.name = "Run",
                                    .values = {{.name = "a", .data = Utf16(u"x.exe")},
                                               {.name = "", .type = 4, .data = std::string("\1\0\0\0", 4)}}},
                                   {.name = "R\xe9glage"},
                                   {.name = Utf16(u"鍵"), .utf16_name = true}},
                       .list = "ri"},
                      {.name = "System", .subkeys = {{.name = "Run"}}, .list = "li"}},
          .values = {{.name = "top", .type = 3, .data = "123456789"}},
          .list = "lh"};
}

TEST(RegistryHiveTest, KeysAreFoundByPatternWhateverTheirCase) {
  const std::string hive = TestingHive(Sample());
  Walked walked = Walk(hive, "\\software\\*");
  ASSERT_TRUE(walked.end.ok()) << walked.end.status();
  EXPECT_THAT(walked.Paths(), ElementsAre("\\Software\\Run", "\\Software\\Réglage", "\\Software\\鍵"));
  EXPECT_EQ(walked.end->keys, 3u);
  EXPECT_EQ(walked.end->errors, 0u);
  EXPECT_FALSE(walked.end->dirty);
  EXPECT_THAT(Walk(hive, "\\**\\RUN").Paths(), ElementsAre("\\Software\\Run", "\\System\\Run"));
  EXPECT_THAT(Walk(hive, "\\").Paths(), ElementsAre(""));
  EXPECT_THAT(Walk(hive, "\\**1").Paths(), testing::SizeIs(6));
  EXPECT_THAT(Walk(hive, "\\nothing").Paths(), IsEmpty());
  EXPECT_TRUE(absl::IsInvalidArgument(Walk(hive, "\\[").end.status()));
}

TEST(RegistryHiveTest, ValuesComeWithNameTypeAndData) {
  Walked walked = Walk(TestingHive(Sample()), "\\Software\\Run");
  ASSERT_EQ(walked.keys.size(), 1u);
  EXPECT_EQ(walked.keys[0].last_written_unix_ns(), (132'000'000'000'000'000 - 116'444'736'000'000'000) * 100);
  ASSERT_EQ(walked.keys[0].values_size(), 2);
  EXPECT_EQ(walked.keys[0].values(0).name(), "a");
  EXPECT_EQ(walked.keys[0].values(0).type(), 1u);
  EXPECT_EQ(walked.keys[0].values(0).data(), Utf16(u"x.exe"));
  EXPECT_EQ(walked.keys[0].values(0).size_bytes(), 10u);
  EXPECT_EQ(walked.keys[0].values(1).name(), "");
  EXPECT_EQ(walked.keys[0].values(1).data(), std::string("\1\0\0\0", 4));
}

TEST(RegistryHiveTest, OneValueIsFoundByNameAndAKeyWithoutItIsLeftOut) {
  const std::string hive = TestingHive(Sample());
  Walked walked = Walk(hive, "\\Software\\*", "A");
  ASSERT_EQ(walked.keys.size(), 1u);
  EXPECT_EQ(walked.keys[0].values_size(), 1);
  walked = Walk(hive, "\\**", "");
  ASSERT_EQ(walked.keys.size(), 1u);
  EXPECT_EQ(walked.keys[0].values(0).type(), 4u);
  EXPECT_EQ(Walk(hive, "\\", "t?p*").keys.size(), 1u);
  EXPECT_THAT(Walk(hive, "\\**", "top").keys, IsEmpty());
}

TEST(RegistryHiveTest, NamesKeepWhatIsNotText) {
  const TestingKey root = {.name = "R",
                           .subkeys = {{.name = Utf16({u"a\0b", 3}), .utf16_name = true},
                                       {.name = Utf16({u"\xD83D", 1}), .utf16_name = true}},
                           .values = {{.name = std::string("x\0y", 3), .data = "long enough"}}};
  EXPECT_THAT(Walk(TestingHive(root), "\\*").Paths(), ElementsAre(std::string("\\a\0b", 4), "\\\xED\xA0\xBD"));
  EXPECT_EQ(Walk(TestingHive(root), "\\").keys.at(0).values(0).name(), std::string("x\0y", 3));
}

TEST(RegistryHiveTest, LongDataIsPutTogetherAndCutOffWhereItIsTooLong) {
  std::string data;
  for (int i = 0; data.size() < 40'000; ++i) data += Concat(i, " ");
  const std::string longer(kMaxRegistryValueBytes + 5, 'z');
  const TestingKey root = {
      .name = "R", .values = {{.name = "d", .type = 3, .data = data}, {.name = "z", .type = 3, .data = longer}}};
  Walked walked = Walk(TestingHive(root), "\\");
  ASSERT_TRUE(walked.end.ok()) << walked.end.status();
  EXPECT_EQ(walked.end->errors, 0u);
  ASSERT_EQ(walked.keys.size(), 1u);
  EXPECT_EQ(walked.keys[0].values(0).data(), data);
  EXPECT_EQ(walked.keys[0].values(1).data(), longer.substr(0, kMaxRegistryValueBytes));
  EXPECT_EQ(walked.keys[0].values(1).size_bytes(), longer.size());
}

TEST(RegistryHiveTest, AKeyWithMuchComesInParts) {
  TestingKey root = {.name = "R"};
  for (int i = 0; i < 500; ++i) {
    root.values.push_back({.name = Concat("v", i), .type = 3, .data = std::string(3'000, 'x')});
  }
  Walked walked = Walk(TestingHive(root), "\\");
  ASSERT_TRUE(walked.end.ok());
  EXPECT_EQ(walked.end->keys, 1u);
  ASSERT_GT(walked.keys.size(), 2u);
  int values = 0;
  for (size_t i = 0; i < walked.keys.size(); ++i) {
    EXPECT_EQ(walked.keys[i].continued(), i + 1 < walked.keys.size());
    EXPECT_LT(walked.keys[i].ByteSizeLong(), kMaxRegistryKeyBytes);
    values += walked.keys[i].values_size();
  }
  EXPECT_EQ(values, 500);
}

TEST(RegistryHiveTest, DamageCostsWhatItHits) {
  const std::string whole = TestingHive(Sample());
  std::string hive = whole;
  const size_t name = hive.find("R\xe9glage");
  hive[name - 76] = 'X';  // it is no key any more
  Walked walked = Walk(hive, "\\Software\\*");
  ASSERT_TRUE(walked.end.ok());
  EXPECT_EQ(walked.end->errors, 1u);
  EXPECT_THAT(walked.Paths(), ElementsAre("\\Software\\Run", "\\Software\\鍵", "\\Software"));
  EXPECT_THAT(walked.keys.back().problem(), HasSubstr("1 of its subkeys"));
  hive = whole;
  hive.replace(hive.find("vk\1\0", 0, 4), 2, "??");
  walked = Walk(hive, "\\Software\\Run");
  ASSERT_TRUE(walked.end.ok());
  EXPECT_EQ(walked.end->errors, 1u);
  EXPECT_THAT(walked.keys.at(0).problem(), HasSubstr("1 of its values"));
}

// A hive of one value, as sequence numbers have it: two that differ are of a hive that was not written out.
std::string HiveOf(const std::string& data, char first_sequence, char second_sequence) {
  std::string hive = TestingHive({.name = "R", .values = {{.name = "v", .type = 3, .data = data}}});
  hive[4] = first_sequence;
  hive[8] = second_sequence;
  FixHiveChecksum(hive);
  return hive;
}

std::string DataIn(const Walked& walked) {
  return walked.keys.size() == 1 && walked.keys[0].values_size() == 1 ? walked.keys[0].values(0).data() : "?";
}

TEST(RegistryHiveTest, LogsOfTheNewFormatAreReplayedInTheirOrder) {
  const std::string hive = HiveOf("first-data", 9, 7);
  const std::string first = TestingHiveLog(7, {HiveOf("second-one", 1, 1), HiveOf("third-data", 1, 1)});
  const std::string second = TestingHiveLog(9, {HiveOf("fourth-one", 1, 1)});
  for (const std::vector<std::string>& logs : {std::vector{first, second}, std::vector{second, first}}) {
    const Walked walked = Walk(hive, "\\", {}, logs);
    ASSERT_TRUE(walked.end.ok());
    EXPECT_TRUE(walked.end->dirty);
    EXPECT_EQ(walked.end->log_entries, 3u);
    EXPECT_EQ(DataIn(walked), "fourth-one");
  }
  EXPECT_EQ(DataIn(Walk(hive, "\\", {}, {first})), "third-data");
  EXPECT_EQ(DataIn(Walk(hive, "\\")), "first-data");
  // Its own sequence is 8: what was before that is in it already.
  EXPECT_EQ(Walk(HiveOf("first-data", 9, 8), "\\", {}, {first}).end->log_entries, 1u);
}

TEST(RegistryHiveTest, LogEntriesThatDoNotFitAreNotApplied) {
  const std::string log = TestingHiveLog(7, {HiveOf("second-one", 1, 1), HiveOf("third-data", 1, 1)});
  // A clean hive is what it is.
  EXPECT_EQ(Walk(HiveOf("first-data", 7, 7), "\\", {}, {log}).end->log_entries, 0u);
  const std::string hive = HiveOf("first-data", 9, 7);
  // Later than what there is, with a gap: it ends before that.
  Walked walked = Walk(hive, "\\", {}, {log, TestingHiveLog(20, {HiveOf("tenth-data", 1, 1)})});
  EXPECT_EQ(walked.end->log_entries, 2u);
  EXPECT_EQ(DataIn(walked), "third-data");
  // One byte of the second entry is another: its hash is wrong.
  std::string broken = log;
  broken[log.rfind("third-data")] = 'T';
  walked = Walk(hive, "\\", {}, {broken});
  EXPECT_EQ(walked.end->log_entries, 1u);
  EXPECT_EQ(DataIn(walked), "second-one");
  for (const std::string& bad : {std::string(), log.substr(0, 600), std::string(5'000, 'x'), hive}) {
    EXPECT_EQ(Walk(hive, "\\", {}, {bad}).end->log_entries, 0u);
  }
}

TEST(RegistryHiveTest, AFirstPageThatIsBrokenIsTakenFromTheLog) {
  std::string hive = HiveOf("first-data", 7, 7);
  hive.replace(36, 4, "xxxx");  // where the root is
  EXPECT_TRUE(absl::IsDataLoss(Walk(hive, "\\").end.status()));
  EXPECT_EQ(DataIn(Walk(hive, "\\", {}, {TestingHiveLog(7, {HiveOf("second-one", 1, 1)})})), "second-one");
}

TEST(RegistryHiveTest, ALogOfTheOldFormatIsAppliedWhereItIsOfThisState) {
  const std::string hive = HiveOf("first-data", 8, 7), later = HiveOf("second-one", 7, 7);
  // Every sector of one page.
  std::string log = later.substr(0, 512);
  log[28] = 1;
  FixHiveChecksum(log);
  log += std::string("DIRT\xff") + std::string(507, '\0') + later.substr(4096);
  EXPECT_EQ(DataIn(Walk(hive, "\\", {}, {log})), "second-one");
  EXPECT_EQ(Walk(hive, "\\", {}, {log}).end->log_entries, 1u);
  log[12] ^= 1;  // of another time
  FixHiveChecksum(log);
  EXPECT_EQ(DataIn(Walk(hive, "\\", {}, {log})), "first-data");
}

// .NET's own test vectors of the same function.
TEST(Marvin32Test, IsWhatOthersCompute) {
  constexpr uint64_t kSeed = 0x004FB61A001BDBCC;
  EXPECT_EQ(Marvin32(kSeed, ""), 0x30ED35C100CD3C7Du);
  EXPECT_EQ(Marvin32(kSeed, "\xaf"), 0x48E73FC77D75DDC1u);
  EXPECT_EQ(Marvin32(kSeed, "\xe7\x0f"), 0xB5F6E1FC485DBFF8u);
  EXPECT_EQ(Marvin32(kSeed, "\x37\xf4\x95"), 0xF0B07C789B8CF7E8u);
  EXPECT_EQ(Marvin32(kSeed, "\x86\x42\xdc\x59"), 0x7008F2E87E9CF556u);
}

TEST(RegistryHiveTest, AHiveThatWasNotWrittenOutIsDirty) {
  std::string hive = TestingHive(Sample());
  hive[4] = 8;
  FixHiveChecksum(hive);
  EXPECT_TRUE(Walk(hive, "\\*").end->dirty);
  hive = TestingHive(Sample());
  hive[100] = 'x';
  EXPECT_TRUE(Walk(hive, "\\*").end->dirty);
}

TEST(RegistryHiveTest, AKeyInItselfIsGoneIntoOnce) {
  std::string hive = TestingHive({.name = "R", .subkeys = {{.name = "A", .subkeys = {{.name = "B"}}}}});
  // A's list names A.
  const auto offset_of = [&hive](const std::string& name) {
    return hive.find(std::string("\1\0\0\0", 4) + name, 4096) + 4 - 76 - 4 - 4096;
  };
  const size_t a = offset_of("A"), b = offset_of("B");
  ASSERT_LT(a, hive.size());
  std::string b_in_list = "lf" + std::string("\1\0", 2), a_in_list = b_in_list;
  for (int i = 0; i < 4; ++i) b_in_list.push_back(static_cast<char>(b >> (8 * i)));
  for (int i = 0; i < 4; ++i) a_in_list.push_back(static_cast<char>(a >> (8 * i)));
  const size_t at = hive.find(b_in_list);
  ASSERT_NE(at, std::string::npos);
  hive.replace(at, a_in_list.size(), a_in_list);
  Walked walked = Walk(hive, "\\**");
  ASSERT_TRUE(walked.end.ok());
  EXPECT_EQ(walked.end->errors, 1u);
  EXPECT_THAT(walked.Paths(), ElementsAre("\\A", "\\A"));
}

TEST(RegistryHiveTest, WhatIsNoHiveFails) {
  for (const std::string& bytes : {std::string(), std::string("regf"), std::string(8192, 'x'),
                                   "regf" + std::string(8192, '\0'), TestingHive(Sample()).substr(0, 4096)}) {
    EXPECT_TRUE(absl::IsDataLoss(Walk(bytes, "\\**").end.status()));
  }
}

TEST(RegistryHiveTest, AnErrorOfTheReceiverEndsTheWalk) {
  int calls = 0;
  const absl::Status status =
      WalkHive({.hive = TestingHive(Sample()), .logs = {}}, "\\**", {}, [&calls](const v1::RegistryKey&) {
        return ++calls == 2 ? absl::CancelledError("enough") : absl::OkStatus();
      }).status();
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(calls, 2);
}

// Other people's hives, and what another reader says of them: hivex, by Debian's python3-hivex.
class OthersHivesTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* const testdata = getenv("HOZEN_TESTDATA");
    if (testdata == nullptr) GTEST_SKIP() << "HOZEN_TESTDATA names no folder of hives";
    path_ = Concat(testdata, "/registry/", GetParam());
    std::ifstream file(path_, std::ios::binary);
    ASSERT_TRUE(file) << path_;
    std::ostringstream bytes;
    bytes << file.rdbuf();
    hive_ = bytes.str();
  }

  // A line for each key, the values behind it.
  static std::string Lines(const Walked& walked) {
    std::string lines;
    for (const v1::RegistryKey& key : walked.keys) {
      lines += Concat(key.path(), " ", key.last_written_unix_ns() / 100, "\n");
      for (const v1::RegistryValue& value : key.values()) {
        lines += Concat("  ", value.name(), " ", value.type(), " ", absl::BytesToHexString(value.data()), "\n");
      }
    }
    return lines;
  }

  std::string path_;
  std::string hive_;
};

constexpr char kJudge[] = R"(
import sys, hivex
h = hivex.Hivex(sys.argv[1])
def walk(node, path):
    print(path, h.node_timestamp(node) - 116444736000000000)
    for value in h.node_values(node):
        kind, data = h.value_value(value)
        print("  " + h.value_key(value), kind, data.hex())
    for child in h.node_children(node):
        walk(child, path + "\\" + h.node_name(child))
walk(h.root(), "")
)";

TEST_P(OthersHivesTest, IsReadAsAnotherReaderReadsIt) {
  if (system("/usr/bin/python3 -c 'import hivex' 2>/dev/null") != 0) GTEST_SKIP() << "python3-hivex is not installed";
  const std::string script = ::testing::TempDir() + "/judge.py";
  std::ofstream(script) << kJudge;
  FILE* const pipe = popen(Concat("PYTHONIOENCODING=utf-8 /usr/bin/python3 ", script, " ", path_).c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string judged;
  char buffer[65536];
  for (size_t size; (size = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) judged.append(buffer, size);
  ASSERT_EQ(pclose(pipe), 0) << "hivex does not read it";
  Walked root = Walk(hive_, "\\"), below = Walk(hive_, "\\**");
  ASSERT_TRUE(below.end.ok()) << below.end.status();
  const std::string ours = Lines(root) + Lines(below);
  EXPECT_GE(below.keys.size(), 1u);
  // Not EXPECT_EQ: the difference of megabytes helps nobody.
  EXPECT_TRUE(ours == judged) << ours.substr(0, 400) << "\n-- and hivex --\n" << judged.substr(0, 400);
}

TEST_P(OthersHivesTest, MutationsAndCutsAreSurvived) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    std::string hive = hive_.substr(0, round % 3 == 0 ? random() % hive_.size() : hive_.size());
    for (int i = 0; i < 200 && !hive.empty(); ++i) hive[random() % hive.size()] = static_cast<char>(random());
    Walk(hive, "\\**", {}, {hive_.substr(random() % hive_.size())});
  }
}

INSTANTIATE_TEST_SUITE_P(Good, OthersHivesTest,
                         ::testing::Values("Amcache.hve", "BigDataHive", "NTUSER.DAT", "OldDirtyHive", "SAM"));

class BadHivesTest : public OthersHivesTest {};

TEST_P(BadHivesTest, FailsOrSaysWhatIsMissing) {
  Walked walked = Walk(hive_, "\\**");
  if (walked.end.ok()) {
    EXPECT_TRUE(walked.end->errors > 0 || walked.end->dirty);
  } else {
    EXPECT_TRUE(absl::IsDataLoss(walked.end.status()));
  }
}

INSTANTIATE_TEST_SUITE_P(Bad, BadHivesTest, ::testing::Values("BadBaseBlockHive", "TruncatedNameHive"));

}  // namespace
}  // namespace hozen
