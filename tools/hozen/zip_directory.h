// A ZIP file's central directory (APPNOTE.TXT 6.3.x, with ZIP64), read strictly: readers of ZIP files differ in which
// of two contradicting names or sizes they believe, so a file in which any could is not one we vouch for.
#ifndef HOZEN_TOOLS_HOZEN_ZIP_DIRECTORY_H_
#define HOZEN_TOOLS_HOZEN_ZIP_DIRECTORY_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/bytes/source.h"

namespace hozen {

struct ZipEntry {
  std::string name;
  uint64_t size_bytes = 0;  // unpacked
};

// Thread-compatible. Holds one entry at a time.
class ZipDirectory {
 public:
  // NotFound where the file cannot be opened; DataLoss where there is no directory at its end: the file was cut off, or
  // is no ZIP file. `source` is borrowed.
  static absl::StatusOr<ZipDirectory> Open(Source& source);

  // The next entry, in the order of the directory; false behind the last. DataLoss, naming the entry, where it is not
  // stored or deflated, is encrypted, is a link or folder, has a comment or a field that could name it anew, has a name
  // with a NUL byte, its local header has another name, method, size or checksum, it stands before or inside the entry
  // before it, or bytes that belong to no entry lie between.
  absl::StatusOr<bool> Next(ZipEntry& entry);

  uint64_t entries() const { return entries_; }

 private:
  explicit ZipDirectory(Source& source) : source_(&source) {}
  absl::Status CheckLocalHeader(const ZipEntry& entry, std::string_view central, uint64_t offset_bytes,
                                uint64_t packed_bytes);

  Source* source_;
  uint64_t entries_ = 0;
  uint64_t read_ = 0;          // entries so far
  uint64_t at_ = 0;            // where the next central header stands
  uint64_t directory_at_ = 0;  // where the first stands
  uint64_t end_ = 0;           // of the directory
  uint64_t expected_at_ = 0;   // where the next local header may stand at the earliest
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_ZIP_DIRECTORY_H_
