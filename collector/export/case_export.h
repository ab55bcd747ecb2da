// An acquisition in the Cyber-investigation Analysis Standard Expression (CASE 1.x over UCO 1.x, JSON-LD): who took
// what from where with which tool, for other laboratories. Format: docs/formats/bundle.md.
#ifndef HOZEN_COLLECTOR_EXPORT_CASE_EXPORT_H_
#define HOZEN_COLLECTOR_EXPORT_CASE_EXPORT_H_

#include "absl/status/status.h"
#include "collector/export/item_filter.h"
#include "collector/export/stored_evidence.h"

namespace hozen {

// One JSON document, as data only: an InvestigativeAction, the ProvenanceRecord of its exhibit, and the files in it.
// DataLoss names what is damaged.
absl::Status ExportCase(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_CASE_EXPORT_H_
