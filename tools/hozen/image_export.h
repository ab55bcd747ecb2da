// Images of disks: downloaded into FILE.part in a way that can be broken off, checked against the signed SHA-256, then
// given their form and their name.
#ifndef HOZEN_TOOLS_HOZEN_IMAGE_EXPORT_H_
#define HOZEN_TOOLS_HOZEN_IMAGE_EXPORT_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "tools/hozen/collector.h"
#include "tools/hozen/console.h"
#include "tools/hozen/exit_code.h"

namespace hozen {

struct ImageExportOptions {
  std::string acquisition_id;
  std::string format;  // "raw", "e01", "aff4"
  std::optional<uint64_t> item;
  std::optional<uint32_t> partition;
  std::string range;          // as ParseRange takes it; empty for all
  std::filesystem::path out;  // empty: named for the acquisition, in this folder
  bool to_stdout = false;     // raw only: the bytes alone
  bool force = false;
  uint64_t segment_size_bytes = 0;  // e01
};

// Nothing appears under the image's name before it is whole. AlreadyExists where something is there; what an earlier
// attempt left is gone on with unless `force`. DataLoss where what came is not what the host signed.
absl::StatusOr<ExitCode> ExportImage(Collector& collector, Console& console, const ImageExportOptions& options);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_IMAGE_EXPORT_H_
