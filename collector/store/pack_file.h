// A pack file open for reading: records by offset, and a walk that finds every chunk without an index.
#ifndef HOZEN_COLLECTOR_STORE_PACK_FILE_H_
#define HOZEN_COLLECTOR_STORE_PACK_FILE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/store/pack_format.h"
#include "core/base/unique_fd.h"

namespace hozen {

// Thread-safe: reads with pread, keeps no position.
class PackFile {
 public:
  // NotFound where there is none.
  static absl::StatusOr<PackFile> Open(const std::filesystem::path& path);

  // As it was at Open.
  uint64_t size_bytes() const { return size_bytes_; }
  absl::StatusOr<PackHead> ReadHead() const;
  // DataLoss where there is no sound head at that offset, or its frame ends behind the file.
  absl::StatusOr<RecordHead> ReadRecordHead(uint64_t offset_bytes) const;
  // The record's plaintext, verified. DataLoss where it is damaged; FailedPrecondition for an encoding that we do not
  // know.
  absl::StatusOr<std::string> ReadPlain(uint64_t offset_bytes, const RecordHead& head) const;
  // Durable: what other processes, or this one before it was killed, wrote without syncing.
  absl::Status Sync() const;

  // What a walk says of a record that it came to.
  struct Found {
    uint64_t offset_bytes;
    RecordHead head;
    bool sound;  // false: the head is, the frame is not
  };
  // Walks the records from `offset_bytes`, a record's beginning, to the end of the file, as docs/formats/pack.md says.
  // Returns where the last whole record ends: behind it nothing is sound. Stops at the first error of `on_record`.
  // FailedPrecondition for an encoding that we do not know.
  absl::StatusOr<uint64_t> Walk(uint64_t offset_bytes,
                                const std::function<absl::Status(const Found&)>& on_record) const;

 private:
  PackFile(UniqueFd fd, uint64_t size_bytes, std::string name)
      : fd_(std::move(fd)), size_bytes_(size_bytes), name_(std::move(name)) {}
  // Exactly so many bytes; DataLoss where the file ends before.
  absl::StatusOr<std::string> Read(uint64_t offset_bytes, size_t size_bytes) const;
  // The next record at or behind the offset whose frame verifies.
  std::optional<uint64_t> FindSound(uint64_t offset_bytes) const;

  UniqueFd fd_;
  uint64_t size_bytes_;
  std::string name_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_PACK_FILE_H_
