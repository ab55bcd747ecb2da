#include <windows.h>
// After windows.h.
#include <ntstatus.h>
#include <winternl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "agent/platform/backup_right_windows.h"
#include "agent/platform/live_registry.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

// wdm.h declares them, which mingw-w64's headers for programs do not have.
extern "C" {
NTSTATUS NTAPI NtOpenKeyEx(PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, ULONG options);
NTSTATUS NTAPI NtEnumerateKey(HANDLE key, ULONG index, int information_class, PVOID buffer, ULONG size, PULONG needed);
NTSTATUS NTAPI NtQueryKey(HANDLE key, int information_class, PVOID buffer, ULONG size, PULONG needed);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE key, ULONG index, int information_class, PVOID buffer, ULONG size,
                                   PULONG needed);
}

namespace hozen {
namespace {

constexpr int kKeyBasicInformation = 0;
constexpr int kKeyValueFullInformation = 1;
constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;  // in 100 ns since 1601
constexpr size_t kMostNameBytes = 512;                   // of a key: 255 characters
constexpr size_t kMostAnswerBytes = 64 << 10;
constexpr size_t kMostValueBytes = 64 << 20;
constexpr int kMostAttempts = 8;

// KEY_BASIC_INFORMATION.
struct KeyBasic {
  LARGE_INTEGER last_written;
  ULONG title_index;
  ULONG name_bytes;
};

// KEY_VALUE_FULL_INFORMATION.
struct ValueFull {
  ULONG title_index;
  ULONG type;
  ULONG data_offset;
  ULONG data_bytes;
  ULONG name_bytes;
};

absl::Status StatusOf(NTSTATUS status, std::string_view what) {
  return Win32Status(::RtlNtStatusToDosError(status), what);
}

bool IsTooSmall(NTSTATUS status) { return status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL; }

absl::StatusOr<WindowsHandle> Open(HANDLE folder, std::string_view name) {
  ClaimBackupRight();
  std::wstring wide = WideOfWtf8(name);
  if (wide.size() * sizeof(wchar_t) > 0xfffe) return absl::InvalidArgumentError("the key's name is too long");
  UNICODE_STRING text;
  text.Buffer = wide.data();
  text.Length = static_cast<USHORT>(wide.size() * sizeof(wchar_t));
  text.MaximumLength = text.Length;
  OBJECT_ATTRIBUTES attributes;
  // A link is a key with a value; where it leads has a name of its own.
  InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE | OBJ_OPENLINK, folder, nullptr);
  HANDLE opened = nullptr;
  // As a backup does, past what the owner of a key has kept from administrators. Without that right it changes nothing
  // but the answer, so it is asked for the plain way too.
  NTSTATUS status = ::NtOpenKeyEx(&opened, KEY_READ, &attributes, REG_OPTION_BACKUP_RESTORE);
  if (status != STATUS_SUCCESS) {
    opened = nullptr;
    status = ::NtOpenKeyEx(&opened, KEY_READ, &attributes, 0);
  }
  if (status != STATUS_SUCCESS) return StatusOf(status, Printable(name));
  return WindowsHandle(opened);
}

std::string NameAt(const char* bytes, size_t size_bytes) {
  std::wstring name(size_bytes / sizeof(wchar_t), L'\0');
  std::memcpy(name.data(), bytes, name.size() * sizeof(wchar_t));
  return Wtf8OfWide(name);
}

absl::StatusOr<LiveRegistryValue> ValueIn(const std::vector<char>& buffer, size_t most_bytes) {
  const ValueFull& found = *reinterpret_cast<const ValueFull*>(buffer.data());
  const bool has_data = found.data_bytes > 0;
  if (found.name_bytes > buffer.size() - sizeof(ValueFull) ||
      (has_data && (found.data_offset > buffer.size() || found.data_bytes > buffer.size() - found.data_offset))) {
    return absl::DataLossError("the system's answer contradicts itself");
  }
  LiveRegistryValue value;
  value.name = NameAt(buffer.data() + sizeof(ValueFull), found.name_bytes);
  value.type = found.type;
  value.size_bytes = found.data_bytes;
  if (has_data) value.data.assign(buffer.data() + found.data_offset, std::min<size_t>(found.data_bytes, most_bytes));
  return value;
}

}  // namespace

