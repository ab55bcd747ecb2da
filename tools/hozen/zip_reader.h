// The entries of a ZIP file one after the other, through libarchive.
#ifndef HOZEN_TOOLS_HOZEN_ZIP_READER_H_
#define HOZEN_TOOLS_HOZEN_ZIP_READER_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/bytes/source.h"
#include "tools/hozen/zip_directory.h"

struct archive;

namespace hozen {

// A file to read at any offset. NotFound or PermissionDenied where it cannot be opened, InvalidArgument for a folder or
// device.
absl::StatusOr<std::unique_ptr<Source>> OpenForReading(const std::filesystem::path& file);

// Thread-compatible.
class ZipReader {
 public:
  // With a sound directory (`directory_is_sound`: ZipDirectory found nothing wrong), entries have exactly its names;
  // without one the file is read front to back as far as it goes.
  // NotFound or PermissionDenied where the file cannot be opened, InvalidArgument where it is no ZIP file.
  static absl::StatusOr<std::unique_ptr<ZipReader>> Open(const std::filesystem::path& file, bool directory_is_sound);
  ~ZipReader();

  // To the next entry; false behind the last. DataLoss where the file ends or is damaged here; nothing can be read
  // afterwards.
  absl::StatusOr<bool> Next();
  const std::string& name() const { return name_; }
  // Up to `size` further bytes of the entry; 0 at its end. DataLoss where its packed bytes are damaged; Next may still
  // find the entry after it.
  absl::StatusOr<size_t> Read(char* buffer, size_t size);

 private:
  ZipReader();

  archive* archive_;
  std::unique_ptr<Source> source_;
  std::optional<ZipDirectory> directory_;
  std::string name_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_ZIP_READER_H_
