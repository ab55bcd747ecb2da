// A search in steps: between them no connection is held, so that whoever asks may take his time.
#ifndef HOZEN_COLLECTOR_SEARCH_HIT_PAGES_H_
#define HOZEN_COLLECTOR_SEARCH_HIT_PAGES_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/search/index_rows.h"
#include "collector/search/search_driver.h"
#include "collector/search/search_entry.h"
#include "collector/store/sqlite.h"

namespace hozen {

// Thread-compatible.
class HitPages {
 public:
  // `query` must outlive this, its hashes sorted, each once.
  HitPages(const SearchQuery& query, SearchDriver driver);

  // The next hits; perhaps none, so that a long way between two of them can be interrupted. Bounded in number, in bytes
  // and in what is looked at.
  absl::StatusOr<std::vector<SearchHit>> Next(SqliteConnection& connection);
  // Nothing more comes.
  bool finished() const { return finished_; }

 private:
  struct Acquisition {
    IndexedAcquisition row;
    bool wanted = false;
  };
  struct Page {
    std::vector<SearchHit> hits;
    size_t bytes = 0;
    int64_t looked_at = 0;
    bool full() const;
  };

  bool goes_over_paths() const;
  absl::Status FillPaths(SqliteConnection& connection, Page& page);
  absl::StatusOr<SqliteStatement> PreparePaths(SqliteConnection& connection) const;
  absl::Status TakePath(SqliteConnection& connection, Page& page);
  absl::Status TakeHash(SqliteConnection& connection, Page& page);
  absl::Status TakeEntries(SqliteConnection& connection, Page& page);
  absl::Status TakeEvents(SqliteConnection& connection, Page& page);
  // The entries of the list of `key` in `sql`, which gives them by acquisition and id, into the page. Whether it came
  // to its end; where not, it goes on there the next time.
  absl::StatusOr<bool> TakeList(SqliteConnection& connection, std::string_view sql, int64_t key, Page& page);
  // The next acquisition that is asked for, at or behind `number`; nothing at the end.
  std::optional<int64_t> NextAcquisition(int64_t number) const;
  absl::Status TakeEntry(SqliteConnection& connection, int64_t entry, Page& page);
  absl::StatusOr<bool> PathIsAskedFor(SqliteConnection& connection, int64_t path);
  absl::Status Consider(SqliteConnection& connection, const SqliteStatement& row, Page& page);
  absl::StatusOr<const Acquisition*> AcquisitionOf(SqliteConnection& connection, int64_t number);

  const SearchQuery& query_;
  const SearchDriver driver_;
  const bool asks_for_paths_;
  // Where it stands: which hash, host or acquisition is gone through; behind which path, entry and event.
  size_t part_ = 0;
  std::deque<int64_t> paths_;  // found, their entries not yet
  int64_t paths_at_once_;
  bool paths_ended_ = false;
  int64_t last_path_ = 0;
  std::string last_path_bytes_;   // kPathRange
  int64_t last_acquisition_ = 0;  // of a list
  int64_t last_entry_ = 0;
  int64_t last_at_ = 0;  // kTimes
  bool in_events_ = false;
  int64_t last_checked_path_ = 0;
  bool last_path_asked_for_ = false;
  bool finished_ = false;
  absl::flat_hash_map<int64_t, Acquisition> acquisitions_;  // that are done
  Acquisition not_done_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_HIT_PAGES_H_
