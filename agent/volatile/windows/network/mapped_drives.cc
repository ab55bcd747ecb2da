#include "agent/volatile/windows/network/mapped_drives.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/acquire/failure.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

// ntdll has them; mingw-w64's headers for programs do not. https://learn.microsoft.com/en-us/windows/win32/devnotes/
// (ntopendirectoryobject, ntquerydirectoryobject, ntopensymboliclinkobject, ntquerysymboliclinkobject).
extern "C" {
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE folder, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE folder, PVOID bytes, ULONG size, BOOLEAN single, BOOLEAN restart,
                                      PULONG context, PULONG needed);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE link, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE link, PUNICODE_STRING target, PULONG needed);
}

namespace hozen {
namespace {

constexpr ACCESS_MASK kListFolder = 0x1;  // DIRECTORY_QUERY
constexpr ACCESS_MASK kReadLink = 0x1;    // SYMBOLIC_LINK_QUERY
constexpr NTSTATUS kNoMoreEntries = static_cast<NTSTATUS>(0x8000001A);
constexpr size_t kMostLogons = 4'096;
constexpr size_t kMostNames = 1'024;  // of one logon
constexpr size_t kEntryBytes = 4'096;
constexpr size_t kMostTargetCharacters = 32'000;

// OBJECT_DIRECTORY_INFORMATION
struct Entry {
  UNICODE_STRING name;
  UNICODE_STRING type;
};

template <typename Open>
NTSTATUS OpenBelow(const Open& open, HANDLE folder, std::wstring name, ACCESS_MASK access, WindowsHandle& opened) {
  UNICODE_STRING text = {};
  text.Buffer = name.data();
  text.Length = text.MaximumLength =
      static_cast<USHORT>(std::min(name.size(), kMostTargetCharacters) * sizeof(wchar_t));
  OBJECT_ATTRIBUTES attributes = {};
  InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, folder, nullptr);
  HANDLE handle = nullptr;
  const NTSTATUS status = open(&handle, access, &attributes);
  if (status >= 0) opened = WindowsHandle(handle);
  return status;
}

absl::Status NtStatus(NTSTATUS status, std::string_view what) {
  return Win32Status(::RtlNtStatusToDosError(status), what);
}

absl::Status Names(HANDLE folder, std::wstring_view type, size_t most, std::vector<std::wstring>& names) {
  const auto bytes = std::make_unique<char[]>(kEntryBytes);
  ULONG context = 0;
  for (bool restart = true;; restart = false) {
    ULONG needed = 0;
    const NTSTATUS status =
        ::NtQueryDirectoryObject(folder, bytes.get(), kEntryBytes, TRUE, restart, &context, &needed);
    if (status == kNoMoreEntries) return absl::OkStatus();
    if (status < 0) return NtStatus(status, "Listing names of devices");
    Entry entry = {};
    std::memcpy(&entry, bytes.get(), sizeof(entry));
    if (std::wstring_view(entry.type.Buffer, entry.type.Length / sizeof(wchar_t)) != type) continue;
    if (names.size() == most) return absl::ResourceExhaustedError(Concat("only ", most, " are here"));
    names.emplace_back(entry.name.Buffer, entry.name.Length / sizeof(wchar_t));
  }
}

std::wstring TargetOf(HANDLE folder, const std::wstring& name) {
  WindowsHandle link;
  if (OpenBelow(::NtOpenSymbolicLinkObject, folder, name, kReadLink, link) < 0) return {};
  std::wstring target(kMostTargetCharacters, L'\0');
  UNICODE_STRING text = {};
  text.Buffer = target.data();
  text.MaximumLength = static_cast<USHORT>(target.size() * sizeof(wchar_t));
  if (::NtQuerySymbolicLinkObject(link.get(), &text, nullptr) < 0) return {};
  target.resize(text.Length / sizeof(wchar_t));
  return target;
}

// "00000000-000abcde" as LoginState.logon_id.
std::string LogonId(const std::wstring& name) {
  std::string text = WideText(name);
  text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
  uint64_t number = 0;
  return absl::SimpleHexAtoi(text, &number) ? Concat("0x", absl::Hex(number)) : WideText(name);
}

v1::VolatileRecord MissingDrives(std::string_view what, const absl::Status& status) {
  v1::Failure failure = FailureOf(status);
  if (absl::IsResourceExhausted(status)) failure.set_cause(v1::CAUSE_LIMIT_ITEMS);
  return MissingRecord(what, std::move(failure));
}

}  // namespace

std::optional<v1::SmbConnection> ParseMappedDrive(std::wstring_view name, std::wstring_view target) {
  // The last part that begins with a semicolon names the drive, and the path behind it the other host.
  const size_t drive = target.rfind(L"\\;");
  if (target.rfind(L"\\Device\\", 0) != 0 || drive == std::wstring_view::npos) return std::nullopt;
  const size_t remote = target.find(L'\\', drive + 2);
  if (remote == std::wstring_view::npos || remote + 1 == target.size()) return std::nullopt;
  v1::SmbConnection connection;
  connection.set_local(WideText(name));
  connection.set_remote(WideText(L"\\" + std::wstring(target.substr(remote))));
  connection.set_state("mapped");
  return connection;
}

std::vector<v1::VolatileRecord> MappedDrives(std::wstring_view folder) {
  std::vector<v1::VolatileRecord> records;
  WindowsHandle logons;
  const NTSTATUS opened = OpenBelow(::NtOpenDirectoryObject, nullptr, std::wstring(folder), kListFolder, logons);
  absl::Status status = opened < 0 ? NtStatus(opened, "Opening names of devices") : absl::OkStatus();
  std::vector<std::wstring> ids;
  if (status.ok()) status = Names(logons.get(), L"Directory", kMostLogons, ids);
  if (!status.ok()) records.push_back(MissingDrives("mapped drives", status));
  for (const std::wstring& id : ids) {
    WindowsHandle logon;
    const NTSTATUS of_logon = OpenBelow(::NtOpenDirectoryObject, logons.get(), id, kListFolder, logon);
    status = of_logon < 0 ? NtStatus(of_logon, "Opening a logon's names of devices") : absl::OkStatus();
    std::vector<std::wstring> names;
    if (status.ok()) status = Names(logon.get(), L"SymbolicLink", kMostNames, names);
    if (!status.ok()) records.push_back(MissingDrives(Concat("mapped drives of the logon ", LogonId(id)), status));
    for (const std::wstring& name : names) {
      std::optional<v1::SmbConnection> connection = ParseMappedDrive(name, TargetOf(logon.get(), name));
      if (!connection.has_value()) continue;
      connection->set_logon_id(LogonId(id));
      *records.emplace_back().mutable_smb_connection() = *std::move(connection);
    }
  }
  return records;
}

}  // namespace hozen
