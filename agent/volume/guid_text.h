// A GUID of Windows and of UEFI as people write it.
#ifndef HOZEN_AGENT_VOLUME_GUID_TEXT_H_
#define HOZEN_AGENT_VOLUME_GUID_TEXT_H_

#include <string>
#include <string_view>

namespace hozen {

// Of the 16 bytes that a disk holds, whose first three fields are little-endian numbers (RFC 4122 in mixed order, UEFI
// 2.10, appendix A): "8ae9e0ba-43a9-4d51-9c86-2b9b0a5f3d31". What is missing counts as zero. Thread-safe.
std::string GuidText(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_GUID_TEXT_H_
