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

// The disk's stream. DataLoss names chunk and offset.
absl::Status ExportRaw(StoredEvidence& evidence, const v1::Item& disk, StreamSink& sink);

// The sidecar, as data only.
absl::Status ExportRawSidecar(StoredEvidence& evidence, const BundleProofs& proofs, const v1::Item& disk,
                              StreamSink& sink);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_RAW_EXPORT_H_
