#include "agent/volume/media.h"

#include <limits>
#include <utility>

#include "agent/volume/descriptor_media.h"
#include "agent/volume/ewf_media.h"
#include "agent/volume/qcow_media.h"
#include "agent/volume/vhd_media.h"
#include "agent/volume/vmdk_media.h"

namespace hozen {

absl::StatusOr<std::unique_ptr<Media>> OpenMedia(ContainerKind kind, const std::vector<MediaFile>& files,
                                                 uint32_t sector_size_bytes, std::function<void()> on_read) {
  constexpr uint64_t kMaxSizeBytes = std::numeric_limits<int64_t>::max();
  uint64_t size_bytes = 0;
  for (const MediaFile& file : files) {
    if (file.size_bytes > kMaxSizeBytes - size_bytes) return absl::InvalidArgumentError("its files are too long");
    size_bytes += file.size_bytes;
  }
  if (files.empty()) return absl::InvalidArgumentError("it has no files");
  switch (kind) {
    case ContainerKind::kPlain:
    case ContainerKind::kSplit:
      return std::make_unique<DescriptorMedia>(files, sector_size_bytes, std::move(on_read));
    case ContainerKind::kEwf:
      return OpenEwfMedia(files, std::move(on_read));
    case ContainerKind::kVmdk:
      return OpenVmdkMedia({files.front()}, std::move(on_read));
    case ContainerKind::kVmdkFlat:
    case ContainerKind::kVmdkFlatPieces:
    case ContainerKind::kVmdkSparsePieces:
      return OpenVmdkMedia(files, std::move(on_read));
    case ContainerKind::kVhd:
      return OpenVhdMedia(files.front(), std::move(on_read));
    case ContainerKind::kQcow:
      return OpenQcowMedia(files.front(), std::move(on_read));
  }
  return absl::InvalidArgumentError("it is of no known kind");
}

}  // namespace hozen
