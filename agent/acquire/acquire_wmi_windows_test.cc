// What WMI of the Windows that the test runs on answers.
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_split.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/fake_item_sink.h"
#include "agent/acquire/tree_provider.h"
#include "agent/acquire/windows_variables.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/plan/wmi_query.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::Target WmiTarget(const std::string& query, const std::string& name_space = "") {
  v1::Target target;
  target.set_artifact("An");
  target.mutable_wmi()->set_query(query);
  target.mutable_wmi()->set_name_space(name_space);
  return target;
}

bool Has(const std::string& line, const std::string& regex) { return std::regex_search(line, std::regex(regex)); }

// People of a host, as a provider of trees knows them.
using Facts = std::remove_pointer_t<decltype(TreeSet::facts)>;
class FakeFacts final : public Facts {
 public:
  explicit FakeFacts(std::vector<WindowsProfile> people) { values_.profiles = std::move(people); }
  absl::StatusOr<std::vector<std::string>> Expand(std::string_view pattern) const override {
    return ExpandWindowsVariables(pattern, values_);
  }
  const WindowsValues* windows() const override { return &values_; }
  absl::StatusOr<RegistryEnd> ReadKeys(const HivePlace&, const std::optional<std::string>&, const OnKey&) override {
    return absl::NotFoundError("no hive");
  }

 private:
  WindowsValues values_;
};

class FakeTrees final : public TreeProvider {
 public:
  explicit FakeTrees(Facts& facts) : facts_(facts) {}
  absl::StatusOr<TreeSet> Open(uint32_t, ItemSink&) override {
    TreeSet trees;
    trees.facts = &facts_;
    return trees;
  }

 private:
  Facts& facts_;
};

class AcquireWmiTest : public ::testing::Test {
 protected:
  v1::TargetOutcome Ask(const v1::Target& target) {
    const absl::StatusOr<v1::TargetOutcome> outcome = AcquireWmi(target, options_, sink_);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? *outcome : v1::TargetOutcome();
  }

  // The lines of the only item.
  std::vector<std::string> Lines() const {
    if (sink_.taken.size() != 1) return {};
    EXPECT_TRUE(IsValidUtf8(sink_.taken[0].bytes));
    std::vector<std::string> lines = absl::StrSplit(sink_.taken[0].bytes, '\n');
    EXPECT_EQ(lines.back(), "");
    lines.pop_back();
    return lines;
  }

  AcquireOptions options_ = {.target_index = 4};
  FakeItemSink sink_;
};

TEST_F(AcquireWmiTest, TakesTheSystem) {
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT * FROM Win32_OperatingSystem"));
  EXPECT_FALSE(outcome.has_failure()) << outcome.failure().DebugString();
  EXPECT_EQ(outcome.matched_items(), 1u);
  EXPECT_EQ(outcome.target_index(), 4u);
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], StartsWith(R"({"class":"Win32_OperatingSystem","path":")"));
  // A text, a number of 64 bits, one of 32, a truth, a time.
  EXPECT_TRUE(Has(lines[0], R"re("Caption":"[^"]*Windows)re")) << lines[0];
  EXPECT_TRUE(Has(lines[0], R"re("TotalVisibleMemorySize":"[0-9]+")re")) << lines[0];
  EXPECT_TRUE(Has(lines[0], R"re("OSLanguage":[0-9]+)re")) << lines[0];
  EXPECT_THAT(lines[0], HasSubstr(R"("Primary":true)"));
  EXPECT_TRUE(Has(lines[0], R"re("LastBootUpTime":"20[0-9-]*T[0-9:.]*Z")re")) << lines[0];
  EXPECT_EQ(lines[1], R"({"end":{"records":"1"}})");
  const v1::Item& item = sink_.taken[0].item;
  EXPECT_EQ(item.kind(), v1::Item::KIND_WMI);
  EXPECT_EQ(item.path(), R"(wmi/root\cimv2/SELECT * FROM Win32_OperatingSystem)");
  EXPECT_EQ(item.artifact(), "An");
  EXPECT_TRUE(sink_.taken[0].until_end);
  ASSERT_EQ(sink_.traces.size(), 1u);
  EXPECT_THAT(sink_.traces[0].what(), HasSubstr("WMI"));
}

TEST_F(AcquireWmiTest, AListIsAList) {
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT * FROM Win32_SystemEnclosure"));
  EXPECT_FALSE(outcome.has_failure()) << outcome.failure().DebugString();
  ASSERT_EQ(sink_.taken.size(), 1u);
  EXPECT_TRUE(Has(sink_.taken[0].bytes, R"re("ChassisTypes":\[[0-9]+)re")) << sink_.taken[0].bytes;
}

TEST_F(AcquireWmiTest, TakesManyAndCountsThem) {
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT Name, ProcessId FROM Win32_Process"));
  EXPECT_FALSE(outcome.has_failure()) << outcome.failure().DebugString();
  const std::vector<std::string> lines = Lines();
  ASSERT_GT(lines.size(), 2u);
  EXPECT_EQ(lines.back(), Concat(R"({"end":{"records":")", lines.size() - 1, R"("}})"));
  EXPECT_THAT(sink_.taken[0].bytes, HasSubstr("acquire_wmi_windows_test"));
}

TEST_F(AcquireWmiTest, NoAnswerIsAnAnswer) {
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT * FROM Win32_Process WHERE Name='no such program'"));
  EXPECT_FALSE(outcome.has_failure()) << outcome.failure().DebugString();
  EXPECT_THAT(Lines(), ::testing::ElementsAre(R"({"end":{"records":"0"}})"));
}

