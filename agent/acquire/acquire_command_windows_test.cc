// A command without a folder is run from the system's own, whatever lies in the current folder or in PATH. What is laid
// there is this test itself, which by that name leaves a mark.
#include <windows.h>

#include <filesystem>
#include <string>

#include "agent/acquire/acquire.h"
#include "agent/acquire/fake_item_sink.h"
#include "agent/platform/process_start.h"
#include "core/base/path_text.h"
#include "core/base/testing_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr char kPlantedName[] = "netsh.exe";
constexpr char kMark[] = "was run";

std::filesystem::path OwnPath() { return PathOf(OwnExecutable()); }

// Leaves the test's folder before that goes.
class CurrentFolder {
 public:
  explicit CurrentFolder(const std::filesystem::path& folder) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder);
  }
  ~CurrentFolder() { std::filesystem::current_path(before_); }
  CurrentFolder(const CurrentFolder&) = delete;
  CurrentFolder& operator=(const CurrentFolder&) = delete;

 private:
  const std::filesystem::path before_;
};

TEST(AcquireCommandWindowsTest, RunsTheSystemsProgramAndNoOther) {
  const TestingFolder folder;
  std::filesystem::copy_file(OwnPath(), folder / kPlantedName);
  const CurrentFolder current(folder.path());
  ::SetEnvironmentVariableW(L"PATH", std::filesystem::absolute(folder.path()).c_str());
  v1::Target target;
  target.mutable_command()->set_command(kPlantedName);
  for (const char* argument : {"advfirewall", "firewall", "show", "rule", "name=all"}) {
    target.mutable_command()->add_arguments(argument);
  }
  FakeItemSink sink;
  const absl::StatusOr<v1::TargetOutcome> outcome = AcquireCommand(target, {}, sink);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->matched_items(), 1u) << outcome->failure().DebugString();
  ASSERT_EQ(sink.taken.size(), 1u);
  EXPECT_EQ(sink.taken[0].item.command().command(), kPlantedName);
  EXPECT_EQ(sink.taken[0].item.path(), "netsh.exe advfirewall firewall show rule name=all");
  EXPECT_THAT(sink.taken[0].bytes, ::testing::Not(::testing::HasSubstr(kMark)));
  EXPECT_FALSE(std::filesystem::exists(folder / kMark));
}

}  // namespace
}  // namespace hozen

int main(int argc, char** argv) {
  const std::filesystem::path own = hozen::OwnPath();
  if (own.filename() == hozen::kPlantedName) {
    hozen::PutFile(own.parent_path() / hozen::kMark, hozen::kMark);
    return 0;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
