#include "agent/volume/container_source.h"

#include <algorithm>

#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kSmallestTriedAgainBytes = 64 << 10;

}  // namespace

ContainerSource::ContainerSource(ContainerSourceOptions options, ContainerHandles container, uint64_t disk_size_bytes)
    : options_(std::move(options)), container_(std::move(container)), size_bytes_(disk_size_bytes) {
  for (const int handle : container_.handles) before_.push_back(StateOfDescriptor(handle));
}

absl::StatusOr<size_t> ContainerSource::ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) {
  if (offset_bytes >= size_bytes_) return 0;
  const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
  absl::MutexLock lock(&mutex_);
  for (size_t done = 0; done < wanted;) {
    const size_t here = std::min(wanted - done, VolumeReader::kMostReadBytes);
    HOZEN_RETURN_IF_ERROR(ReadPiece(offset_bytes + done, buffer.subspan(done, here)));
    done += here;
  }
  return wanted;
}

absl::Status ContainerSource::ReadPiece(uint64_t offset_bytes, absl::Span<char> buffer) {
  for (const auto& [deadly_offset, deadly_size] : deadly_) {
    if (offset_bytes < deadly_offset + deadly_size && deadly_offset < offset_bytes + buffer.size()) {
      return absl::AbortedError(Concat("a volume reader died while it read at byte ", deadly_offset));
    }
  }
  if (reader_ == nullptr) HOZEN_RETURN_IF_ERROR(StartReader());
  const absl::StatusOr<size_t> size = reader_->ReadAt(offset_bytes, buffer);
  if (size.ok()) {
    if (*size == buffer.size()) return absl::OkStatus();
    return absl::DataLossError("the disk in the container ended early");
  }
  if (absl::IsAborted(size.status())) {
    reader_ = nullptr;
    if (buffer.size() <= kSmallestTriedAgainBytes) deadly_.emplace_back(offset_bytes, buffer.size());
  }
  return size.status();
}

absl::Status ContainerSource::StartReader() {
  if (starts_ >= options_.most_starts) {
    return absl::AbortedError(Concat("volume readers died ", starts_, " times; no other is started"));
  }
  ++starts_;
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = VolumeReader::StartOnContainer(options_.reader, container_);
  if (!reader.ok()) return reader.status();
  if ((*reader)->disk_size_bytes() != size_bytes_) {
    return absl::AbortedError("the disk in the container has another size than before");
  }
  reader_ = *std::move(reader);
  return absl::OkStatus();
}

bool ContainerSource::WasWritten() {
  for (size_t i = 0; i < before_.size(); ++i) {
    if (!(StateOfDescriptor(container_.handles[i]) == before_[i])) return true;
  }
  return false;
}

}  // namespace hozen