TEST_F(AcquireWmiTest, AClassThatThisHostLacksIsSaidByItsName) {
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT * FROM Hozen_NoSuchClass"));
  if (!outcome.has_failure() && Lines().size() == 1)
    GTEST_SKIP() << "wine gives no objects of a class it does not know";
  EXPECT_EQ(outcome.failure().cause(), v1::CAUSE_NOT_FOUND) << outcome.failure().DebugString();
  EXPECT_THAT(outcome.failure().detail(), HasSubstr("Hozen_NoSuchClass"));
  EXPECT_EQ(outcome.matched_items(), 0u);
  EXPECT_TRUE(sink_.taken.empty());
}

TEST_F(AcquireWmiTest, SoIsANamespace) {
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT * FROM A", "root\\hozen_none"));
  EXPECT_EQ(outcome.failure().cause(), v1::CAUSE_NOT_FOUND) << outcome.failure().DebugString();
  EXPECT_THAT(outcome.failure().detail(), HasSubstr("hozen_none"));
  EXPECT_TRUE(sink_.taken.empty());
}

TEST_F(AcquireWmiTest, WhatIsNoQuestionIsNotAsked) {
  for (const v1::Target& target : {WmiTarget("DELETE FROM Win32_Process"), WmiTarget("SELECT * FROM Win32_Product"),
                                   WmiTarget("SELECT * FROM A", R"(\\other\root\cimv2)")}) {
    EXPECT_EQ(Ask(target).failure().cause(), v1::CAUSE_NOT_SUPPORTED) << target.DebugString();
  }
  EXPECT_TRUE(sink_.taken.empty());
  EXPECT_TRUE(sink_.traces.empty());
}

TEST_F(AcquireWmiTest, AQueryThatWmiDoesNotUnderstandFails) {
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT * FROM Win32_Process WHERE ((("));
  EXPECT_EQ(outcome.failure().cause(), v1::CAUSE_NOT_SUPPORTED) << outcome.failure().DebugString();
  EXPECT_TRUE(sink_.taken.empty());
}

TEST_F(AcquireWmiTest, VariablesAreAQueryForEachPerson) {
  FakeFacts facts({{.sid = "S-1-1", .path = "C:\\a", .user_name = "wineboot.none"},
                   {.sid = "S-1-2", .path = "C:\\b", .user_name = "nobody at all"}});
  options_.trees = std::make_shared<FakeTrees>(facts);
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT * FROM Win32_Process WHERE Name='%%users.username%%'"));
  EXPECT_FALSE(outcome.has_failure()) << outcome.failure().DebugString();
  EXPECT_EQ(outcome.matched_items(), 2u);
  ASSERT_EQ(sink_.taken.size(), 2u);
  for (const FakeItemSink::Taken& one : sink_.taken) EXPECT_EQ(one.bytes, "{\"end\":{\"records\":\"0\"}}\n");
  EXPECT_THAT(sink_.taken[0].item.path(), HasSubstr("Name='nobody at all'"));
  EXPECT_THAT(sink_.taken[1].item.path(), HasSubstr("Name='wineboot.none'"));
}

TEST_F(AcquireWmiTest, AValueDoesNotEndItsText) {
  FakeFacts facts({{.sid = "S-1-1", .path = "C:\\a", .user_name = "a' OR Name LIKE '%"}});
  options_.trees = std::make_shared<FakeTrees>(facts);
  const v1::TargetOutcome outcome = Ask(WmiTarget("SELECT * FROM Win32_Process WHERE Name='%%users.username%%'"));
  if (outcome.has_failure()) {
    // Wine's parser knows no backslash.
    EXPECT_EQ(outcome.failure().cause(), v1::CAUSE_NOT_SUPPORTED) << outcome.failure().DebugString();
    EXPECT_THAT(outcome.failure().detail(), HasSubstr("does not understand"));
    return;
  }
  ASSERT_EQ(sink_.taken.size(), 1u);
  EXPECT_EQ(sink_.taken[0].bytes, "{\"end\":{\"records\":\"0\"}}\n");
}

TEST_F(AcquireWmiTest, VariablesWithoutValuesAreNotSupported) {
  EXPECT_EQ(Ask(WmiTarget("SELECT * FROM A WHERE S='%%users.sid%%'")).failure().cause(), v1::CAUSE_NOT_SUPPORTED);
  EXPECT_EQ(Ask(WmiTarget("SELECT * FROM A WHERE S='%%no.such%%'")).failure().cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST_F(AcquireWmiTest, WhatWasTakenBeforeARestartIsNotTakenAgain) {
  const v1::Target target = WmiTarget("SELECT * FROM Win32_OperatingSystem");
  sink_.already_taken = {WmiItemPath(target.wmi())};
  EXPECT_EQ(Ask(target).matched_items(), 1u);
  EXPECT_TRUE(sink_.taken.empty());
}

TEST_F(AcquireWmiTest, ASinkThatStopsIsObeyed) {
  sink_.poll_status = absl::CancelledError("stop");
  const v1::Target target = WmiTarget("SELECT * FROM Win32_Process");
  EXPECT_TRUE(absl::IsCancelled(AcquireWmi(target, options_, sink_).status()));
  sink_.poll_status = absl::OkStatus();
  sink_.status = absl::DeadlineExceededError("late");
  EXPECT_TRUE(absl::IsDeadlineExceeded(AcquireWmi(target, options_, sink_).status()));
}

}  // namespace
}  // namespace hozen
