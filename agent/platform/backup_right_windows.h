// The right to read what its owner has kept from administrators.
#ifndef HOZEN_AGENT_PLATFORM_BACKUP_RIGHT_WINDOWS_H_
#define HOZEN_AGENT_PLATFORM_BACKUP_RIGHT_WINDOWS_H_

namespace hozen {

// Thread-safe. Administrators have it, as a backup needs it, but must ask for it once. Without the right nothing
// happens, and what is denied is told file by file, key by key.
void ClaimBackupRight();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_BACKUP_RIGHT_WINDOWS_H_
