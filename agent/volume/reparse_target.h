// Where a reparse point of NTFS leads that is a symbolic link or a junction. Pure, thread-safe.
// https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-fscc/c8e77b37-3909-4fe6-a4ea-2b9d423b1ee4
#ifndef HOZEN_AGENT_VOLUME_REPARSE_TARGET_H_
#define HOZEN_AGENT_VOLUME_REPARSE_TARGET_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hozen {

// MAXIMUM_REPARSE_DATA_BUFFER_SIZE.
inline constexpr size_t kMostReparseBytes = 16 << 10;

// The name that the system puts in the place of the link's, "\??\D:\Users", in WTF-8. `bytes` is the whole attribute.
// NotFound where it is another kind of reparse point, which leads nowhere; DataLoss where it is damaged.
absl::StatusOr<std::string> ReparseTarget(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_REPARSE_TARGET_H_
