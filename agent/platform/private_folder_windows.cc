#include <windows.h>
// After windows.h.
#include <aclapi.h>
#include <sddl.h>

#include <string>
#include <string_view>

#include "agent/platform/private_folder.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

std::string SidText(PSID sid) {
  wchar_t* text = nullptr;
  if (!::ConvertSidToStringSidW(sid, &text)) return "?";
  const LocalMemory owned(text);
  return Wtf8OfWide(text);
}

// Is it named in the list that PrivateDescriptor makes?
bool IsOurs(PSID sid, const ACL* ours) {
  for (DWORD i = 0; i < ours->AceCount; ++i) {
    void* entry = nullptr;
    if (!::GetAce(const_cast<ACL*>(ours), i, &entry)) continue;
    if (::EqualSid(sid, &static_cast<ACCESS_ALLOWED_ACE*>(entry)->SidStart)) return true;
  }
  return false;
}

// These stand for the owner, who is asked about by himself.
bool IsOwnerInDisguise(PSID sid) {
  return ::IsWellKnownSid(sid, WinCreatorOwnerSid) || ::IsWellKnownSid(sid, WinCreatorOwnerRightsSid);
}

absl::Status OurList(const LocalMemory& descriptor, ACL*& list) {
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  if (descriptor == nullptr || !::GetSecurityDescriptorDacl(descriptor.get(), &present, &list, &defaulted) ||
      !present) {
    return Win32Status(::GetLastError(), "Making an access list for ourselves");
  }
  return absl::OkStatus();
}

absl::Status Refuse(const std::filesystem::path& folder, std::string_view why) {
  return absl::FailedPreconditionError(
      Concat(PathText(folder), " ", why, ", so others may have put there what it holds; remove it or move it away,",
             " and try again"));
}

// The name itself, not what it leads to.
absl::StatusOr<WindowsHandle> OpenItself(const std::filesystem::path& folder, DWORD access) {
  WindowsHandle handle(::CreateFileW(ExtendedPath(folder).c_str(), access | FILE_READ_ATTRIBUTES, kShareAll, nullptr,
                                     OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
                                     nullptr));
  if (!handle.valid()) return Win32Status(::GetLastError(), PathText(folder));
  return handle;
}

absl::Status CheckFolder(const std::filesystem::path& folder, const ACL* ours) {
  HOZEN_ASSIGN_OR_RETURN(const WindowsHandle handle, OpenItself(folder, READ_CONTROL));
  BY_HANDLE_FILE_INFORMATION facts = {};
  if (!::GetFileInformationByHandle(handle.get(), &facts)) return Win32Status(::GetLastError(), PathText(folder));
  // Wine's handles do not tell what is a link, its names do.
  const DWORD by_name = ::GetFileAttributesW(ExtendedPath(folder).c_str());
  if (((facts.dwFileAttributes | by_name) & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    return Refuse(folder, "leads elsewhere");
  }
  if ((facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
    return absl::FailedPreconditionError(Concat(PathText(folder), " is not a folder"));
  }
  PSID owner = nullptr;
  ACL* list = nullptr;
  PSECURITY_DESCRIPTOR found = nullptr;
  const DWORD error =
      ::GetSecurityInfo(handle.get(), SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                        nullptr, &list, nullptr, &found);
  if (error != ERROR_SUCCESS) return Win32Status(error, PathText(folder));
  const LocalMemory owned(found);
  // Whoever owns it may change the list.
  if (owner == nullptr || !IsOurs(owner, ours)) {
    return Refuse(folder, Concat("belongs to ", owner == nullptr ? "nobody" : SidText(owner)));
  }
  if (list == nullptr) return Refuse(folder, "is open to everybody");
  for (DWORD i = 0; i < list->AceCount; ++i) {
    void* entry = nullptr;
    if (!::GetAce(list, i, &entry)) return Win32Status(::GetLastError(), PathText(folder));
    const auto* const header = static_cast<ACE_HEADER*>(entry);
    if (header->AceType == ACCESS_DENIED_ACE_TYPE) continue;
    // Entries with conditions and for objects do not belong on such a folder.
    if (header->AceType != ACCESS_ALLOWED_ACE_TYPE) return Refuse(folder, "has an access list that is not the agent's");
    auto* const allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
    PSID const sid = &allowed->SidStart;
    if (allowed->Mask != 0 && !IsOurs(sid, ours) && !IsOwnerInDisguise(sid)) {
      return Refuse(folder, Concat("is open to ", SidText(sid)));
    }
  }
  return absl::OkStatus();
}

bool IsNamedForUs(const std::filesystem::path& folder) {
  return ::CompareStringOrdinal(folder.filename().c_str(), -1, L"Hozen", -1, TRUE) == CSTR_EQUAL;
}

}  // namespace

absl::Status CheckPrivateFolder(const std::filesystem::path& folder) {
  const LocalMemory descriptor = PrivateDescriptor();
  ACL* ours = nullptr;
  HOZEN_RETURN_IF_ERROR(OurList(descriptor, ours));
  const std::filesystem::path itself = folder.has_filename() ? folder : folder.parent_path();
  const std::filesystem::path above = itself.parent_path();
  // Whoever has that could put another folder in the place of ours.
  if (IsNamedForUs(above)) HOZEN_RETURN_IF_ERROR(CheckFolder(above, ours));
  return CheckFolder(itself, ours);
}

absl::Status MakeFolderPrivate(const std::filesystem::path& folder) {
  HOZEN_ASSIGN_OR_RETURN(const WindowsHandle handle, OpenItself(folder, WRITE_DAC));
  const LocalMemory descriptor = PrivateDescriptor();
  if (descriptor == nullptr ||
      !::SetKernelObjectSecurity(handle.get(), DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                                 descriptor.get())) {
    return Win32Status(::GetLastError(), Concat("making ", PathText(folder), " private"));
  }
  return absl::OkStatus();
}

}  // namespace hozen
