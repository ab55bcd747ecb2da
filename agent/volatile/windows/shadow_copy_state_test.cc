#include "agent/volatile/windows/shadow_copy_state.h"

#include <string>
#include <vector>

#include "agent/acquire/failure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kDevice[] = R"(\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy)";

v1::ShadowCopy Copy(const std::string& device) {
  v1::ShadowCopy copy;
  copy.set_device(device);
  return copy;
}

std::vector<std::string> Devices(const std::vector<v1::ShadowCopy>& copies) {
  std::vector<std::string> devices;
  for (const v1::ShadowCopy& copy : copies) devices.push_back(copy.device() + " " + copy.seen_in());
  return devices;
}

TEST(ShadowCopiesTest, ADeviceThatTheServiceDoesNotKnowIsACopyToo) {
  const std::string device = kDevice;
  EXPECT_THAT(Devices(JoinShadowCopies({Copy(device + "12"), Copy(""),
                                        Copy(R"(\\?\globalroot\device\)"
                                             "harddiskvolumeshadowcopy2")},
                                       {device + "2", device + "3", device + "12"})),
              ElementsAre(" vss", R"(\\?\globalroot\device\harddiskvolumeshadowcopy2 vss)", device + "3 device",
                          device + "12 vss"));
  EXPECT_THAT(JoinShadowCopies({}, {}), IsEmpty());
}

TEST(ShadowCopiesTest, FlagsAreNames) {
  EXPECT_THAT(ShadowCopyAttributes(0), IsEmpty());
  EXPECT_THAT(ShadowCopyAttributes(0x0042000D),
              ElementsAre("PERSISTENT", "CLIENT_ACCESSIBLE", "NO_AUTO_RELEASE", "DIFFERENTIAL", "AUTORECOVER"));
  EXPECT_THAT(ShadowCopyAttributes(0x80000001), ElementsAre("PERSISTENT", "0x80000000"));
}

class ShadowCopyStateTest : public ::testing::Test {
 protected:
  std::vector<v1::VolatileRecord> Records(const ShadowCopyLister& list) {
    const NextRecord next = ShadowCopyRecords(context_, list);
    std::vector<v1::VolatileRecord> records;
    while (std::optional<v1::VolatileRecord> record = next()) records.push_back(*std::move(record));
    return records;
  }

  StateContext context_ = {.refused = [](std::string_view) -> std::optional<v1::Failure> { return std::nullopt; },
                           .keep_on = [] { return true; },
                           .clock_offset_ns = std::nullopt};
};

TEST_F(ShadowCopyStateTest, WhatCannotBeOpenedIsToldWithoutItsSize) {
  const std::string device = std::string(kDevice) + "9999";
  const std::vector<v1::VolatileRecord> records = Records([&](const std::function<bool()>&) -> ShadowCopies {
    return {.copies = {Copy(device)}, .service = absl::OkStatus(), .devices = absl::OkStatus()};
  });
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].shadow_copy().device(), device);
  EXPECT_EQ(records[0].shadow_copy().size_bytes(), 0u);
  EXPECT_EQ(records[1].missing().failure().cause(), v1::CAUSE_VANISHED) << records[1].DebugString();
}

TEST_F(ShadowCopyStateTest, ThePolicyHoldsForThemToo) {
  context_.refused = [](std::string_view path) -> std::optional<v1::Failure> {
    EXPECT_THAT(std::string(path), HasSubstr("ShadowCopy7"));
    return MakeFailure(v1::CAUSE_REFUSED_BY_POLICY, "no");
  };
  const std::vector<v1::VolatileRecord> records = Records([&](const std::function<bool()>&) -> ShadowCopies {
    return {.copies = {Copy(std::string(kDevice) + "7")}, .service = absl::OkStatus(), .devices = absl::OkStatus()};
  });
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].missing().failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
}

// Wine has no such service; a Windows has, and may have copies.
TEST_F(ShadowCopyStateTest, AServiceThatDoesNotAnswerIsSaid) {
  const ShadowCopies all = ListShadowCopies([] { return true; });
  EXPECT_TRUE(all.devices.ok()) << all.devices;
  const std::vector<v1::VolatileRecord> records = Records(&ListShadowCopies);
  if (all.service.ok()) GTEST_SKIP() << "this system has a service that answers";
  ASSERT_FALSE(records.empty());
  EXPECT_THAT(records[0].missing().what(), HasSubstr("Volume Shadow Copy Service"));
  EXPECT_EQ(records[0].missing().failure().cause(), v1::CAUSE_NOT_SUPPORTED) << records[0].DebugString();
}

}  // namespace
}  // namespace hozen
