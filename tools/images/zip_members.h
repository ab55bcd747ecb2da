// The members of a ZIP file that a stranger may have made, found through its central directory.
#ifndef HOZEN_TOOLS_IMAGES_ZIP_MEMBERS_H_
#define HOZEN_TOOLS_IMAGES_ZIP_MEMBERS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/bytes/source.h"

namespace hozen {

// As the central directory says, which nobody has checked.
struct ZipMember {
  uint64_t header_at = 0;
  uint64_t packed_bytes = 0;
  uint64_t size_bytes = 0;
  uint32_t crc = 0;
  uint16_t method = 0;
};

// Thread-compatible. The file must outlive it. Memory: one entry of the directory, and what is asked for. ZIP and
// ZIP64; no encryption, no sets of several files. All errors of a damaged file are DataLoss.
class ZipMembers {
 public:
  static absl::StatusOr<ZipMembers> Open(Source& file);

  uint64_t size() const { return members_; }
  const std::string& comment() const { return comment_; }

  // Goes through the directory. The name is the callee's until it returns; an error of its ends the walk.
  using OnMember = std::function<absl::Status(std::string_view name, const ZipMember& member)>;
  absl::Status ForEach(const OnMember& on_member) const;

  // Where a stored member's bytes begin: all `size_bytes` of them lie in the file, before the directory. DataLoss where
  // the member's own header is not there or says another name, Unimplemented where it is not stored.
  absl::StatusOr<uint64_t> StoredAt(std::string_view name, const ZipMember& member) const;

  // A whole member, stored or deflated, its checksum compared. Unimplemented where it has more than `limit_bytes`.
  absl::StatusOr<std::string> Read(std::string_view name, const ZipMember& member, uint64_t limit_bytes) const;

 private:
  explicit ZipMembers(Source& file) : file_(&file) {}
  absl::StatusOr<uint64_t> PackedAt(std::string_view name, const ZipMember& member) const;

  Source* file_;
  uint64_t directory_at_ = 0;
  uint64_t directory_end_ = 0;
  uint64_t members_ = 0;
  std::string comment_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_ZIP_MEMBERS_H_
