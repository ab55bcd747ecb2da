// An acquisition as a tar in the layout that acquire writes and dissect opens. Format: docs/formats/bundle.md.
#ifndef HOZEN_COLLECTOR_EXPORT_TAR_EXPORT_H_
#define HOZEN_COLLECTOR_EXPORT_TAR_EXPORT_H_

#include "absl/status/status.h"
#include "collector/export/item_filter.h"
#include "collector/export/stored_evidence.h"

namespace hozen {

// Writes the tar into `sink`, as data only. Memory: about 100 bytes for each entry. DataLoss names the item and chunk
// that are damaged; the tar then has no end. An error of the sink's comes back as it is.
absl::Status ExportTar(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_TAR_EXPORT_H_
