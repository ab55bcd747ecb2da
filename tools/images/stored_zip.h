// A ZIP64 file of stored members, written front to back into a file that can be patched behind: a member's size is
// known once it has ended. libarchive would want it before, or leave it to a descriptor that AFF4's readers do not
// read.
#ifndef HOZEN_TOOLS_IMAGES_STORED_ZIP_H_
#define HOZEN_TOOLS_IMAGES_STORED_ZIP_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tools/images/spill_file.h"

namespace hozen {

// Thread-compatible. The descriptor must outlive it and be its alone; `file` is what it is open on, beside which the
// central directory waits for its turn. Memory does not grow with the members.
class StoredZip {
 public:
  StoredZip(int fd, const std::filesystem::path& file) : fd_(fd), directory_(file) {}

  absl::Status Begin(std::string name);
  absl::Status Write(std::string_view bytes);
  absl::Status End();
  // A whole member.
  absl::Status Add(std::string name, std::string_view bytes);
  // The central directory, with a comment of at most 65,535 bytes. Call nothing else afterwards.
  absl::Status Close(std::string_view comment);

 private:
  struct Member {
    std::string name;
    uint64_t at = 0;
    uint64_t size_bytes = 0;
    uint32_t crc = 0;
  };
  absl::Status Append(std::string_view bytes);

  const int fd_;
  uint64_t at_ = 0;
  Member member_;  // the one that was begun
  SpillFile directory_;
  uint64_t members_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_STORED_ZIP_H_