absl::StatusOr<LiveRegistryKey> LiveRegistryKey::OpenHive(std::string_view root) {
  constexpr std::string_view kRoots[][2] = {{"HKEY_LOCAL_MACHINE", "\\Registry\\Machine"},
                                            {"HKEY_USERS", "\\Registry\\User"}};
  for (const auto& [name, kernels] : kRoots) {
    if (!absl::StartsWithIgnoreCase(AbslView(root), AbslView(name))) continue;
    HOZEN_ASSIGN_OR_RETURN(WindowsHandle handle, Open(nullptr, Concat(kernels, root.substr(name.size()))));
    return LiveRegistryKey(std::move(handle));
  }
  return absl::NotFoundError(Concat(Printable(root), ": there is no such root"));
}

absl::StatusOr<LiveRegistryKey> LiveRegistryKey::OpenSubkey(std::string_view name) const {
  HOZEN_ASSIGN_OR_RETURN(WindowsHandle handle, Open(handle_.get(), name));
  return LiveRegistryKey(std::move(handle));
}

absl::StatusOr<int64_t> LiveRegistryKey::LastWrittenUnixNs() const {
  alignas(KeyBasic) char buffer[sizeof(KeyBasic) + kMostNameBytes];
  ULONG needed = 0;
  const NTSTATUS status = ::NtQueryKey(handle_.get(), kKeyBasicInformation, buffer, sizeof(buffer), &needed);
  // What does not fit is the end of its name.
  if (status != STATUS_SUCCESS && status != STATUS_BUFFER_OVERFLOW) return StatusOf(status, "asking for a key's time");
  const int64_t written = reinterpret_cast<const KeyBasic*>(buffer)->last_written.QuadPart;
  return written == 0 ? 0 : (written - kUnixEpoch) * 100;
}

absl::StatusOr<std::vector<std::string>> LiveRegistryKey::Subkeys(size_t most) const {
  std::vector<std::string> names;
  std::vector<char> buffer(sizeof(KeyBasic) + kMostNameBytes);
  for (ULONG i = 0; names.size() < most; ++i) {
    ULONG needed = 0;
    NTSTATUS status = ::NtEnumerateKey(handle_.get(), i, kKeyBasicInformation, buffer.data(),
                                       static_cast<ULONG>(buffer.size()), &needed);
    if (IsTooSmall(status) && needed > buffer.size() && needed <= kMostAnswerBytes) {
      buffer.resize(needed);
      --i;
      continue;
    }
    if (status == STATUS_NO_MORE_ENTRIES) break;
    if (status != STATUS_SUCCESS) return StatusOf(status, "listing subkeys");
    const KeyBasic& found = *reinterpret_cast<const KeyBasic*>(buffer.data());
    const size_t room = buffer.size() - sizeof(KeyBasic);
    names.push_back(NameAt(buffer.data() + sizeof(KeyBasic), std::min<size_t>(found.name_bytes, room)));
  }
  return names;
}

absl::StatusOr<LiveRegistryValue> LiveRegistryKey::ValueAt(size_t index, size_t most_bytes) const {
  std::vector<char> buffer(4 << 10);
  // A value may grow between two calls, but not for ever.
  for (int i = 0; i < kMostAttempts; ++i) {
    ULONG needed = 0;
    const NTSTATUS status = ::NtEnumerateValueKey(handle_.get(), static_cast<ULONG>(index), kKeyValueFullInformation,
                                                  buffer.data(), static_cast<ULONG>(buffer.size()), &needed);
    if (status == STATUS_NO_MORE_ENTRIES) return absl::NotFoundError("that was the last value");
    if (status == STATUS_SUCCESS) return ValueIn(buffer, most_bytes);
    if (!IsTooSmall(status)) return StatusOf(status, "reading a value");
    // Windows gives nothing of a value's data where there is no room for all of it.
    if (needed > kMostValueBytes) {
      return absl::ResourceExhaustedError(Concat("a value of ", needed, " bytes is more than is read of one"));
    }
    buffer.resize(std::max<size_t>(needed, buffer.size() + 1));
  }
  return absl::AbortedError("a value grew each time it was read");
}

}  // namespace hozen
