// The host's clock and volumes.
#include <windows.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/volatile/windows/clock_state.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/mount_state.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

const StateContext kContext{
    .refused = [](std::string_view) { return std::nullopt; }, .keep_on = [] { return true; }, .clock_offset_ns = -5};

TEST(ClockStateTest, ItIsNow) {
  const std::vector<v1::VolatileRecord> records = WindowsClockRecords(kContext);
  ASSERT_THAT(records, Not(IsEmpty()));
  const v1::ClockState& clock = records[0].clock();
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  EXPECT_NEAR(static_cast<double>(clock.utc().seconds()), static_cast<double>(now), 60);
  EXPECT_GT(clock.uptime_ns(), 0);
  EXPECT_GT(clock.monotonic_ns(), 0);
  EXPECT_LE(clock.monotonic_ns(), clock.uptime_ns() + 60'000'000'000);
  // wine's boot is that of its server, its time since boot the machine's.
  EXPECT_GT(clock.booted().seconds(), now - clock.uptime_ns() / 1'000'000'000 - 60);
  EXPECT_LE(clock.booted().seconds(), now);
  EXPECT_EQ(clock.collector_offset_ns(), -5);
  wchar_t name[256] = {};
  DWORD size = 256;
  ASSERT_TRUE(::GetComputerNameExW(ComputerNamePhysicalDnsHostname, name, &size));
  EXPECT_THAT(clock.hostname(), StartsWith(WideText(name)));
  EXPECT_THAT(clock.kernel_release(), MatchesRegex("\\d+\\.\\d+\\.\\d+.*"));
  for (size_t i = 1; i < records.size(); ++i) EXPECT_TRUE(records[i].has_missing());
}

TEST(ClockStateTest, OptionsOfCodeIntegrityHaveNames) {
  EXPECT_THAT(CodeIntegrityNames(0x01), IsEmpty());
  EXPECT_THAT(CodeIntegrityNames(0x83), ElementsAre("test_signing", "debug_mode"));
  EXPECT_THAT(CodeIntegrityNames(0), ElementsAre("code_integrity_off"));
}

TEST(MountStateTest, TheSystemsVolumeIsThere) {
  bool found = false;
  for (const v1::VolatileRecord& record : WindowsMountRecords(kContext)) {
    const v1::MountState& mount = record.mount();
    if (mount.mount_point() != "C:\\\\") continue;
    found = true;
    EXPECT_THAT(mount.device(), StartsWith("\\\\Device\\\\"));
    EXPECT_THAT(mount.super_options(), HasSubstr("kind=fixed"));
    EXPECT_THAT(mount.options(), StartsWith("rw"));
    EXPECT_THAT(mount.file_system(), Not(IsEmpty()));
  }
  EXPECT_TRUE(found);
}

TEST(MountStateTest, ALetterForAFolderSaysForWhich) {
  if (!::DefineDosDeviceW(0, L"Q:", L"C:\\windows")) GTEST_SKIP() << "letters cannot be given here";
  bool found = false;
  for (const v1::VolatileRecord& record : WindowsMountRecords(kContext)) {
    if (record.mount().mount_point() != "Q:\\\\") continue;
    found = true;
    EXPECT_EQ(record.mount().source(), "C:\\\\windows");
  }
  ::DefineDosDeviceW(DDD_REMOVE_DEFINITION, L"Q:", nullptr);
  EXPECT_TRUE(found);
}

TEST(MountStateTest, OptionsSayWhetherItCanBeWritten) {
  EXPECT_EQ(VolumeOptions(FILE_READ_ONLY_VOLUME | FILE_VOLUME_IS_COMPRESSED), "ro,compressed");
  EXPECT_EQ(VolumeOptions(FILE_NAMED_STREAMS), "rw,named_streams");
}

}  // namespace
}  // namespace hozen
