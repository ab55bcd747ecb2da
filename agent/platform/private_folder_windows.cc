#include <windows.h>
// After windows.h.
#include <aclapi.h>
#include <sddl.h>

#include <string>

#include "agent/platform/private_folder.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

// Is it named in the list that PrivateDescriptor would make, or does it stand for the owner?
bool MayHaveAccess(PSID sid, PSID owner, const ACL* ours) {
  if (::IsWellKnownSid(sid, WinCreatorOwnerSid) || ::IsWellKnownSid(sid, WinCreatorOwnerRightsSid)) return true;
  if (owner != nullptr && ::EqualSid(sid, owner)) return true;
  for (DWORD i = 0; i < ours->AceCount; ++i) {
    void* entry = nullptr;
    if (!::GetAce(const_cast<ACL*>(ours), i, &entry)) continue;
    if (::EqualSid(sid, &static_cast<ACCESS_ALLOWED_ACE*>(entry)->SidStart)) return true;
  }
  return false;
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

}  // namespace

absl::StatusOr<bool> IsPrivateFolder(const std::filesystem::path& folder) {
  const LocalMemory descriptor = PrivateDescriptor();
  ACL* ours = nullptr;
  if (absl::Status status = OurList(descriptor, ours); !status.ok()) return status;
  PSID owner = nullptr;
  ACL* list = nullptr;
  PSECURITY_DESCRIPTOR found = nullptr;
  const DWORD error = ::GetNamedSecurityInfoW(ExtendedPath(folder).c_str(), SE_FILE_OBJECT,
                                              OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, nullptr,
                                              &list, nullptr, &found);
  if (error != ERROR_SUCCESS) return Win32Status(error, PathText(folder));
  const LocalMemory owned(found);
  if (list == nullptr) return false;  // without a list everybody has all
  for (DWORD i = 0; i < list->AceCount; ++i) {
    void* entry = nullptr;
    if (!::GetAce(list, i, &entry)) return Win32Status(::GetLastError(), PathText(folder));
    const auto* const header = static_cast<ACE_HEADER*>(entry);
    if (header->AceType == ACCESS_DENIED_ACE_TYPE) continue;
    // Entries with conditions and for objects do not belong on such a folder.
    if (header->AceType != ACCESS_ALLOWED_ACE_TYPE) return false;
    auto* const allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
    if (allowed->Mask != 0 && !MayHaveAccess(&allowed->SidStart, owner, ours)) return false;
  }
  return true;
}

absl::Status MakeFolderPrivate(const std::filesystem::path& folder) {
  const LocalMemory descriptor = PrivateDescriptor();
  if (descriptor == nullptr ||
      !::SetFileSecurityW(ExtendedPath(folder).c_str(), DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                          descriptor.get())) {
    return Win32Status(::GetLastError(), Concat("making ", PathText(folder), " private"));
  }
  return absl::OkStatus();
}

// By SIDs, because the groups' names are in the host's language.
std::string PrivateFolderCommand(const std::filesystem::path& folder) {
  return Concat("icacls \"", PathText(folder),
                "\" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F");
}

}  // namespace hozen
