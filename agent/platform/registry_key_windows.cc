#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "agent/platform/registry_key.h"
#include "agent/platform/rights_windows.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

// ntdll has them, and so has its import library; mingw-w64's headers for programs do not. Layouts and numbers are those
// of https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdm/ (ntopenkeyex, zwenumeratekey, ...).
extern "C" {
NTSTATUS NTAPI NtOpenKeyEx(PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, ULONG options);
NTSTATUS NTAPI NtQueryKey(HANDLE key, int information, PVOID bytes, ULONG size, PULONG needed);
NTSTATUS NTAPI NtEnumerateKey(HANDLE key, ULONG index, int information, PVOID bytes, ULONG size, PULONG needed);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE key, ULONG index, int information, PVOID bytes, ULONG size, PULONG needed);
NTSTATUS NTAPI NtQueryValueKey(HANDLE key, PUNICODE_STRING name, int information, PVOID bytes, ULONG size,
                               PULONG needed);
}

namespace hozen {
namespace {

constexpr int kBasic = 0;      // KeyBasicInformation
constexpr int kValueFull = 1;  // KeyValueFullInformation
constexpr int kValuePartial = 2;
constexpr ULONG kOpenToBackUp = 4;  // REG_OPTION_BACKUP_RESTORE
constexpr size_t kMostAnswerBytes = 64 << 20;
constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;  // in 100 ns since 1601
constexpr size_t kFirstBytes = 4096;
constexpr size_t kMostPathCharacters = 32'000;
// ntstatus.h and winnt.h do not go together.
constexpr NTSTATUS kNoMore = static_cast<NTSTATUS>(0x8000001A);
constexpr NTSTATUS kOverflow = static_cast<NTSTATUS>(0x80000005);
constexpr NTSTATUS kTooSmall = static_cast<NTSTATUS>(0xC0000023);
constexpr NTSTATUS kAccessDenied = static_cast<NTSTATUS>(0xC0000022);

struct KeyBasic {
  LARGE_INTEGER changed;
  ULONG title;
  ULONG name_bytes;
  // The name.
};
constexpr size_t kKeyNameAt = 16;

struct ValueFull {
  ULONG title;
  ULONG type;
  ULONG data_at;
  ULONG data_bytes;
  ULONG name_bytes;
  // The name, then the data.
};
constexpr size_t kValueNameAt = 20;

struct ValuePartial {
  ULONG title;
  ULONG type;
  ULONG data_bytes;
  // The data.
};
constexpr size_t kPartialDataAt = 12;

absl::Status NtStatus(NTSTATUS status, std::string_view what) {
  return Win32Status(::RtlNtStatusToDosError(status), what);
}

// Lets `ask` fill a buffer that grows to what it needs.
template <typename Ask>
NTSTATUS Fill(std::vector<char>& bytes, const Ask& ask) {
  if (bytes.size() < kFirstBytes) bytes.resize(kFirstBytes);
  for (int tries = 0;; ++tries) {
    ULONG needed = 0;
    const NTSTATUS status = ask(bytes.data(), static_cast<ULONG>(bytes.size()), &needed);
    if ((status != kOverflow && status != kTooSmall) || tries == 3 || needed > kMostAnswerBytes ||
        needed <= bytes.size()) {
      return status;
    }
    bytes.resize(needed);
  }
}

std::wstring WideAt(const std::vector<char>& bytes, size_t at, size_t size) {
  std::wstring text;
  if (at > bytes.size() || size > bytes.size() - at) return text;
  text.resize(size / sizeof(wchar_t));
  std::memcpy(text.data(), bytes.data() + at, text.size() * sizeof(wchar_t));
  return text;
}

}  // namespace

absl::StatusOr<RegistryKey> RegistryKey::OpenAt(void* parent, std::wstring_view path, bool itself) {
  ClaimBackupRight();
  if (path.size() > kMostPathCharacters) return absl::NotFoundError("no key has so long a path");
  std::wstring name(path);
  UNICODE_STRING text = {};
  text.Buffer = name.data();
  text.Length = text.MaximumLength = static_cast<USHORT>(name.size() * sizeof(wchar_t));
  OBJECT_ATTRIBUTES attributes = {};
  InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE | (itself ? OBJ_OPENLINK : 0u), parent, nullptr);
  HANDLE handle = nullptr;
  NTSTATUS status = ::NtOpenKeyEx(&handle, KEY_READ, &attributes, 0);
  // Whoever may back up may read what its owner keeps from everybody.
  if (status == kAccessDenied) status = ::NtOpenKeyEx(&handle, KEY_READ, &attributes, kOpenToBackUp);
  if (status < 0) return NtStatus(status, Printable(Wtf8OfWide(path)));
  return RegistryKey(WindowsHandle(handle));
}

