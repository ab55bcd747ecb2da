#include "agent/volatile/linux/process_text.h"

#include <string>

#include "agent/volatile/testing_mutation.h"
#include "core/base/printable.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kStat =
    "1234 (a b) c) S 7 1234 1230 34816 5000 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 40710144 2746 "
    "18446744073709551615 1 1 0 0 0 0 0 4096 1256 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

constexpr std::string_view kStatus =
    "Name:\tsshd\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t1234\nNgid:\t0\nPid:\t1234\nPPid:\t7\nTracerPid:\t99\n"
    "Uid:\t1000\t0\t1001\t1002\nGid:\t5\t6\t7\t8\nGroups:\t4 24 27 \nNStgid:\t1234\t5\nNSpid:\t1234\t5\n"
    "VmSize:\t    8192 kB\nVmRSS:\t    4096 kB\nThreads:\t3\nCapInh:\t0000000000000000\nCapPrm:\t0000000000003000\n"
    "CapEff:\t0000000000001000\nCapBnd:\t000001ffffffffff\nCapAmb:\t8000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";

constexpr std::string_view kMaps =
    "55d0c0000000-55d0c0002000 r--p 00000000 fe:00 131 /usr/bin/x y\n"
    "55d0c0002000-55d0c0004000 r-xp 00002000 fe:00 131 /usr/bin/x y\n"
    "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n"
    "7f0000002000-7f0000003000 r-xp 00000000 00:00 0 \n"
    "7f0000004000-7f0000005000 rw-p 00000000 00:00 0                          [heap]\n"
    "7f0000006000-7f0000007000 r-xp 00000000 00:01 77                         /tmp/lib.so (deleted)\n"
    "7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0                          [vdso]\n";

TEST(ProcessTextTest, AStatWithBracketsAndBlanksInItsName) {
  const std::optional<ProcessStat> stat = ParseProcessStat(kStat);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->pid, 1234);
  EXPECT_EQ(stat->name, "a b) c");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent_pid, 7);
  EXPECT_EQ(stat->session, 1230);
  EXPECT_EQ(stat->terminal, 34816);
  EXPECT_EQ(stat->start_ticks, 987654u);
  EXPECT_FALSE(stat->kernel_thread());
}

TEST(ProcessTextTest, AStatThatIsNoneIsNone) {
  for (const std::string_view text : {"", "1", "1 (x", "1 (x) S 2", "x (x) S 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1",
                                      "1 (x) SS 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1", ") (1"}) {
    EXPECT_FALSE(ParseProcessStat(text).has_value()) << text;
  }
}

TEST(ProcessTextTest, AKernelThreadIsToldByItsFlags) {
  const std::optional<ProcessStat> stat =
      ParseProcessStat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0");
  ASSERT_TRUE(stat.has_value());
  EXPECT_TRUE(stat->kernel_thread());
}

TEST(ProcessTextTest, AStatusSaysWhoItIsAndWhatItMay) {
  v1::ProcessState process;
  ParseProcessStatus(kStatus, process);
  EXPECT_THAT(process.uids(), ElementsAre(1000u, 0u, 1001u, 1002u));
  EXPECT_THAT(process.gids(), ElementsAre(5u, 6u, 7u, 8u));
  EXPECT_THAT(process.groups(), ElementsAre(4u, 24u, 27u));
  EXPECT_THAT(process.namespace_pids(), ElementsAre(1234, 5));
  EXPECT_EQ(process.tracer_pid(), 99);
  EXPECT_EQ(process.threads(), 3u);
  EXPECT_EQ(process.virtual_bytes(), 8192u * 1024);
  EXPECT_EQ(process.resident_bytes(), 4096u * 1024);
  EXPECT_TRUE(process.no_new_privileges());
  EXPECT_EQ(process.seccomp(), "filter");
  EXPECT_THAT(process.capabilities().inheritable(), IsEmpty());
  EXPECT_THAT(process.capabilities().permitted(), ElementsAre("cap_net_admin", "cap_net_raw"));
  EXPECT_THAT(process.capabilities().effective(), ElementsAre("cap_net_admin"));
  EXPECT_EQ(process.capabilities().bounding_size(), 41);
  EXPECT_THAT(process.capabilities().ambient(), ElementsAre("bit 63"));
  EXPECT_EQ(StatusField(kStatus, "Tgid"), "1234");
  EXPECT_EQ(StatusField(kStatus, "Tgi"), "");
}

