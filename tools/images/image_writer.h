// A format of disk images, written front to back from an image's bytes. Why formats are made where the analyst stands:
// docs/adr/0007-images-on-the-analysts-side.md.
#ifndef HOZEN_TOOLS_IMAGES_IMAGE_WRITER_H_
#define HOZEN_TOOLS_IMAGES_IMAGE_WRITER_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/bytes/source.h"

namespace hozen {

// A run of which the image has zeros that nobody read.
struct MissingRun {
  uint64_t offset_bytes = 0;  // in the image
  uint64_t size_bytes = 0;
  bool unreadable = false;  // else it was not acquired
};

// What stands in an image beside its bytes. Text is UTF-8 without control characters.
struct ImageDescription {
  uint64_t size_bytes = 0;
  uint32_t sector_size_bytes = 512;
  bool whole_disk = true;
  std::string sha256_hex;
  std::string acquisition_id;
  std::string evidence;  // which item of it
  std::string title;     // what, from where
  std::string examiner;
  std::string notes;
  std::string model;
  std::string serial;
  std::string software;
  std::vector<MissingRun> missing;  // in order, without overlaps
};

// Where a file of an image is, and where it belongs.
struct ImageFile {
  std::filesystem::path written;
  std::filesystem::path name;
};

// Thread-compatible. Calls stand in the order Write..., Finish; after an error none is of use. ResourceExhausted where
// the disk is full. What an unfinished writer has written is removed with it.
class ImageWriter {
 public:
  virtual ~ImageWriter() = default;
  virtual absl::Status Write(std::string_view bytes) = 0;
  // All files are whole and synced when it returns OK, and stay under the names that they were written with.
  virtual absl::Status Finish() = 0;
  // The first of them is the one by which people know the image.
  virtual const std::vector<ImageFile>& files() const = 0;
};

// Gives a writer all bytes of an image, and finishes it.
absl::Status WriteImage(Source& image, ImageWriter& writer, const std::function<void(uint64_t)>& on_progress);

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_IMAGE_WRITER_H_
