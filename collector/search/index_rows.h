// The search index's rows: how they are written, and how one is read back. Each call is on the connection given.
#ifndef HOZEN_COLLECTOR_SEARCH_INDEX_ROWS_H_
#define HOZEN_COLLECTOR_SEARCH_INDEX_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/search/search_index.h"
#include "collector/store/sqlite.h"

namespace hozen {

absl::StatusOr<IndexPosition> SelectPosition(SqliteConnection& connection, std::string_view acquisition_id);
// One transaction. FailedPrecondition where the acquisition does not stand at `batch.from`.
absl::Status AppendBatch(SqliteConnection& connection, const SearchIndex::Batch& batch);
absl::StatusOr<std::vector<std::string>> SelectDone(SqliteConnection& connection);

// For SELECT lists over `entries e` and `paths p`; ReadEntry takes them from column 0 on.
inline constexpr char kEntryColumns[] =
    "e.item, e.listing, p.path, e.kind, e.state, e.allocation, e.file_name_times, e.size_bytes, e.sha256, e.modified, "
    "e.accessed, e.changed, e.born, e.mode, e.uid, e.gid, e.address, e.acquisition, e.id";
inline constexpr int kPathColumn = 2;
inline constexpr int kAcquisitionColumn = 17;
inline constexpr int kIdColumn = 18;
inline constexpr int kEntryColumnCount = 19;
absl::StatusOr<SearchEntry> ReadEntry(const SqliteStatement& statement);

// The first eight bytes of a hash, as `hashes` has them.
int64_t HashStart(const Digest& sha256);

// What is known of an acquisition by its number.
struct IndexedAcquisition {
  std::string acquisition_id;
  std::string host_id;
  bool done = false;
};
// NotFound where there is none.
absl::StatusOr<IndexedAcquisition> SelectAcquisitionByNumber(SqliteConnection& connection, int64_t number);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_INDEX_ROWS_H_
