// Bytes of a disk that stand in files as they are: one, or several behind each other.
#ifndef HOZEN_AGENT_VOLUME_DESCRIPTOR_MEDIA_H_
#define HOZEN_AGENT_VOLUME_DESCRIPTOR_MEDIA_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "agent/volume/media.h"

namespace hozen {

// All of [offset_bytes, + buffer.size()) of a file. DataLoss where that is not within it: a container that says that
// its `what` stands there is damaged or cut off. Thread-safe.
absl::Status ReadExactly(const MediaFile& file, uint64_t offset_bytes, absl::Span<char> buffer, std::string_view what);

// Thread-compatible.
class DescriptorMedia final : public Media {
 public:
  // The sizes together must stay below 2^63.
  DescriptorMedia(std::vector<MediaFile> files, uint32_t sector_size_bytes, std::function<void()> on_read);

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_size_bytes() const override { return sector_size_bytes_; }
  // DataLoss also where a file has become shorter, and it is not the last.
  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override;

 private:
  const std::vector<MediaFile> files_;
  std::vector<uint64_t> starts_;
  uint64_t size_bytes_ = 0;
  const uint32_t sector_size_bytes_;
  const std::function<void()> on_read_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_DESCRIPTOR_MEDIA_H_
