// What libtsk knows about a disk, asked of a child process that holds nothing but a read-only handle. The disk may be
// hostile: the child may crash, hang or lie; none of it reaches the agent.
#ifndef HOZEN_AGENT_VOLUME_VOLUME_READER_H_
#define HOZEN_AGENT_VOLUME_VOLUME_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "agent/volume/container_kind.h"
#include "agent/volume/found_runs.h"
#include "agent/volume/raw_file.h"
#include "agent/volume/registry_query.h"
#include "core/base/unique_fd.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/raw_entry.pb.h"

namespace hozen {

struct VolumeReaderOptions {
  std::string executable;  // whose main is VolumeReaderMain when it is run as "<executable> volume-reader"
  uint64_t memory_bytes = uint64_t{1} << 30;
  absl::Duration answer_timeout = absl::Seconds(60);  // for the next piece of an answer
  absl::Duration total_timeout = absl::Minutes(30);   // of the child's life
};

struct DiskLayout {
  std::string partition_table;            // "dos", "gpt", "bsd", ...; empty for none
  std::vector<v1::Partition> partitions;  // "whole disk" where there is no table
};

// The open files of a container, in their order; borrowed, and read-only.
struct ContainerHandles {
  ContainerKind kind = ContainerKind::kPlain;
  std::vector<int> handles;
  std::vector<uint64_t> sizes_bytes;
};

// Thread-compatible. Each error of a child that died or did not answer in time is Aborted with how it ended ("killed by
// signal 11", "no answer for 60 s") and ends this reader: make another one to go on.
class VolumeReader {
 public:
  virtual ~VolumeReader() = default;

  // Partition table and file systems.
  virtual absl::StatusOr<DiskLayout> ReadLayout() = 0;

  // A body file (https://wiki.sleuthkit.org/index.php?title=Body_file) of the file system at offset_bytes, as `fls -r
  // -m mount_point` prints it where TZ is UTC (FAT's times have no zone), in pieces of at most 64 KiB. Errors in single
  // files are counted, not fatal. NotFound where no file system is recognised there; DataLoss where its folders could
  // not be walked to the end: what came before is good. An error of on_bytes is returned and ends this reader.
  struct ListingEnd {
    uint64_t entries = 0;
    uint64_t errors = 0;
  };
  virtual absl::StatusOr<ListingEnd> List(uint64_t offset_bytes, std::string_view mount_point,
                                          const std::function<absl::Status(std::string_view)>& on_bytes) = 0;

  // Runs of the allocated files, folders and tables of the file system at query.offset_bytes, and in Free what it says
  // that nobody uses. most_runs is above 0. What comes back lies on the disk and is sorted; nothing else about it is
  // sure. NotFound and DataLoss as List, but then there is no answer.
  virtual absl::StatusOr<FoundRuns<FileRun>> FindFileRuns(const RunQuery& query) = 0;
  virtual absl::StatusOr<FoundRuns<ByteRange>> FindFreeRuns(const RunQuery& query) = 0;
  // The most that one ReadAt gives.
  static constexpr size_t kMostReadBytes = 1 << 20;

  // Of the disk that is read: what Start was told, or what the child found in the container; checked for sense alone.
  virtual uint64_t disk_size_bytes() const = 0;
  virtual uint32_t sector_size_bytes() const = 0;

  // Bytes of the disk, at most kMostReadBytes of them; fewer than the buffer holds only at the end. DataLoss where they
  // cannot be had although the child is well.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) = 0;

  // Files, read raw. Of all these: NotFound where there is no file system at the offset, or no such file or attribute
  // in it; InvalidArgument where a folder is meant and the file is none; DataLoss where it is there and cannot be read
  // although the child is well. What is wrong with one file is a `problem` in its entry, never an error. FAT's times
  // are taken as UTC. Names hold no '/' and no NUL, and are at most 4 KiB.

  // Batches of at most 64 KiB. An error of it is returned and ends this reader.
  using OnRawEntries = std::function<absl::Status(std::vector<v1::RawEntry>)>;
  // Every name of a folder, in the file system's order, without "." and ".." and what libtsk adds to root folders.
  virtual absl::Status ReadFolder(const RawFileId& folder, const RawFolderOptions& options,
                                  const OnRawEntries& on_entries) = 0;
  // One allocated name in a folder; the entry bears the name as it is there. Where the file system ignores case, so
  // does this for ASCII, and the same letters are preferred.
  virtual absl::StatusOr<v1::RawEntry> FindEntry(const RawFileId& folder, std::string_view name) = 0;
  // The file by its record, without a name.
  virtual absl::StatusOr<v1::RawEntry> DescribeFile(const RawFileId& file) = 0;
  // Bytes of an attribute, at most kMostReadBytes; fewer than the buffer holds only at its end. Compressed ones are
  // unpacked, holes are zeros. Less than its size says where it has no holes and its blocks end before that.
  virtual absl::StatusOr<size_t> ReadAttribute(const RawFileId& file, const RawAttributeId& attribute,
                                               uint64_t offset_bytes, absl::Span<char> buffer) = 0;
  virtual absl::StatusOr<RawFileSystem> DescribeFileSystem(uint64_t offset_bytes) = 0;
  // Deleted files that no folder names any more. The first time the whole file system is walked for that. Of the
  // options only the page counts.
  virtual absl::Status ReadOrphans(uint64_t offset_bytes, const RawFolderOptions& options,
                                   const OnRawEntries& on_entries) = 0;

  // Keys of a registry hive on the disk, front to back, with their values; a literal key is one key. Damage in the hive
  // is in the records' problems and counted. NotFound and DataLoss as for files; DataLoss too where it is no hive, or
  // longer than kMaxHiveBytes: what was handed on before is good. InvalidArgument for a malformed key. An error of
  // on_key is returned and ends this reader.
  virtual absl::StatusOr<RegistryEnd> ReadRegistry(const RegistryQuery& query, const OnRegistryKey& on_key) = 0;

  // As Start, on the disk in a container. InvalidArgument where it cannot be read by us or alone (encrypted, the
  // difference to a parent), DataLoss where it is damaged or not whole; the text says what to do.
  static absl::StatusOr<std::unique_ptr<VolumeReader>> StartOnContainer(const VolumeReaderOptions& options,
                                                                        const ContainerHandles& container);

  // Starts the child. `disk` is open read-only; the child gets a duplicate of it. sector_size_bytes as the system says.
  static absl::StatusOr<std::unique_ptr<VolumeReader>> Start(const VolumeReaderOptions& options, int disk,
                                                             uint64_t disk_size_bytes, uint32_t sector_size_bytes);
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_VOLUME_READER_H_
