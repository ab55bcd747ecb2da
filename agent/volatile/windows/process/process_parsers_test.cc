// Bytes of the kernel and of processes taken apart, hostile ones too.
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/volatile/testing_mutation.h"
#include "agent/volatile/windows/process/code_signature.h"
#include "agent/volatile/windows/process/process_handles.h"
#include "agent/volatile/windows/process/process_list.h"
#include "agent/volatile/windows/process/process_parameters.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <typename Number>
void Put(std::string& bytes, size_t at, Number number) {
  if (bytes.size() < at + sizeof(number)) bytes.resize(at + sizeof(number));
  std::memcpy(bytes.data() + at, &number, sizeof(number));
}

std::string Utf16(std::wstring_view text) {
  return {reinterpret_cast<const char*>(text.data()), text.size() * sizeof(wchar_t)};
}

// As the kernel writes it, at this address.
constexpr uint64_t kAddress = 0x10000;

struct Entry {
  uint32_t pid;
  uint32_t parent;
  uint64_t created;
  std::wstring name;
  uint32_t suspended_threads = 0;
};

Answer ProcessInformation(const std::vector<Entry>& entries) {
  Answer answer{.address = kAddress};
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const size_t at = answer.bytes.size();
    const size_t name_at = 256 + 80 * entry.suspended_threads;
    std::string one(name_at, '\0');
    Put(one, 4, entry.suspended_threads);
    for (uint32_t thread = 0; thread < entry.suspended_threads; ++thread) {
      Put(one, 256 + 80 * thread + 68, uint32_t{5});
      Put(one, 256 + 80 * thread + 72, uint32_t{5});
    }
    Put(one, 32, entry.created);
    Put(one, 56, static_cast<uint16_t>(entry.name.size() * 2));
    Put(one, 64, kAddress + at + name_at);
    Put(one, 80, uint64_t{entry.pid});
    Put(one, 88, uint64_t{entry.parent});
    one += Utf16(entry.name);
    one.resize((one.size() + 7) & ~size_t{7});
    if (i + 1 < entries.size()) Put(one, 0, static_cast<uint32_t>(one.size()));
    answer.bytes += one;
  }
  return answer;
}

std::vector<std::pair<uint32_t, uint32_t>> PidsAndDepths(const std::vector<RunningProcess>& processes) {
  std::vector<std::pair<uint32_t, uint32_t>> all;
  for (const RunningProcess& one : processes) all.emplace_back(one.pid, one.depth);
  return all;
}

TEST(ProcessInformationTest, EntriesComeAsTheyAre) {
  const std::vector<RunningProcess> listed = ParseProcessInformation(
      ProcessInformation({{0, 0, 0, L""}, {4, 0, 10, L"System"}, {8, 4, 20, L"\x4fdd.exe", 2}}));
  ASSERT_THAT(listed, SizeIs(3));
  EXPECT_EQ(listed[1].name, "System");
  EXPECT_FALSE(listed[1].suspended);
  EXPECT_EQ(listed[2].pid, 8u);
  EXPECT_EQ(listed[2].parent_pid, 4u);
  EXPECT_EQ(listed[2].created, 20u);
  EXPECT_EQ(listed[2].name, "\u4fdd.exe");
  EXPECT_TRUE(listed[2].suspended);
}

TEST(ProcessInformationTest, DamagedBytesAreRead) {
  const Answer sample = ProcessInformation({{4, 0, 10, L"System", 3}, {8, 4, 20, L"a.exe", 1}, {12, 8, 30, L"b.exe"}});
  EXPECT_THAT(ParseProcessInformation({}), IsEmpty());
  WithMutations(sample.bytes, 3000, [](std::string_view bytes) {
    const std::vector<RunningProcess> listed = ParseProcessInformation({std::string(bytes), kAddress});
    EXPECT_EQ(InFamilyOrder(listed).size(), listed.size());
  });
}

TEST(InFamilyOrderTest, AParentBeganBeforeItsChild) {
  std::vector<RunningProcess> processes = {{.pid = 30, .parent_pid = 20, .created = 5},
                                           {.pid = 10, .parent_pid = 99, .created = 1},
                                           {.pid = 20, .parent_pid = 10, .created = 7},  // a number used again
                                           {.pid = 40, .parent_pid = 10, .created = 2},
                                           {.pid = 50, .parent_pid = 40, .created = 9}};
  EXPECT_THAT(
      PidsAndDepths(InFamilyOrder(processes)),
      ElementsAre(std::pair(10u, 0u), std::pair(40u, 1u), std::pair(50u, 2u), std::pair(20u, 1u), std::pair(30u, 0u)));
}

TEST(InFamilyOrderTest, NobodyIsHisOwnDescendant) {
  EXPECT_THAT(PidsAndDepths(InFamilyOrder({{.pid = 1, .parent_pid = 2}, {.pid = 2, .parent_pid = 1}})),
              ElementsAre(std::pair(1u, 0u), std::pair(2u, 1u)));
  EXPECT_THAT(PidsAndDepths(InFamilyOrder({{.pid = 7, .parent_pid = 7}})), ElementsAre(std::pair(7u, 0u)));
}

