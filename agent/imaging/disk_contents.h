// What a disk's bytes are read from: a device or a plain file itself, or the files of a container.
#ifndef HOZEN_AGENT_IMAGING_DISK_CONTENTS_H_
#define HOZEN_AGENT_IMAGING_DISK_CONTENTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/platform/disk.h"
#include "agent/volume/container_kind.h"
#include "agent/volume/volume_reader.h"
#include "core/bytes/source.h"

namespace hozen {

// Thread-compatible.
class DiskContents {
 public:
  // Opens what a path names, if the host allows it.
  using OpenFile = std::function<absl::StatusOr<OpenedDisk>(const std::string& path)>;

  // Opens `path` and, where that is the first file of a container, the others beside it, each by `open`. With `as_is`
  // the file's bytes are the disk's. Errors are those of `open`; InvalidArgument for a container that is not read,
  // alone or at all; DataLoss where it is damaged or not whole; NotFound where a part is missing; Aborted where the
  // child died of it.
  static absl::StatusOr<std::unique_ptr<DiskContents>> Open(const std::string& path, bool as_is,
                                                            VolumeReaderOptions options, const OpenFile& open);

  // Of the disk: the one in the container, where there is one.
  uint64_t size_bytes() const { return size_bytes_; }
  uint32_t sector_size_bytes() const { return sector_size_bytes_; }
  // As v1::DiskMetadata has it.
  std::string_view container() const { return NameOf(kind_); }

  // The device or file itself. Of a container its first file, but with the sizes of all together and the latest times,
  // so that none can change unnoticed between two runs of an acquisition.
  const OpenedDisk& file() const { return file_; }

  // Not after the source that TakeSource gave is gone.
  absl::StatusOr<std::unique_ptr<VolumeReader>> StartReader() const;

  // The disk's bytes; must not outlive this. Once, because a plain file's descriptor goes with it.
  std::unique_ptr<Source> TakeSource();

 private:
  explicit DiskContents(VolumeReaderOptions options) : options_(std::move(options)) {}
  absl::Status Detect(const std::string& path, const OpenFile& open);
  absl::Status FindExtents(const std::string& path, const OpenFile& open);
  absl::Status OpenParts(const std::string& path, const OpenFile& open);
  void AddFile(OpenedDisk file);
  ContainerHandles Handles() const;

  const VolumeReaderOptions options_;
  ContainerKind kind_ = ContainerKind::kPlain;
  OpenedDisk file_;
  int fd_ = -1;                    // file_'s, wherever it has gone
  std::vector<OpenedDisk> parts_;  // behind file_
  uint64_t first_size_bytes_ = 0;
  uint64_t size_bytes_ = 0;
  uint32_t sector_size_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_IMAGING_DISK_CONTENTS_H_
