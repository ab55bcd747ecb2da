#include "agent/platform/object_directory_windows.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMostObjects = 65'536;
constexpr ULONG kBufferBytes = 64 << 10;  // two names, each of at most 32,767 units, come close
constexpr ACCESS_MASK kDirectoryQuery = 1;
constexpr NTSTATUS kNoMoreEntries = static_cast<NTSTATUS>(0x8000001A);

// As the documentation above has it; mingw-w64's headers do not.
struct ObjectDirectoryInformation {
  UNICODE_STRING name;
  UNICODE_STRING type_name;
};

extern "C" {
NTSTATUS NTAPI NtOpenDirectoryObject(HANDLE* directory, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE directory, void* buffer, ULONG size, BOOLEAN one, BOOLEAN from_start,
                                      ULONG* context, ULONG* got);
}

std::string TextOf(const UNICODE_STRING& text) {
  return text.Buffer == nullptr ? "" : Wtf8OfWide({text.Buffer, text.Length / sizeof(wchar_t)});
}

}  // namespace

absl::StatusOr<std::vector<DirectoryObject>> ListObjectDirectory(std::string_view path) {
  std::wstring wide = WideOfWtf8(path);
  UNICODE_STRING name = {};
  name.Buffer = wide.data();
  name.Length = name.MaximumLength = static_cast<USHORT>(wide.size() * sizeof(wchar_t));
  OBJECT_ATTRIBUTES attributes = {};
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  HANDLE opened = nullptr;
  const std::string what = Concat("Listing the objects in ", Printable(path));
  if (const NTSTATUS status = NtOpenDirectoryObject(&opened, kDirectoryQuery, &attributes); status < 0) {
    return Win32Status(::RtlNtStatusToDosError(status), what);
  }
  const WindowsHandle directory(opened);
  std::vector<DirectoryObject> objects;
  std::vector<char> buffer(kBufferBytes);
  ULONG context = 0;
  // One at a time, which every version answers alike.
  for (bool first = true; objects.size() < kMostObjects; first = false) {
    const NTSTATUS status = NtQueryDirectoryObject(directory.get(), buffer.data(), kBufferBytes, TRUE,
                                                   first ? TRUE : FALSE, &context, nullptr);
    if (status == kNoMoreEntries) break;
    if (status < 0) return Win32Status(::RtlNtStatusToDosError(status), what);
    const auto* const entry = reinterpret_cast<const ObjectDirectoryInformation*>(buffer.data());
    objects.push_back({.name = TextOf(entry->name), .type = TextOf(entry->type_name)});
  }
  return objects;
}

}  // namespace hozen
