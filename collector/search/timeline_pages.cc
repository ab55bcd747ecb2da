#include "collector/search/timeline_pages.h"

#include <limits>
#include <utility>

#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kEventsPerPage = 256;
constexpr size_t kBytesPerPage = 1 << 20;
constexpr int kLookedAtPerPage = 8192;
constexpr size_t kMostKnownAcquisitions = 4096;
// Behind those of ReadEntry.
constexpr int kAtColumn = kEntryColumnCount;
constexpr int kKindsColumn = kEntryColumnCount + 1;
constexpr int kPathNumberColumn = kEntryColumnCount + 2;

}  // namespace

TimelinePages::TimelinePages(const TimelineQuery& query)
    : query_(query), last_at_(query.from_unix_ns.value_or(std::numeric_limits<int64_t>::min())) {}

absl::StatusOr<std::vector<TimelineEvent>> TimelinePages::Next(SqliteConnection& connection) {
  std::vector<TimelineEvent> events;
  HOZEN_ASSIGN_OR_RETURN(const SqliteTransaction reading, SqliteTransaction::BeginReading(connection));
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare(Concat("SELECT ", kEntryColumns,
                                ", v.at, v.kinds, v.path FROM events v CROSS JOIN entries e ON e.id = v.entry "
                                "CROSS JOIN paths p ON p.id = e.path "
                                "WHERE v.host = (SELECT number FROM hosts WHERE host_id = ?1) "
                                "AND (v.at, v.path, v.entry) > (?2, ?3, ?4) AND v.at < ?5 "
                                "AND (?6 = '' OR v.acquisition = (SELECT number FROM acquisitions WHERE "
                                "acquisition_id = ?6)) ORDER BY v.at, v.path, v.entry")));
  select.BindText(1, query_.host_id)
      .BindInt(2, last_at_)
      .BindInt(3, last_path_)
      .BindInt(4, last_entry_)
      .BindInt(5, query_.to_unix_ns.value_or(std::numeric_limits<int64_t>::max()))
      .BindText(6, query_.acquisition_id);
  size_t bytes = 0;
  for (int looked_at = 0; looked_at < kLookedAtPerPage && events.size() < kEventsPerPage && bytes < kBytesPerPage;
       ++looked_at) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) {
      finished_ = true;
      break;
    }
    last_at_ = select.Int(kAtColumn);
    last_path_ = select.Int(kPathNumberColumn);
    last_entry_ = select.Int(kIdColumn);
    HOZEN_ASSIGN_OR_RETURN(const IndexedAcquisition* const acquisition,
                           AcquisitionOf(connection, select.Int(kAcquisitionColumn)));
    if (!acquisition->done) continue;
    TimelineEvent event{.at_unix_ns = last_at_, .kinds = static_cast<uint8_t>(select.Int(kKindsColumn)), .hit = {}};
    HOZEN_ASSIGN_OR_RETURN(event.hit.entry, ReadEntry(select));
    event.hit.acquisition_id = acquisition->acquisition_id;
    event.hit.host_id = acquisition->host_id;
    if (!filter_.IsNews(event)) continue;
    bytes += event.hit.entry.path.size();
    events.push_back(std::move(event));
  }
  return events;
}

absl::StatusOr<const IndexedAcquisition*> TimelinePages::AcquisitionOf(SqliteConnection& connection, int64_t number) {
  if (const auto found = acquisitions_.find(number); found != acquisitions_.end()) return &found->second;
  if (acquisitions_.size() >= kMostKnownAcquisitions) acquisitions_.clear();
  HOZEN_ASSIGN_OR_RETURN(IndexedAcquisition acquisition, SelectAcquisitionByNumber(connection, number));
  // What is not done when it is first seen is left out to the end: half of it would be worse than none.
  return &acquisitions_.emplace(number, std::move(acquisition)).first->second;
}

}  // namespace hozen
