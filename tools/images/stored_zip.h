// A ZIP64 file of stored members, written front to back into a file that can be patched behind: a member's size is
// known once it has ended. libarchive would want it before, or leave it to a descriptor that AFF4's readers do not
// read.
#ifndef HOZEN_TOOLS_IMAGES_STORED_ZIP_H_
#define HOZEN_TOOLS_IMAGES_STORED_ZIP_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace hozen {

// Thread-compatible. The descriptor must outlive it and be its alone. Memory: about 100 bytes for each member.
class StoredZip {
 public:
  explicit StoredZip(int fd) : fd_(fd) {}

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
  std::vector<Member> members_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_STORED_ZIP_H_
