// A file system on a disk, read file by file through a child that may die of it.
#ifndef HOZEN_AGENT_RAW_RAW_VOLUME_H_
#define HOZEN_AGENT_RAW_RAW_VOLUME_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "agent/volume/raw_file.h"
#include "agent/volume/registry_query.h"
#include "agent/volume/volume_reader.h"
#include "proto/hozen/v1/raw_entry.pb.h"

namespace hozen {

// Thread-safe; one question at a time. Where the child dies, another one is started and the question is asked once
// more; the second death is the answer (Aborted). After so many deaths the volume answers nothing else. Other errors
// are those of VolumeReader, and of `start_reader`.
class RawVolume {
 public:
  using StartReader = std::function<absl::StatusOr<std::unique_ptr<VolumeReader>>()>;
  // `device` is what FileMetadata.device says of its files.
  RawVolume(StartReader start_reader, uint64_t offset_bytes, uint64_t device)
      : start_reader_(std::move(start_reader)), offset_bytes_(offset_bytes), device_(device) {}

  uint64_t device() const { return device_; }

  absl::StatusOr<RawFileSystem> Describe();
  // At most `most` entries, from the one with this number on; fewer only at the end.
  absl::StatusOr<std::vector<v1::RawEntry>> ReadFolder(uint64_t folder, bool deleted, uint64_t first, size_t most);
  absl::StatusOr<std::vector<v1::RawEntry>> ReadOrphans(uint64_t first, size_t most);
  absl::StatusOr<v1::RawEntry> FindEntry(uint64_t folder, std::string_view name);
  absl::StatusOr<v1::RawEntry> DescribeFile(uint64_t file);
  absl::StatusOr<size_t> ReadAttribute(uint64_t file, const RawAttributeId& attribute, uint64_t offset_bytes,
                                       absl::Span<char> buffer);
  // Not asked again once a key was handed on. The query's hive and logs need no offset.
  absl::StatusOr<RegistryEnd> ReadRegistry(RegistryQuery query, const OnRegistryKey& on_key);

 private:
  template <typename Question>
  auto Ask(const Question& question) -> decltype(question(std::declval<VolumeReader&>()));

  // All entries that the question gives.
  template <typename Question>
  absl::StatusOr<std::vector<v1::RawEntry>> Page(const Question& question);

  RawFileId Id(uint64_t address) const { return {.file_system_offset_bytes = offset_bytes_, .address = address}; }

  const StartReader start_reader_;
  const uint64_t offset_bytes_;
  const uint64_t device_;
  absl::Mutex mutex_;
  std::unique_ptr<VolumeReader> reader_ ABSL_GUARDED_BY(mutex_);
  int deaths_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_RAW_VOLUME_H_
