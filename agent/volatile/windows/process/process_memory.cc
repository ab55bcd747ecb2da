#include "agent/volatile/windows/process/process_memory.h"

#include <windows.h>
// After windows.h.
#include <psapi.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "agent/volatile/windows/host_values.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr size_t kMost = 4096;
constexpr size_t kMostRegions = 262'144;
constexpr DWORD kMostPathChars = 32'768;
constexpr DWORD kRunnable = PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
constexpr DWORD kRunnableAndWritable = PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;

uint64_t AddressOf(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

std::string RangeText(uint64_t address, uint64_t size_bytes) {
  char text[40];
  std::snprintf(text, sizeof(text), "%08llx-%08llx", static_cast<unsigned long long>(address),
                static_cast<unsigned long long>(address + size_bytes));
  return text;
}

class Walk {
 public:
  Walk(HANDLE process, const DevicePaths& paths) : process_(process), paths_(paths), path_(kMostPathChars, L'\0') {}

  absl::StatusOr<ProcessMemory> Make() {
    uint64_t address = 0;
    size_t regions = 0;
    MEMORY_BASIC_INFORMATION region = {};
    while (::VirtualQueryEx(process_, reinterpret_cast<void*>(address), &region, sizeof(region)) == sizeof(region)) {
      if (++regions > kMostRegions) {
        memory_.cut = true;
        break;
      }
      if (region.State == MEM_COMMIT) Add(region);
      const uint64_t next = AddressOf(region.BaseAddress) + region.RegionSize;
      if (next <= address) break;
      address = next;
    }
    if (regions == 0) return Win32Status(::GetLastError(), "Walking its memory");
    AddLoaderList();
    AddUnlisted();
    return std::move(memory_);
  }

 private:
  std::wstring PathAt(const void* address) {
    const DWORD size = ::GetMappedFileNameW(process_, const_cast<void*>(address), path_.data(), kMostPathChars);
    return size == 0 ? L"" : paths_.PathOfDevice({path_.data(), size});
  }

  // Regions of one allocation stand behind each other.
  void Add(const MEMORY_BASIC_INFORMATION& region) {
    const uint64_t base = AddressOf(region.AllocationBase);
    if (region.Type != MEM_PRIVATE && base != allocation_) {
      allocation_ = base;
      allocation_path_ = PathAt(region.BaseAddress);
      if (region.Type == MEM_IMAGE) AddImage(base);
    }
    const bool of_a_file = region.Type != MEM_PRIVATE && !allocation_path_.empty();
    if (region.Type == MEM_IMAGE && !memory_.images.empty() && memory_.images.back().address == base) {
      memory_.images.back().size_bytes = AddressOf(region.BaseAddress) + region.RegionSize - base;
    }
    if (of_a_file) AddFile(region);
    const DWORD protection = region.Protect & 0xFF;
    const bool suspect = (protection & kRunnableAndWritable) != 0 || ((protection & kRunnable) != 0 && !of_a_file);
    // A page of a library that is written once, when it is loaded, is copied then and is nobody's secret.
    if (!suspect || (protection == PAGE_EXECUTE_WRITECOPY && region.Type == MEM_IMAGE)) return;
    AddSuspect(RangeText(AddressOf(region.BaseAddress), region.RegionSize),
               PermissionsText(protection, region.Type == MEM_MAPPED), of_a_file ? WideText(allocation_path_) : "");
  }

  void AddImage(uint64_t base) {
    if (memory_.images.size() == kMost) {
      memory_.cut = true;
      return;
    }
    memory_.images.push_back({.address = base, .path = allocation_path_, .mapped = true});
  }

  void AddFile(const MEMORY_BASIC_INFORMATION& region) {
    auto found = file_at_.find(allocation_path_);
    if (found == file_at_.end()) {
      if (memory_.mapped_files.size() == kMost) {
        memory_.cut = true;
        return;
      }
      found = file_at_.emplace(allocation_path_, memory_.mapped_files.size()).first;
      memory_.mapped_files.emplace_back().set_path(WideText(allocation_path_));
    }
    v1::MappedFile& file = memory_.mapped_files[found->second];
    file.set_mapped_bytes(file.mapped_bytes() + region.RegionSize);
    if ((region.Protect & kRunnable) != 0) file.set_executable(true);
  }

  void AddSuspect(std::string addresses, std::string permissions, std::string name) {
    if (memory_.suspect_regions.size() == kMost) {
      memory_.cut = true;
      return;
    }
    v1::MemoryRegion& suspect = memory_.suspect_regions.emplace_back();
    suspect.set_addresses(std::move(addresses));
    suspect.set_permissions(std::move(permissions));
    suspect.set_name(std::move(name));
  }

  std::wstring LoadersPath(HMODULE module) {
    return path_.substr(0, ::GetModuleFileNameExW(process_, module, path_.data(), kMostPathChars));
  }

  // What the process itself says it has loaded, of 32 and of 64 bits.
  void AddLoaderList() {
    std::vector<HMODULE> modules(kMost);
    DWORD needed = 0;
    const auto room = static_cast<DWORD>(modules.size() * sizeof(HMODULE));
    if (!::EnumProcessModulesEx(process_, modules.data(), room, &needed, LIST_MODULES_ALL)) {
      memory_.loader_status = Win32Status(::GetLastError(), "Reading its loader's list");
      return;
    }
    if (needed > room) memory_.cut = true;
    modules.resize(std::min(needed, room) / sizeof(HMODULE));
    std::map<uint64_t, size_t> by_address;
    for (size_t i = 0; i < memory_.images.size(); ++i) by_address.emplace(memory_.images[i].address, i);
    for (const HMODULE module : modules) {
      const uint64_t address = AddressOf(module);
      if (const auto known = by_address.find(address); known != by_address.end()) {
        MappedImage& image = memory_.images[known->second];
        image.listed = true;
        if (image.path.empty()) image.path = LoadersPath(module);
        continue;
      }
      if (!by_address.emplace(address, memory_.images.size()).second) continue;
      MappedImage image = {.address = address, .listed = true};
      MODULEINFO facts = {};
      if (::GetModuleInformation(process_, module, &facts, sizeof(facts))) image.size_bytes = facts.SizeOfImage;
      image.path = LoadersPath(module);
      memory_.images.push_back(std::move(image));
    }
    std::sort(memory_.images.begin(), memory_.images.end(),
              [](const MappedImage& one, const MappedImage& other) { return one.address < other.address; });
  }

  void AddUnlisted() {
    if (!memory_.loader_status.ok() || memory_.cut) return;
    for (const MappedImage& image : memory_.images) {
      if (image.listed && image.mapped) continue;
      AddSuspect(RangeText(image.address, image.size_bytes), "",
                 Concat(WideText(image.path), image.listed ? " (in the loader's list, and no image is mapped there)"
                                                           : " (an image that is not in the loader's list)"));
    }
  }

  const HANDLE process_;
  const DevicePaths& paths_;
  std::wstring path_;
  ProcessMemory memory_;
  uint64_t allocation_ = 0;
  std::wstring allocation_path_;
  std::map<std::wstring, size_t> file_at_;
};

}  // namespace

MemoryReader ReaderOf(void* process) {
  return [process](uint64_t address, size_t size_bytes) -> absl::StatusOr<std::string> {
    std::string bytes(size_bytes, '\0');
    SIZE_T got = 0;
    if (!::ReadProcessMemory(process, reinterpret_cast<const void*>(address), bytes.data(), size_bytes, &got) ||
        got != size_bytes) {
      return Win32Status(::GetLastError(), "Reading its memory");
    }
    return bytes;
  };
}

absl::StatusOr<ProcessMemory> WalkMemory(void* process, const DevicePaths& paths) {
  return Walk(process, paths).Make();
}

std::string PermissionsText(uint32_t protection, bool is_shared) {
  std::string text = "---";
  const DWORD kind = protection & 0xFF;
  if (kind != 0 && kind != PAGE_NOACCESS && kind != PAGE_EXECUTE) text[0] = 'r';
  if (kind == PAGE_READWRITE || kind == PAGE_WRITECOPY || (kind & kRunnableAndWritable) != 0) text[1] = 'w';
  if ((kind & kRunnable) != 0) text[2] = 'x';
  text += is_shared ? 's' : 'p';
  if ((protection & PAGE_GUARD) != 0) text += " guard";
  return text;
}

}  // namespace hozen
