#include "agent/volatile/windows/process/driver_state.h"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/volatile/testing_mutation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const StateContext kContext{
    .refused = [](std::string_view) { return std::nullopt; }, .keep_on = [] { return true; }, .clock_offset_ns = -5};

std::vector<v1::VolatileRecord> AllOf(const NextRecord& next) {
  std::vector<v1::VolatileRecord> records;
  while (std::optional<v1::VolatileRecord> record = next()) records.push_back(*std::move(record));
  return records;
}

std::string ModuleInformation() {
  std::string bytes(8 + 2 * 296, '\0');
  bytes[0] = 2;
  const auto put = [&](size_t at, uint64_t address, uint32_t size, const char* path) {
    std::memcpy(bytes.data() + at + 16, &address, sizeof(address));
    std::memcpy(bytes.data() + at + 24, &size, sizeof(size));
    std::memcpy(bytes.data() + at + 40, path, std::strlen(path));
  };
  put(8, 0xFFFFF80012340000, 0x1000, "\\SystemRoot\\system32\\ntoskrnl.exe");
  put(8 + 296, 0, 0x2000, std::string(256, 'x').c_str());
  return bytes;
}

TEST(DriverStateTest, EntriesComeAsTheyAre) {
  const std::vector<LoadedDriver> drivers = ParseModuleInformation(ModuleInformation());
  ASSERT_THAT(drivers, SizeIs(2));
  EXPECT_EQ(drivers[0].address, 0xFFFFF80012340000u);
  EXPECT_EQ(drivers[0].size_bytes, 0x1000u);
  EXPECT_EQ(drivers[0].path, "\\SystemRoot\\system32\\ntoskrnl.exe");
  // A path without an end is as long as its field.
  EXPECT_EQ(drivers[1].path, std::string(256, 'x'));
  std::string more = ModuleInformation();
  more[3] = 0x7F;
  EXPECT_THAT(ParseModuleInformation(more), SizeIs(2));
  WithMutations(ModuleInformation(), 1000, [](std::string_view bytes) { ParseModuleInformation(bytes); });
}

TEST(DriverStateTest, DriversOfThisHostHavePaths) {
  const std::vector<v1::VolatileRecord> records = AllOf(DriverRecords(kContext));
  ASSERT_THAT(records, Not(IsEmpty()));
  size_t drivers = 0;
  for (const v1::VolatileRecord& record : records) {
    if (!record.has_kernel_module()) continue;
    ++drivers;
    EXPECT_THAT(record.kernel_module().path(), Not(IsEmpty()));
    EXPECT_THAT(record.kernel_module().name(), Not(HasSubstr("\\")));
    // What was read was both hashed and verified.
    EXPECT_EQ(record.kernel_module().sha256().empty(), record.kernel_module().signature().state().empty());
  }
  EXPECT_GT(drivers, 0u);
}

TEST(DriverStateTest, WhatTheOwnerRefusesIsNotRead) {
  StateContext context = kContext;
  context.refused = [](std::string_view) { return MakeFailure(v1::CAUSE_REFUSED_BY_POLICY, "the owner said so"); };
  for (const v1::VolatileRecord& record : AllOf(DriverRecords(context))) {
    EXPECT_THAT(record.kernel_module().sha256(), IsEmpty());
    if (record.has_missing()) {
      EXPECT_EQ(record.missing().failure().cause(), v1::CAUSE_REFUSED_BY_POLICY);
    }
  }
}

}  // namespace
}  // namespace hozen
