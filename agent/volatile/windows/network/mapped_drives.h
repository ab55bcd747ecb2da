// Drives that stand for folders of other hosts, of every logon: by the kernel's names for them, which the network's own
// functions tell of one's own logon alone.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_MAPPED_DRIVES_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_MAPPED_DRIVES_H_

#include <optional>
#include <string_view>
#include <vector>

#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

inline constexpr wchar_t kLogonsDevices[] = LR"(\Sessions\0\DosDevices)";

// Those of each logon (a folder of the object manager's for each, named by its LUID) below `folder`, at most 4,096
// logons with 1,024 names each. What cannot be listed is `missing`. Thread-safe.
std::vector<v1::VolatileRecord> MappedDrives(std::wstring_view folder = kLogonsDevices);

// Pure. What a name of a logon ("X:") and where it leads say; none where that is no other host. They lead to
// "\Device\LanmanRedirector\;X:00000000000abcde\server\share", since Windows Vista to
// "\Device\Mup\;LanmanRedirector\;..."
// (https://learn.microsoft.com/en-us/windows-hardware/drivers/ifs/support-for-unc-naming-and-mup); other redirectors
// (WebDAV) have their own name there.
std::optional<v1::SmbConnection> ParseMappedDrive(std::wstring_view name, std::wstring_view target);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_MAPPED_DRIVES_H_
