// What a process was started with, as it stands in its own memory, where it may have changed it: its working folder,
// its environment, its command line.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_PARAMETERS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_PARAMETERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

// Bytes of a process's memory: as many as were asked for, or the reason why there are none.
using MemoryReader = std::function<absl::StatusOr<std::string>(uint64_t address, size_t size_bytes)>;

// Of Windows. A program of 32 bits on a system of 64 has both, and keeps its own up to date.
enum class PointerSize { k32Bits = 4, k64Bits = 8 };

struct ProcessParameters {
  std::wstring working_folder;
  std::wstring image;  // as whoever started it called it
  std::wstring command_line;
  std::string environment;       // UTF-16, as ParseEnvironmentBlock takes it
  bool environment_cut = false;  // there is more than 1 MiB
};

// All are thread-safe.

// PEB, RTL_USER_PROCESS_PARAMETERS: winternl.h has the beginning of them, Windows Internals the rest. Everything there
// is a stranger's: an address that leads nowhere is the error of `read`, a text's size is at most 64 KiB.
absl::StatusOr<ProcessParameters> ReadProcessParameters(const MemoryReader& read, uint64_t peb, PointerSize pointers);

// Names and values; at most 65,536. What has no name (drives' current folders: "=C:=C:\x") keeps its first "=".
std::vector<std::pair<std::wstring, std::wstring>> ParseEnvironmentBlock(std::string_view utf16);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_PARAMETERS_H_
