// Appends records to one pack file. Format: docs/formats/pack.md.
#ifndef HOZEN_COLLECTOR_STORE_PACK_WRITER_H_
#define HOZEN_COLLECTOR_STORE_PACK_WRITER_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/store/pack_format.h"
#include "core/base/unique_fd.h"
#include "core/chunk/chunk.h"

namespace hozen {

// Thread-compatible. Nothing appended is safe before Sync says so; after an error call CutBack.
class PackWriter {
 public:
  // A new pack: its head and its name are durable.
  static absl::StatusOr<std::unique_ptr<PackWriter>> Create(const std::filesystem::path& folder, const PackHead& head);
  // Goes on behind `end_bytes`; cuts off what stands there.
  static absl::StatusOr<std::unique_ptr<PackWriter>> Continue(const std::filesystem::path& folder, uint64_t number,
                                                              uint64_t end_bytes);

  // The record's offset.
  absl::StatusOr<uint64_t> Append(const VerifiedChunk& chunk);
  // Everything appended is durable.
  absl::Status Sync();
  // Takes back what stands behind `end_bytes`. On an error, or after a failed Sync, the pack is to be left alone.
  absl::Status CutBack(uint64_t end_bytes);

  uint64_t number() const { return number_; }
  // Where the next record will begin.
  uint64_t end_bytes() const { return written_bytes_ + buffer_.size(); }

 private:
  PackWriter(UniqueFd fd, uint64_t number, uint64_t end_bytes)
      : fd_(std::move(fd)), number_(number), written_bytes_(end_bytes) {}
  absl::Status Flush();

  UniqueFd fd_;
  const uint64_t number_;
  uint64_t written_bytes_;
  std::string buffer_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_PACK_WRITER_H_
