// An acquisition's items as a table for spreadsheets (RFC 4180). Columns: docs/formats/bundle.md.
#ifndef HOZEN_COLLECTOR_EXPORT_CSV_EXPORT_H_
#define HOZEN_COLLECTOR_EXPORT_CSV_EXPORT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "collector/export/item_filter.h"
#include "collector/export/stored_evidence.h"

namespace hozen {

// One cell: quoted where it must be. What a spreadsheet would take for a formula gets an apostrophe before it, because
// a host chooses what its files are called.
std::string CsvCell(std::string_view text);

// A line for each item, those without bytes too, as data only. DataLoss names what is damaged.
absl::Status ExportCsv(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_CSV_EXPORT_H_
