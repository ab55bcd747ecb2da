#include "agent/platform/rights_windows.h"

#include <windows.h>

#include <mutex>

#include "core/base/windows_handle.h"

namespace hozen {

void ClaimRight(const wchar_t* name) {
  HANDLE opened = nullptr;
  if (!::OpenProcessToken(::GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &opened)) return;
  const WindowsHandle token(opened);
  TOKEN_PRIVILEGES wanted = {};
  wanted.PrivilegeCount = 1;
  wanted.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
  if (!::LookupPrivilegeValueW(nullptr, name, &wanted.Privileges[0].Luid)) return;
  ::AdjustTokenPrivileges(token.get(), FALSE, &wanted, 0, nullptr, nullptr);
}

void ClaimBackupRight() {
  static std::once_flag once;
  std::call_once(once, [] { ClaimRight(SE_BACKUP_NAME); });
}

}  // namespace hozen
