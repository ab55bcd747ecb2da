// Rights (privileges) that this process has and must ask for. For files that exist on Windows alone.
#ifndef HOZEN_AGENT_PLATFORM_RIGHTS_WINDOWS_H_
#define HOZEN_AGENT_PLATFORM_RIGHTS_WINDOWS_H_

namespace hozen {

// Both are thread-safe. Where we do not have the right nothing happens, and what is denied is told one by one.

// By its name: SE_DEBUG_NAME.
void ClaimRight(const wchar_t* name);
// Administrators may read what its owner has kept from them, as a backup does. Asked for once.
void ClaimBackupRight();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_RIGHTS_WINDOWS_H_
