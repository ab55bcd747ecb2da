// The disk in a container as a Source, read by the sandboxed child.
#ifndef HOZEN_AGENT_VOLUME_CONTAINER_SOURCE_H_
#define HOZEN_AGENT_VOLUME_CONTAINER_SOURCE_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "agent/platform/descriptor.h"
#include "agent/volume/volume_reader.h"
#include "core/bytes/source.h"

namespace hozen {

struct ContainerSourceOptions {
  VolumeReaderOptions reader;
  int most_starts = 64;  // of children, in all
};

// Thread-safe; one read at a time. The descriptors are borrowed and must stay open.
//
// A child that dies or hangs takes with it the range that was asked for: Aborted. The next read starts another, so that
// one bad place does not cost the rest, but no more than most_starts in all; then every read is Aborted. A range of at
// most 64 KiB that a child died of is not tried again, so halving a range around a fault ends soon. A child also dies
// with the thread that started it: that is the one that reads. DataLoss where the container is damaged at that place.
class ContainerSource final : public Source {
 public:
  ContainerSource(ContainerSourceOptions options, ContainerHandles container, uint64_t disk_size_bytes);

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override;
  uint64_t size_bytes() const override { return size_bytes_; }
  // Was one of the files?
  bool WasWritten() override;

 private:
  absl::Status ReadPiece(uint64_t offset_bytes, absl::Span<char> buffer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status StartReader() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ContainerSourceOptions options_;
  const ContainerHandles container_;
  const uint64_t size_bytes_;
  std::vector<DescriptorState> before_;
  absl::Mutex mutex_;
  std::unique_ptr<VolumeReader> reader_ ABSL_GUARDED_BY(mutex_);
  int starts_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::pair<uint64_t, uint64_t>> deadly_ ABSL_GUARDED_BY(mutex_);  // offset, size
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_CONTAINER_SOURCE_H_