TEST(ProcessTextTest, ArgumentsAndEnvironmentsMayHoldAnything) {
  v1::ProcessState process;
  ParseCommandLine(std::string_view("a\0\0-\xff\n\0last", 11), process);
  EXPECT_THAT(process.command_line(), ElementsAre("a", "", R"(-\xff\x0a)", "last"));
  ParseEnvironment(std::string_view("PATH=/bin:=x\0NAKED\0=empty\0\0B=\\", 30), process);
  ASSERT_EQ(process.environment_size(), 4);
  EXPECT_EQ(process.environment(0).name(), "PATH");
  EXPECT_EQ(process.environment(0).value(), "/bin:=x");
  EXPECT_EQ(process.environment(1).name(), "NAKED");
  EXPECT_EQ(process.environment(2).name(), "");
  EXPECT_EQ(process.environment(2).value(), "empty");
  EXPECT_EQ(process.environment(3).value(), R"(\\)");
}

TEST(ProcessTextTest, MapsAreSummedUpByFileAndSuspectOnesAreNamed) {
  v1::ProcessState process;
  EXPECT_TRUE(ParseMaps(kMaps, 100, process));
  ASSERT_EQ(process.mapped_files_size(), 2);
  EXPECT_EQ(process.mapped_files(0).path(), "/usr/bin/x y");
  EXPECT_EQ(process.mapped_files(0).mapped_bytes(), 0x4000u);
  EXPECT_TRUE(process.mapped_files(0).executable());
  EXPECT_FALSE(process.mapped_files(0).deleted());
  EXPECT_EQ(process.mapped_files(0).device(), 0xfe00u);
  EXPECT_TRUE(process.mapped_files(1).deleted());
  ASSERT_EQ(process.suspect_regions_size(), 2);
  EXPECT_EQ(process.suspect_regions(0).permissions(), "rwxp");
  EXPECT_EQ(process.suspect_regions(1).addresses(), "7f0000002000-7f0000003000");
}

TEST(ProcessTextTest, HugeMapsAreCutAndThatIsSaid) {
  std::string maps;
  for (int i = 0; i < 3000; ++i) maps += "1000-2000 rwxp 00000000 00:01 " + std::to_string(i + 1) + " /f\n";
  v1::ProcessState process;
  EXPECT_FALSE(ParseMaps(maps, 1000, process));
  EXPECT_EQ(process.mapped_files_size(), 1000);
  EXPECT_EQ(process.suspect_regions_size(), 1000);
}

TEST(ProcessTextTest, NumbersInBracketsAndMarksOfDeletion) {
  EXPECT_EQ(BracketedNumber("net:[4026531833]", "net"), 4026531833u);
  EXPECT_EQ(BracketedNumber("socket:[7]", "socket"), 7u);
  for (const std::string_view text : {"", "net:[]", "net:[x]", "net[4]", "mnt:[4]", "net:[4", "net:[-4]"}) {
    EXPECT_FALSE(BracketedNumber(text, "net").has_value()) << text;
  }
  EXPECT_TRUE(SaysDeleted("/x (deleted)"));
  EXPECT_FALSE(SaysDeleted("/x"));
  EXPECT_TRUE(IsMemoryFile("/memfd:x (deleted)"));
  EXPECT_FALSE(IsMemoryFile("/memfd:x"));
}

TEST(ProcessTextTest, DamagedTextsNeverCrashAndNothingButUtf8ComesOfThem) {
  const std::string sample(kStat);
  WithMutations(sample, 3000, [](std::string_view text) { (void)ParseProcessStat(text); });
  const auto is_text = [](const std::string& text) { EXPECT_TRUE(IsValidUtf8(text)); };
  WithMutations(kStatus, 1000, [&](std::string_view text) {
    v1::ProcessState process;
    ParseProcessStatus(text, process);
    is_text(process.seccomp());
  });
  WithMutations(kMaps, 1000, [&](std::string_view text) {
    v1::ProcessState process;
    ParseMaps(text, 4, process);
    for (const v1::MappedFile& file : process.mapped_files()) is_text(file.path());
    for (const v1::MemoryRegion& region : process.suspect_regions()) is_text(region.name());
  });
  WithMutations(std::string_view("A=b\0c=\0=\0d", 10), 1000, [&](std::string_view text) {
    v1::ProcessState process;
    ParseEnvironment(text, process);
    ParseCommandLine(text, process);
    for (const std::string& argument : process.command_line()) is_text(argument);
    for (const v1::EnvironmentVariable& one : process.environment()) is_text(one.name() + one.value());
  });
}

}  // namespace
}  // namespace hozen
