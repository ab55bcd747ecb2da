// The kinds that are read from the kernel's tables: modules, mounts, logins, tracing, clock.
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "agent/volatile/linux/clock_state.h"
#include "agent/volatile/linux/kernel_files.h"
#include "agent/volatile/linux/kernel_names.h"
#include "agent/volatile/linux/login_state.h"
#include "agent/volatile/linux/module_state.h"
#include "agent/volatile/linux/mount_state.h"
#include "agent/volatile/linux/testing_root.h"
#include "agent/volatile/linux/tracing_state.h"
#include "agent/volatile/testing_mutation.h"
#include "core/base/printable.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kModuleLine = "nvidia 3952640 12 nvidia_uvm,nvidia_drm, Live 0xffffffffc0a00000 (POE)";
constexpr std::string_view kMountLine =
    "36 35 98:0 /ro\\040ot /mnt/a\\011b\\134 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue";

std::string Utmp(int16_t type, int32_t pid, std::string_view line, std::string_view user, std::string_view host,
                 int32_t seconds, std::string_view address) {
  std::string record(384, '\0');
  std::memcpy(&record[0], &type, 2);
  std::memcpy(&record[4], &pid, 4);
  line.copy(&record[8], 32);
  user.copy(&record[44], 32);
  host.copy(&record[76], 256);
  std::memcpy(&record[340], &seconds, 4);
  address.copy(&record[348], 16);
  return record;
}

std::map<std::string, v1::KernelModule> ModulesOf(const std::vector<v1::VolatileRecord>& records) {
  std::map<std::string, v1::KernelModule> modules;
  for (const v1::VolatileRecord& record : records) {
    if (record.has_kernel_module()) modules[record.kernel_module().name()] = record.kernel_module();
  }
  return modules;
}

std::vector<const v1::Missing*> MissingOf(const std::vector<v1::VolatileRecord>& records) {
  std::vector<const v1::Missing*> missing;
  for (const v1::VolatileRecord& record : records) {
    if (record.has_missing()) missing.push_back(&record.missing());
  }
  return missing;
}

TEST(ModuleStateTest, ALineOfProcModules) {
  const std::optional<v1::KernelModule> module = ParseModuleLine(kModuleLine);
  ASSERT_TRUE(module.has_value());
  EXPECT_EQ(module->name(), "nvidia");
  EXPECT_EQ(module->size_bytes(), 3952640u);
  EXPECT_EQ(module->references(), 12);
  EXPECT_THAT(module->used_by(), ElementsAre("nvidia_uvm", "nvidia_drm"));
  EXPECT_THAT(module->taint_flags(), ElementsAre("proprietary_module", "out_of_tree_module", "unsigned_module"));
  EXPECT_TRUE(module->out_of_tree());
  EXPECT_FALSE(ParseModuleLine("x y z - Live 0x0").has_value());
  EXPECT_FALSE(ParseModuleLine("").has_value());
}

TEST(ModuleStateTest, AModuleInOneListAloneIsHidden) {
  TestingRoot root;
  root.Write("/proc/modules", "seen 10 0 - Live 0x0\nnosysfs 20 0 - Live 0x0 (O)\n");
  root.Write("/sys/module/seen/initstate", "live\n");
  root.Write("/sys/module/seen/srcversion", "ABC\n");
  root.Write("/sys/module/rootkit/initstate", "live\n");
  root.Write("/sys/module/rootkit/coresize", "4096\n");
  root.Write("/sys/module/rootkit/taint", "OE\n");
  root.MakeFolder("/sys/module/builtin/parameters");
  std::map<std::string, v1::KernelModule> modules = ModulesOf(ModuleRecords(KernelFiles(root.path())));
  ASSERT_EQ(modules.size(), 3u);
  EXPECT_FALSE(modules["seen"].hidden());
  EXPECT_EQ(modules["seen"].source_version(), "ABC");
  EXPECT_TRUE(modules["nosysfs"].hidden());
  EXPECT_TRUE(modules["rootkit"].hidden());
  EXPECT_FALSE(modules["rootkit"].in_proc_modules());
  EXPECT_TRUE(modules["rootkit"].out_of_tree());
  EXPECT_EQ(modules["rootkit"].size_bytes(), 4096u);
}

TEST(ModuleStateTest, AKernelWithoutModulesSaysSo) {
  TestingRoot root;
  root.MakeFolder("/sys/module/builtin");
  const std::vector<v1::VolatileRecord> records = ModuleRecords(KernelFiles(root.path()));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].missing().failure().cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST(KernelFilesTest, WhatThePolicyRefusesIsNotOpenedAndTold) {
  TestingRoot root;
  root.Write("/proc/modules", "seen 10 0 - Live 0x0\n");
  root.MakeFolder("/sys/module");
  const KernelFiles files(root.path(), [](std::string_view path) -> std::optional<v1::Failure> {
    if (path != "/proc/modules") return std::nullopt;
    v1::Failure failure;
    failure.set_cause(v1::CAUSE_REFUSED_BY_POLICY);
    return failure;
  });
  const std::vector<v1::VolatileRecord> records = ModuleRecords(files);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].missing().failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
}

