// The bytes of a disk, whatever holds them. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_MEDIA_H_
#define HOZEN_AGENT_VOLUME_MEDIA_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "agent/volume/container_kind.h"

namespace hozen {

// An open file of a container; borrowed.
struct MediaFile {
  int fd = -1;
  uint64_t size_bytes = 0;
};

// Thread-compatible.
class Media {
 public:
  virtual ~Media() = default;

  virtual uint64_t size_bytes() const = 0;
  virtual uint32_t sector_size_bytes() const = 0;

  // Reads up to buffer.size() bytes at offset_bytes; fewer only at the end, 0 at or behind it. DataLoss where what
  // holds them is damaged, or says that whoever made it could not read them: smaller pieces may be had.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) = 0;
};

// `files` are all of the container's, in their order; their descriptors must stay open. `on_read` is called before each
// read of one. InvalidArgument where it is a kind that cannot be read alone or by us: encrypted, the difference to a
// parent; DataLoss where it is damaged or not whole. The text says what to do.
absl::StatusOr<std::unique_ptr<Media>> OpenMedia(ContainerKind kind, const std::vector<MediaFile>& files,
                                                 uint32_t sector_size_bytes, std::function<void()> on_read);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_MEDIA_H_
