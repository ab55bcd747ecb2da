// What lies in a process's memory: which files it has mapped, what its loader knows, what can be executed and is no
// file's.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_MEMORY_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_MEMORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/volatile/windows/device_paths.h"
#include "agent/volatile/windows/process/process_parameters.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// A program or library in memory.
struct MappedImage {
  uint64_t address = 0;
  uint64_t size_bytes = 0;
  std::wstring path;    // of the file that is mapped; where none is, what the loader says. Empty: neither says.
  bool listed = false;  // the process's loader has it in its list
  bool mapped = false;  // the kernel has mapped a file as an image there
};

struct ProcessMemory {
  std::vector<MappedImage> images;           // by address
  std::vector<v1::MappedFile> mapped_files;  // data and images, each file once, in the order of their addresses
  std::vector<v1::MemoryRegion> suspect_regions;
  bool cut = false;            // there were more than the bounds allow
  absl::Status loader_status;  // why the loader's list could not be had; no image counts as unlisted then
};

// All are thread-safe. `process` is a handle with the rights to query it and to read its memory.

// Bytes of its memory; exactly as many as are asked for, or the error.
MemoryReader ReaderOf(void* process);

// Walks its addresses by VirtualQueryEx, at most 4,096 images, files and suspect regions and 262,144 regions in all,
// and asks for the loader's list. A region is suspect where it can be executed and is private or of no file, can be
// both written and executed, or is an image that is not in the loader's list. Only what the process has at the moment:
// it runs on.
absl::StatusOr<ProcessMemory> WalkMemory(void* process, const DevicePaths& paths);

// "r-xp" as /proc/PID/maps has it, of a PAGE_... protection: p where what is written is its own.
std::string PermissionsText(uint32_t protection, bool is_shared);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_PROCESS_MEMORY_H_
