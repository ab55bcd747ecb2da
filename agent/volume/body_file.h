// A file system as a body file, line for line as `fls -r -m` prints it. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_BODY_FILE_H_
#define HOZEN_AGENT_VOLUME_BODY_FILE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/volume/disk_image.h"

namespace hozen {

struct BodyFileEnd {
  uint64_t entries = 0;  // lines
  uint64_t errors = 0;   // names whose metadata could not be read
};

// Gives each line, with its newline, to `on_line`. NotFound where no file system is recognised at offset_bytes;
// DataLoss where its folders cannot be walked to the end: what came before is good. Thread-compatible.
absl::StatusOr<BodyFileEnd> WriteBodyFile(DiskImage& disk, uint64_t offset_bytes, std::string_view mount_point,
                                          const std::function<void(std::string_view)>& on_line);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_BODY_FILE_H_