absl::StatusOr<RegistryKey> RegistryKey::Open(std::wstring_view path) { return OpenAt(nullptr, path, false); }

absl::StatusOr<RegistryKey> RegistryKey::OpenBelow(std::wstring_view path) const {
  return OpenAt(handle_.get(), path, false);
}

absl::StatusOr<RegistryKey> RegistryKey::OpenItself(std::wstring_view name) const {
  return OpenAt(handle_.get(), name, true);
}

absl::Status RegistryKey::Names(size_t most, std::vector<std::wstring>& names) const {
  std::vector<char> bytes;
  for (ULONG index = 0;; ++index) {
    const NTSTATUS status = Fill(bytes, [&](void* at, ULONG size, ULONG* needed) {
      return ::NtEnumerateKey(handle_.get(), index, kBasic, at, size, needed);
    });
    if (status == kNoMore) return absl::OkStatus();
    if (status < 0) return NtStatus(status, "Listing a key");
    if (names.size() == most) return absl::ResourceExhaustedError(Concat("there are more than ", most, " keys"));
    KeyBasic key = {};
    std::memcpy(&key, bytes.data(), kKeyNameAt);
    names.push_back(WideAt(bytes, kKeyNameAt, key.name_bytes));
  }
}

absl::StatusOr<RegistryValue> RegistryKey::Value(std::wstring_view name) const {
  std::wstring copy(name.substr(0, kMostPathCharacters));
  UNICODE_STRING text = {};
  text.Buffer = copy.data();
  text.Length = text.MaximumLength = static_cast<USHORT>(copy.size() * sizeof(wchar_t));
  std::vector<char> bytes;
  const NTSTATUS status = Fill(bytes, [&](void* at, ULONG size, ULONG* needed) {
    return ::NtQueryValueKey(handle_.get(), &text, kValuePartial, at, size, needed);
  });
  const bool too_large = status == kOverflow || status == kTooSmall;
  if (status < 0 && !too_large) return NtStatus(status, Printable(Wtf8OfWide(name)));
  ValuePartial found = {};
  std::memcpy(&found, bytes.data(), kPartialDataAt);
  RegistryValue value;
  value.name = std::move(copy);
  value.type = found.type;
  value.size_bytes = found.data_bytes;
  if (too_large || found.data_bytes > kMostRegistryDataBytes) {
    return absl::ResourceExhaustedError("its data is larger than 1 MiB");
  }
  if (found.data_bytes <= bytes.size() - kPartialDataAt) {
    value.data.assign(bytes.data() + kPartialDataAt, found.data_bytes);
  }
  return value;
}

absl::Status RegistryKey::EachValue(size_t most, const std::function<absl::Status(RegistryValue)>& take) const {
  std::vector<char> bytes;
  for (ULONG index = 0;; ++index) {
    const NTSTATUS status = Fill(bytes, [&](void* at, ULONG size, ULONG* needed) {
      return ::NtEnumerateValueKey(handle_.get(), index, kValueFull, at, size, needed);
    });
    if (status == kNoMore) return absl::OkStatus();
    const bool too_large = status == kOverflow;
    if (status < 0 && !too_large) return NtStatus(status, "Listing values");
    if (index == most) return absl::ResourceExhaustedError(Concat("there are more than ", most, " values"));
    ValueFull found = {};
    std::memcpy(&found, bytes.data(), kValueNameAt);
    RegistryValue value;
    value.name = WideAt(bytes, kValueNameAt, found.name_bytes);
    value.type = found.type;
    value.size_bytes = found.data_bytes;
    if (!too_large && found.data_at <= bytes.size() && found.data_bytes <= bytes.size() - found.data_at) {
      value.data.assign(bytes.data() + found.data_at, std::min<size_t>(found.data_bytes, kMostRegistryDataBytes));
    }
    if (absl::Status taken = take(std::move(value)); !taken.ok()) return taken;
  }
}

int64_t RegistryKey::changed_unix_ns() const {
  std::vector<char> bytes;
  const NTSTATUS status = Fill(bytes, [&](void* at, ULONG size, ULONG* needed) {
    return ::NtQueryKey(handle_.get(), kBasic, at, size, needed);
  });
  if (status < 0) return 0;
  KeyBasic key = {};
  std::memcpy(&key, bytes.data(), kKeyNameAt);
  return key.changed.QuadPart <= 0 ? 0 : (key.changed.QuadPart - kUnixEpoch) * 100;
}

}  // namespace hozen
