// A disk as its bytes, and the sidecar that lets anyone verify them offline. Format: docs/formats/bundle.md.
#ifndef HOZEN_COLLECTOR_EXPORT_RAW_EXPORT_H_
#define HOZEN_COLLECTOR_EXPORT_RAW_EXPORT_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/export/bundle_proofs.h"
#include "collector/export/stored_evidence.h"

namespace hozen {

// The disk that a raw export is of: the item asked for, else the only disk with a stream. NotFound where there is none,
// or no such item; InvalidArgument, naming the disks, where there are several, or where the item is no disk;
// FailedPrecondition where nothing of it could be read.
absl::StatusOr<v1::Item> FindDisk(StoredEvidence& evidence, std::optional<uint64_t> item_index);

// A part of a disk's stream.
struct DiskRange {
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;
  friend bool operator==(const DiskRange&, const DiskRange&) = default;
};

// The range that was asked for, where a size of 0 means to the disk's end. OutOfRange where it does not lie in the
// disk.
absl::StatusOr<DiskRange> FindRange(const v1::Item& disk, uint64_t offset_bytes, uint64_t size_bytes);

// The range of the disk's stream. DataLoss names chunk and offset.
absl::Status ExportRaw(StoredEvidence& evidence, const v1::Item& disk, DiskRange range, StreamSink& sink);

// The sidecar of an image of the range, as data only.
absl::Status ExportRawSidecar(StoredEvidence& evidence, const BundleProofs& proofs, const v1::Item& disk,
                              DiskRange range, StreamSink& sink);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_RAW_EXPORT_H_