TEST(KernelFilesTest, LongFilesAreCutAndLinksAreNotFollowed) {
  TestingRoot root;
  root.Write("/proc/x", std::string(100'000, 'x'));
  root.Link("/proc/link", "x");
  const KernelFiles files(root.path());
  const absl::StatusOr<KernelFiles::Text> text = files.Read("/proc/x", 99'999);
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(text->cut);
  EXPECT_EQ(text->bytes.size(), 99'999u);
  EXPECT_FALSE(files.Read("/proc/x", 100'000)->cut);
  EXPECT_FALSE(files.ReadLine("/proc/x").ok());
  EXPECT_FALSE(files.Read("/proc/link", 10).ok());
  EXPECT_EQ(*files.ReadLink("/proc/link"), "x");
  EXPECT_TRUE(absl::IsNotFound(files.Read("/proc/none", 10).status()));
  EXPECT_EQ(StateFailure(files.Read("/proc/none", 10).status(), v1::CAUSE_VANISHED).cause(), v1::CAUSE_VANISHED);
}

TEST(MountStateTest, ALineOfMountInfo) {
  const std::optional<v1::MountState> mount = ParseMountLine(kMountLine);
  ASSERT_TRUE(mount.has_value());
  EXPECT_EQ(mount->id(), 36);
  EXPECT_EQ(mount->root(), "/ro ot");
  EXPECT_EQ(mount->mount_point(), R"(/mnt/a\x09b\\)");
  EXPECT_THAT(mount->propagation(), ElementsAre("master:1", "shared:2"));
  EXPECT_EQ(mount->file_system(), "ext3");
  EXPECT_EQ(mount->super_options(), "rw,errors=continue");
  for (const std::string_view line : {"", "1 2 3:4 / / rw", "1 2 3:4 / / rw a b c", "x 2 3:4 / / rw - a b c"}) {
    EXPECT_FALSE(ParseMountLine(line).has_value()) << line;
  }
}

TEST(MountStateTest, EachNamespaceOfMountsIsReadOnce) {
  TestingRoot root;
  for (const std::string pid : {"1", "2", "3"}) root.Write("/proc/" + pid + "/mountinfo", std::string(kMountLine));
  root.Link("/proc/1/ns/mnt", "mnt:[10]");
  root.Link("/proc/2/ns/mnt", "mnt:[10]");
  root.Link("/proc/3/ns/mnt", "mnt:[11]");
  const std::vector<v1::VolatileRecord> records = MountRecords(KernelFiles(root.path()));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].mount().mount_namespace(), 10u);
  EXPECT_EQ(records[1].mount().mount_namespace(), 11u);
}

TEST(LoginStateTest, RecordsOfUtmp) {
  const std::string bytes = Utmp(2, 0, "~", "reboot", "6.1", 1700000000, "") + Utmp(0, 9, "gone", "", "", 0, "") +
                            Utmp(7, 77, "pts/0", std::string(32, 'u'), "evil\x1b[2J", 1700000001, "\x0A\0\0\1") +
                            Utmp(99, -1, "", "", "", -1, "") + "rest";
  size_t rest_bytes = 0;
  const std::vector<v1::LoginState> logins = ParseUtmp(bytes, rest_bytes);
  ASSERT_EQ(logins.size(), 3u);
  EXPECT_EQ(rest_bytes, 4u);
  EXPECT_EQ(logins[0].type(), "boot_time");
  EXPECT_EQ(logins[0].at().seconds(), 1700000000);
  EXPECT_EQ(logins[1].type(), "user_process");
  EXPECT_EQ(logins[1].user(), std::string(32, 'u'));
  EXPECT_EQ(logins[1].host(), R"(evil\x1b[2J)");
  EXPECT_EQ(logins[2].type(), "99");
}

TEST(LoginStateTest, SessionsOfLogind) {
  TestingRoot root;
  root.Write("/run/systemd/sessions/4",
             "# This is private data.\nUID=0\nUSER=root\nACTIVE=1\nSTATE=active\nREMOTE_HOST=192.0.2.7\nSERVICE=sshd\n"
             "TTY=pts/1\nLEADER=812\nCLASS=user\nREALTIME=1700000000000001\n");
  root.Write("/run/systemd/sessions/4.ref", "");
  root.Write("/run/utmp", Utmp(7, 812, "pts/1", "root", "192.0.2.7", 1700000000, "") + "x");
  const std::vector<v1::VolatileRecord> records = LoginRecords(KernelFiles(root.path()));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].login().source(), "/run/utmp");
  EXPECT_EQ(records[1].missing().failure().cause(), v1::CAUSE_IO_ERROR);
  const v1::LoginState& session = records[2].login();
  EXPECT_EQ(session.user(), "root");
  EXPECT_EQ(session.pid(), 812);
  EXPECT_EQ(session.host(), "192.0.2.7");
  EXPECT_EQ(session.at().nanos(), 1000);
  EXPECT_EQ(session.state(), "active");
}

TEST(TracingStateTest, LinesOfTheKernelsLists) {
  TestingRoot root;
  root.Write("/sys/kernel/tracing/current_tracer", "function\n");
  root.Write("/sys/kernel/tracing/enabled_functions", "tcp4_seq_show (1) R I     M tramp: 0xffffffffc0000000\n");
  root.Write("/sys/kernel/tracing/set_ftrace_filter", "#### all functions enabled ####\n");
  root.Write("/sys/kernel/tracing/kprobe_events", "p:kprobes/x do_sys_open\n");
  int lines = 0;
  for (const v1::VolatileRecord& record : TracingRecords(KernelFiles(root.path()))) {
    if (record.has_tracing()) ++lines;
    if (record.has_missing()) {
      EXPECT_EQ(record.missing().failure().cause(), v1::CAUSE_NOT_FOUND);
    }
  }
  EXPECT_EQ(lines, 3);
}

TEST(TracingStateTest, WithoutTracefsItSaysThatItSawNothing) {
  TestingRoot root;
  root.MakeFolder("/sys/kernel/tracing");
  const std::vector<v1::VolatileRecord> records = TracingRecords(KernelFiles(root.path()));
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records[0].missing().failure().cause(), v1::CAUSE_NOT_SUPPORTED);
}

TEST(ClockStateTest, TaintIsDecodedAndWhatIsNotThereIsSaid) {
  TestingRoot root;
  root.Write("/proc/sys/kernel/random/boot_id", "0a0b\n");
  root.Write("/proc/sys/kernel/tainted", "12289\n");
  const std::vector<v1::VolatileRecord> records = ClockRecords(KernelFiles(root.path()), -7);
  ASSERT_EQ(records.size(), 5u);
  const v1::ClockState& clock = records[0].clock();
  EXPECT_EQ(clock.collector_offset_ns(), -7);
  EXPECT_EQ(clock.boot_id(), "0a0b");
  EXPECT_THAT(clock.taint_flags(), ElementsAre("proprietary_module", "out_of_tree_module", "unsigned_module"));
  EXPECT_GT(clock.utc().seconds(), 1700000000);
  EXPECT_EQ(MissingOf(records).size(), 4u);
}

TEST(KernelNamesTest, WhatHasNoNameKeepsItsNumber) {
  EXPECT_THAT(TaintNames(0), IsEmpty());
  EXPECT_THAT(TaintNames(uint64_t{1} << 63), ElementsAre("bit 63"));
  EXPECT_THAT(TaintNamesOfLetters("O?"), ElementsAre("out_of_tree_module", "?"));
  EXPECT_THAT(CapabilityNames(uint64_t{1} << 40), ElementsAre("cap_checkpoint_restore"));
  EXPECT_EQ(SocketStateName("tcp", 10), "LISTEN");
  EXPECT_EQ(SocketStateName("udp", 7), "UNCONNECTED");
  EXPECT_EQ(SocketStateName("tcp", 200), "200");
  EXPECT_EQ(UnixStateName(3), "CONNECTED");
}

TEST(TablesMutationTest, DamagedTablesNeverCrashAndNothingButUtf8ComesOfThem) {
  WithMutations(kModuleLine, 3000, [](std::string_view line) {
    const std::optional<v1::KernelModule> module = ParseModuleLine(line);
    if (module.has_value()) {
      EXPECT_TRUE(IsValidUtf8(module->name() + module->state() + module->address()));
    }
  });
  WithMutations(kMountLine, 3000, [](std::string_view line) {
    const std::optional<v1::MountState> mount = ParseMountLine(line);
    if (mount.has_value()) {
      EXPECT_TRUE(IsValidUtf8(mount->mount_point() + mount->source() + mount->options()));
    }
  });
  const std::string utmp = Utmp(7, 1, "pts/0", "u", "h", 5, "\x0A\0\0\1") + Utmp(8, 2, "pts/1", "v", "i", 6, "");
  WithMutations(utmp, 2000, [](std::string_view bytes) {
    size_t rest_bytes = 0;
    for (const v1::LoginState& login : ParseUtmp(bytes, rest_bytes)) {
      EXPECT_TRUE(IsValidUtf8(login.user() + login.host() + login.line() + login.id()));
    }
  });
  WithMutations("USER=root\nREALTIME=1700000000000001\nLEADER=1\n", 2000,
                [](std::string_view text) { EXPECT_TRUE(IsValidUtf8(ParseSession(text).user())); });
}

}  // namespace
}  // namespace hozen