TEST(HandleInformationTest, MoreThanIsThereIsNotRead) {
  Answer answer;
  Put(answer.bytes, 0, uint64_t{1} << 60);
  Put(answer.bytes, 16 + 8, uint64_t{4711});
  Put(answer.bytes, 16 + 16, uint64_t{0x1c});
  Put(answer.bytes, 16 + 24, uint32_t{0x1FFFFF});
  Put(answer.bytes, 16 + 30, uint16_t{7});
  answer.bytes.resize(16 + 40 + 39);
  const std::vector<OpenHandle> handles = ParseHandleInformation(answer);
  ASSERT_THAT(handles, SizeIs(1));
  EXPECT_EQ(handles[0].pid, 4711u);
  EXPECT_EQ(handles[0].value, 0x1cu);
  EXPECT_EQ(handles[0].access, 0x1FFFFFu);
  EXPECT_EQ(handles[0].type_index, 7u);
  EXPECT_THAT(ParseHandleInformation({.bytes = "x"}), IsEmpty());
}

// A process's memory, of which these bytes are all.
MemoryReader Memory(std::string bytes) {
  return [bytes = std::move(bytes)](uint64_t address, size_t size) -> absl::StatusOr<std::string> {
    if (address > bytes.size() || bytes.size() - address < size) return absl::DataLossError("nothing there");
    return bytes.substr(address, size);
  };
}

std::string MemoryOf32Bits() {
  std::string bytes(0x2000, '\0');
  Put(bytes, 0x100 + 0x10, uint32_t{0x200});
  const auto text = [&](size_t at, uint32_t address, std::wstring_view wide) {
    Put(bytes, 0x200 + at, static_cast<uint16_t>(wide.size() * 2));
    Put(bytes, 0x200 + at + 4, address);
    bytes.replace(address, wide.size() * 2, Utf16(wide));
  };
  text(0x24, 0x600, L"C:\\x\\");
  text(0x38, 0x700, L"C:\\x\\y.exe");
  text(0x40, 0x800, L"y \"a b\"");
  Put(bytes, 0x200 + 0x48, uint32_t{0xFF0});
  const std::wstring_view environment(L"=C:=C:\\x\0A=\0B=c=d\0\0", 20);
  bytes.replace(0xFF0, environment.size() * 2, Utf16(environment));
  return bytes;
}

TEST(ProcessParametersTest, ThoseOf32Bits) {
  const absl::StatusOr<ProcessParameters> got =
      ReadProcessParameters(Memory(MemoryOf32Bits()), 0x100, PointerSize::k32Bits);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->working_folder, L"C:\\x\\");
  EXPECT_EQ(got->image, L"C:\\x\\y.exe");
  EXPECT_EQ(got->command_line, L"y \"a b\"");
  EXPECT_FALSE(got->environment_cut);
  const auto variables = ParseEnvironmentBlock(got->environment);
  EXPECT_THAT(variables, ElementsAre(std::pair(std::wstring(L"=C:"), std::wstring(L"C:\\x")),
                                     std::pair(std::wstring(L"A"), std::wstring()),
                                     std::pair(std::wstring(L"B"), std::wstring(L"c=d"))));
}

TEST(ProcessParametersTest, AnEnvironmentWithoutAnEndIsCut) {
  std::string bytes = MemoryOf32Bits();
  bytes.resize(0xFF0);
  bytes.append(3 << 20, 'x');
  const absl::StatusOr<ProcessParameters> got = ReadProcessParameters(Memory(bytes), 0x100, PointerSize::k32Bits);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(got->environment_cut);
  EXPECT_LE(got->environment.size(), size_t{1 << 20} + 4096);
}

TEST(ProcessParametersTest, DamagedMemoryIsRead) {
  WithMutations(MemoryOf32Bits(), 2000, [](std::string_view bytes) {
    for (const PointerSize pointers : {PointerSize::k32Bits, PointerSize::k64Bits}) {
      const auto got = ReadProcessParameters(Memory(std::string(bytes)), 0x100, pointers);
      if (got.ok()) ParseEnvironmentBlock(got->environment);
    }
  });
}

TEST(EnvironmentBlockTest, WhatIsNoBlockIsReadUpToItsEnd) {
  EXPECT_THAT(ParseEnvironmentBlock(""), IsEmpty());
  EXPECT_THAT(ParseEnvironmentBlock("a"), IsEmpty());
  EXPECT_THAT(ParseEnvironmentBlock(Utf16(L"=")), ElementsAre(std::pair(std::wstring(L"="), std::wstring())));
}

TEST(SignatureStateTest, ErrorsHaveTheirWords) {
  EXPECT_EQ(SignatureState(0), "valid");
  EXPECT_EQ(SignatureState(0x800B0100), "unsigned");
  EXPECT_EQ(SignatureState(0x80096010), "wrong_hash");
  EXPECT_EQ(SignatureState(0x800B010C), "revoked");
  EXPECT_EQ(SignatureState(0x80070002), "error");
}

}  // namespace
}  // namespace hozen
