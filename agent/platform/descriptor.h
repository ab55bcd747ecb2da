// Open descriptors, and what is done with them on every system.
#ifndef HOZEN_AGENT_PLATFORM_DESCRIPTOR_H_
#define HOZEN_AGENT_PLATFORM_DESCRIPTOR_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/base/unique_fd.h"

namespace hozen {

// All are thread-safe.

// Reads exactly [offset_bytes, + buffer.size()), up to the end; what the sandbox of the volume reader allows. Errors as
// ErrnoStatus.
absl::StatusOr<size_t> ReadDescriptor(int fd, uint64_t offset_bytes, absl::Span<char> buffer);

absl::StatusOr<UniqueFd> OpenToRead(const std::filesystem::path& file);

// Made where it is not there, for its owner alone; what is written goes to its end. A symbolic link in its place is not
// followed. Others may read it meanwhile.
absl::StatusOr<UniqueFd> OpenToAppend(const std::filesystem::path& file);

// Of what OpenToAppend gave: takes all behind size_bytes off; and makes what was written durable.
absl::Status CutDescriptor(int fd, uint64_t size_bytes);
absl::Status SyncDescriptor(int fd);

// Another descriptor of the same open file, which no child inherits. Not valid where the system has no more of them.
UniqueFd DuplicateDescriptor(int fd);

// By which a file that was written is told from one that was not.
struct DescriptorState {
  uint64_t size_bytes = 0;
  int64_t modified_unix_ns = 0;

  bool operator==(const DescriptorState& other) const = default;
};

// All zero where the system does not say.
DescriptorState StateOfDescriptor(int fd);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_DESCRIPTOR_H_
