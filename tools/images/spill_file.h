// What a writer has to say at the end of a file and learns while it writes the beginning: kept in a file without a
// name, so that memory does not grow with the image.
#ifndef HOZEN_TOOLS_IMAGES_SPILL_FILE_H_
#define HOZEN_TOOLS_IMAGES_SPILL_FILE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/unique_fd.h"

namespace hozen {

// Thread-compatible. Its file lies beside `beside`, has no name while it is used and is gone with the object or the
// process. What fits in kInMemoryBytes needs no file.
class SpillFile {
 public:
  static constexpr size_t kInMemoryBytes = 64 << 10;
  explicit SpillFile(std::filesystem::path beside) : beside_(std::move(beside)) {}

  // ResourceExhausted where the disk is full.
  absl::Status Append(std::string_view bytes);
  uint64_t size_bytes() const { return spilled_bytes_ + tail_.size(); }
  // All bytes from the first on, in pieces of at most kInMemoryBytes. The first error of `on_bytes` ends it.
  absl::Status Replay(const std::function<absl::Status(std::string_view)>& on_bytes) const;

 private:
  absl::Status Create();

  const std::filesystem::path beside_;
  UniqueFd fd_;
  uint64_t spilled_bytes_ = 0;
  std::string tail_;  // what stands behind those
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_SPILL_FILE_H_
