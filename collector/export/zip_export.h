// An acquisition as a zip bundle: Velociraptor's layout, with what proves it below hozen/. Format:
// docs/formats/bundle.md.
#ifndef HOZEN_COLLECTOR_EXPORT_ZIP_EXPORT_H_
#define HOZEN_COLLECTOR_EXPORT_ZIP_EXPORT_H_

#include "absl/status/status.h"
#include "collector/export/bundle_proofs.h"
#include "collector/export/stored_evidence.h"

namespace hozen {

// Writes the bundle into `sink`, as data only. Memory: ZIP's central directory and the entries' names, about 300 bytes
// an item. DataLoss names the item and chunk that are damaged; what the sink has then is no ZIP file, because its end
// is missing. An error of the sink's comes back as it is.
absl::Status ExportZip(StoredEvidence& evidence, const BundleProofs& proofs, StreamSink& sink);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_ZIP_EXPORT_H_
