// An acquisition's file times as a body file, which mactime and other timeline tools read. Format:
// docs/formats/bundle.md.
#ifndef HOZEN_COLLECTOR_EXPORT_BODYFILE_EXPORT_H_
#define HOZEN_COLLECTOR_EXPORT_BODYFILE_EXPORT_H_

#include <string>

#include "absl/status/status.h"
#include "collector/export/item_filter.h"
#include "collector/export/stored_evidence.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// The item's line with its newline; empty for an item without file metadata.
std::string BodyfileLine(const v1::Item& item);

// The whole file, as data only: a line for each item with file metadata, then the listings of file systems on disks; of
// both, what the filter takes.
// DataLoss names what is damaged.
absl::Status ExportBodyfile(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_BODYFILE_EXPORT_H_
