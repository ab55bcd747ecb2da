// An acquisition's file times as JSON lines that Timesketch imports: one object for each time of each file. Format:
// docs/formats/bundle.md.
#ifndef HOZEN_COLLECTOR_EXPORT_TIMESKETCH_EXPORT_H_
#define HOZEN_COLLECTOR_EXPORT_TIMESKETCH_EXPORT_H_

#include "absl/status/status.h"
#include "collector/export/item_filter.h"
#include "collector/export/stored_evidence.h"

namespace hozen {

// The files that were taken, then those in the listings of disks, as data only. With a time range, only the times that
// lie in it. DataLoss names what is damaged.
absl::Status ExportTimesketch(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_TIMESKETCH_EXPORT_H_
