#include "agent/volatile/linux/process/service_state.h"

#include <string>
#include <vector>

#include "agent/volatile/linux/testing_root.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::VolatileRecord Process(int32_t pid, const std::string& name, const std::vector<std::string>& cgroups) {
  v1::VolatileRecord record;
  record.mutable_process()->set_pid(pid);
  record.mutable_process()->set_name(name);
  for (const std::string& line : cgroups) record.mutable_process()->add_cgroups(line);
  return record;
}

std::vector<v1::VolatileRecord> All(const NextRecord& next) {
  std::vector<v1::VolatileRecord> records;
  while (std::optional<v1::VolatileRecord> record = next()) records.push_back(*std::move(record));
  return records;
}

TEST(ServiceStateTest, TheInnermostUnitOfAControlGroup) {
  const auto unit = [](std::string_view line) {
    const std::optional<UnitOfProcess> found = UnitOf(line);
    return found.has_value() ? found->unit + " in " + found->control_group : "none";
  };
  EXPECT_EQ(unit("0::/system.slice/ssh.service"), "ssh.service in /system.slice/ssh.service");
  EXPECT_EQ(unit("1:name=systemd:/system.slice/ssh.service"), "ssh.service in /system.slice/ssh.service");
  EXPECT_EQ(unit("0::/system.slice/x.service/payload/deep"), "x.service in /system.slice/x.service");
  EXPECT_EQ(unit("0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.service"),
            "a.service in /user.slice/user-1000.slice/user@1000.service/app.slice/a.service");
  EXPECT_EQ(unit("0::/user.slice/user-0.slice/session-4.scope"),
            "session-4.scope in /user.slice/user-0.slice/session-4.scope");
  for (const char* none : {"", "0", "0:", "0::", "0::/", "0::/user.slice", "4:memory:/system.slice/ssh.service",
                           "0::ssh.service", "0::/a.services", "no colons"}) {
    EXPECT_EQ(unit(none), "none") << none;
  }
}

TEST(ServiceStateTest, UnitsStandBehindTheProcessesWithTheirPids) {
  const TestingRoot root;
  root.Link("/run/systemd/units/invocation:ssh.service", "aa11");
  root.Link("/run/systemd/units/invocation:done.service", "bb22");
  root.Link("/run/systemd/units/log-level-max:ssh.service", "6");
  const KernelFiles files(root.path());
  const std::vector<v1::VolatileRecord> records =
      All(WithServices(RecordsOf({Process(1, "systemd", {"0::/init.scope"}), Process(2, "kthreadd", {"0::/"}),
                                  Process(70, "sshd", {"9:cpu:/", "0::/system.slice/ssh.service"}),
                                  Process(71, "sshd", {"0::/system.slice/ssh.service"}),
                                  Process(80, "own", {"0::/user.slice/user@1000.service/app.slice/ssh.service"})}),
                       files));
  std::vector<std::string> units;
  for (const v1::VolatileRecord& record : records) {
    if (!record.has_service()) continue;
    std::string text = record.service().unit() + " " + record.service().invocation_id();
    for (const v1::ServiceState::Process& process : record.service().processes()) {
      text += " " + process.name() + "=" + std::to_string(process.pid());
    }
    units.push_back(text);
  }
  EXPECT_EQ(records.size(), 9u);
  EXPECT_TRUE(records[4].has_process()) << "all processes come first";
  EXPECT_THAT(units, ElementsAre("done.service bb22", "init.scope  systemd=1", "ssh.service aa11 sshd=70 sshd=71",
                                 "ssh.service  own=80"));
}

TEST(ServiceStateTest, WithoutSystemdThereIsNothingAndNothingIsMissing) {
  const TestingRoot root;
  const KernelFiles files(root.path());
  EXPECT_EQ(All(WithServices(RecordsOf({Process(1, "init", {"0::/"})}), files)).size(), 1u);
  EXPECT_THAT(All(WithServices(RecordsOf({}), files)), IsEmpty());
}

}  // namespace
}  // namespace hozen
