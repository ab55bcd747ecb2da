#include "agent/volume/descriptor_media.h"

#include <algorithm>
#include <utility>

#include "agent/platform/descriptor.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {

absl::Status ReadExactly(const MediaFile& file, uint64_t offset_bytes, absl::Span<char> buffer, std::string_view what) {
  if (offset_bytes > file.size_bytes || buffer.size() > file.size_bytes - offset_bytes) {
    return absl::DataLossError(Concat("the file is damaged or cut off: its ", what, " would stand behind its end"));
  }
  HOZEN_ASSIGN_OR_RETURN(const size_t size, ReadDescriptor(file.fd, offset_bytes, buffer));
  if (size == buffer.size()) return absl::OkStatus();
  return absl::DataLossError("the file has become shorter");
}

DescriptorMedia::DescriptorMedia(std::vector<MediaFile> files, uint32_t sector_size_bytes,
                                 std::function<void()> on_read)
    : files_(std::move(files)), sector_size_bytes_(sector_size_bytes), on_read_(std::move(on_read)) {
  for (const MediaFile& file : files_) {
    starts_.push_back(size_bytes_);
    size_bytes_ += file.size_bytes;
  }
}

absl::StatusOr<size_t> DescriptorMedia::ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) {
  if (offset_bytes >= size_bytes_) return 0;
  const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
  size_t done = 0;
  while (done < wanted) {
    on_read_();
    const uint64_t at = offset_bytes + done;
    // The last file that starts at or before it: empty ones are passed over.
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), at);
    const size_t index = static_cast<size_t>(after - starts_.begin()) - 1;
    const uint64_t within = at - starts_[index];
    const size_t here = std::min<uint64_t>(wanted - done, files_[index].size_bytes - within);
    HOZEN_ASSIGN_OR_RETURN(const size_t size, ReadDescriptor(files_[index].fd, within, buffer.subspan(done, here)));
    done += size;
    if (size == here) continue;
    if (index + 1 == files_.size()) break;
    return absl::DataLossError(Concat("part ", index + 1, " has become shorter"));
  }
  return done;
}

}  // namespace hozen
