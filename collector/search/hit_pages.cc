#include "collector/search/hit_pages.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "collector/search/matching.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kHitsPerPage = 256;
constexpr size_t kBytesPerPage = 1 << 20;
constexpr int64_t kLookedAtPerPage = 8192;
constexpr int64_t kPathsAtOnce = 512;
constexpr size_t kMostKnownAcquisitions = 4096;

bool InRange(const SearchQuery& query, int64_t at_unix_ns) {
  return (!query.from_unix_ns.has_value() || at_unix_ns >= *query.from_unix_ns) &&
         (!query.to_unix_ns.has_value() || at_unix_ns < *query.to_unix_ns);
}

// The first event for which the query finds the entry: it may have several, and is found once.
int64_t FirstMatch(const SearchQuery& query, const SearchEntry& entry) {
  for (const PointInTime& point : PointsInTime(entry)) {
    if ((point.kinds & query.times) != 0 && InRange(query, point.at_unix_ns)) return point.at_unix_ns;
  }
  return std::numeric_limits<int64_t>::max();
}

}  // namespace

bool HitPages::Page::full() const {
  return hits.size() >= kHitsPerPage || bytes >= kBytesPerPage || looked_at >= kLookedAtPerPage;
}

bool HitPages::goes_over_paths() const {
  return driver_.kind == SearchDriver::Kind::kName || driver_.kind == SearchDriver::Kind::kPathRange ||
         driver_.kind == SearchDriver::Kind::kTrigrams || driver_.kind == SearchDriver::Kind::kPaths;
}

absl::StatusOr<std::vector<SearchHit>> HitPages::Next(SqliteConnection& connection) {
  Page page;
  // One moment for all of the page, and the file's locks are taken once.
  HOZEN_ASSIGN_OR_RETURN(const SqliteTransaction reading, SqliteTransaction::BeginReading(connection));
  while (!finished_ && !page.full()) {
    if (goes_over_paths()) {
      HOZEN_RETURN_IF_ERROR(paths_.empty() ? FillPaths(connection, page) : TakePath(connection, page));
    } else if (driver_.kind == SearchDriver::Kind::kTimes) {
      HOZEN_RETURN_IF_ERROR(TakeEvents(connection, page));
    } else {
      HOZEN_RETURN_IF_ERROR(TakeEntries(connection, page));
    }
  }
  return std::move(page.hits);
}

absl::StatusOr<SqliteStatement> HitPages::PreparePaths(SqliteConnection& connection) const {
  switch (driver_.kind) {
    case SearchDriver::Kind::kName: {
      HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                             connection.Prepare("SELECT id, path FROM paths WHERE name = ?1 AND id > ?2 "
                                                "ORDER BY id LIMIT ?3"));
      select.BindBlob(1, query_.name).BindInt(2, last_path_).BindInt(3, kPathsAtOnce);
      return select;
    }
    case SearchDriver::Kind::kPathRange: {
      // The first time from the prefix itself on, then behind the last path.
      HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                             connection.Prepare("SELECT id, path FROM paths WHERE path >= ?1 AND (?2 = 0 OR path > ?1) "
                                                "AND (?3 IS NULL OR path < ?3) ORDER BY path LIMIT ?4"));
      select.BindBlob(1, last_path_ == 0 ? driver_.prefix : last_path_bytes_)
          .BindInt(2, last_path_)
          .BindInt(4, kPathsAtOnce);
      if (driver_.behind_prefix.has_value()) {
        select.BindBlob(3, *driver_.behind_prefix);
      } else {
        select.BindNull(3);
      }
      return select;
    }
    case SearchDriver::Kind::kTrigrams: {
      HOZEN_ASSIGN_OR_RETURN(
          SqliteStatement select,
          connection.Prepare("SELECT p.id, p.path FROM trigrams t CROSS JOIN paths p ON p.id = t.rowid "
                             "WHERE t.trigrams MATCH ?1 AND t.rowid > ?2 ORDER BY t.rowid LIMIT ?3"));
      select.BindText(1, driver_.expression).BindInt(2, last_path_).BindInt(3, kPathsAtOnce);
      return select;
    }
    default: {
      HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                             connection.Prepare("SELECT id, path FROM paths WHERE id > ?1 ORDER BY id LIMIT ?2"));
      select.BindInt(1, last_path_).BindInt(2, kPathsAtOnce);
      return select;
    }
  }
}

absl::Status HitPages::FillPaths(SqliteConnection& connection, Page& page) {
  if (paths_ended_) {
    finished_ = true;
    return absl::OkStatus();
  }
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, PreparePaths(connection));
  int64_t seen = 0;
  size_t bytes = 0;
  while (bytes < kBytesPerPage) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) {
      paths_ended_ = seen < kPathsAtOnce;
      break;
    }
    ++seen;
    last_path_ = select.Int(0);
    last_path_bytes_ = select.Bytes(1);
    if (!MatchesPath(query_, last_path_bytes_)) continue;
    bytes += last_path_bytes_.size();
    paths_.push_back({.number = last_path_, .bytes = last_path_bytes_});
  }
  page.looked_at += seen;
  last_entry_ = 0;
  return absl::OkStatus();
}

absl::Status HitPages::TakePath(SqliteConnection& connection, Page& page) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare(Concat("SELECT ", kEntryColumns,
                                                   " FROM entries e CROSS JOIN paths p ON p.id = e.path "
                                                   "WHERE e.path = ?1 AND e.id > ?2 ORDER BY e.id")));
  select.BindInt(1, paths_.front().number).BindInt(2, last_entry_);
  HOZEN_ASSIGN_OR_RETURN(const bool ended, TakeRows(connection, select, page));
  if (ended) {
    paths_.pop_front();
    last_entry_ = 0;
  }
  return absl::OkStatus();
}

absl::Status HitPages::TakeEntries(SqliteConnection& connection, Page& page) {
  const std::string columns =
      Concat("SELECT ", kEntryColumns, " FROM entries e CROSS JOIN paths p ON p.id = e.path WHERE ");
  if (driver_.kind == SearchDriver::Kind::kEntries) {
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection.Prepare(Concat(columns, "e.id > ?1 ORDER BY e.id")));
    HOZEN_ASSIGN_OR_RETURN(finished_, TakeRows(connection, select.BindInt(1, last_entry_), page));
    return absl::OkStatus();
  }
  const bool by_hash = driver_.kind == SearchDriver::Kind::kHashes;
  if (part_ == (by_hash ? query_.sha256.size() : driver_.numbers.size())) {
    finished_ = true;
    return absl::OkStatus();
  }
  // An acquisition's entries stand together, but for those of another that was under way when the collector ended.
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare(Concat(columns, by_hash ? "e.sha256 = ?1 AND e.id > ?2 ORDER BY e.id"
                                                 : "e.acquisition = ?1 AND "
                                                   "e.id > max(?2, (SELECT first_entry - 1 FROM acquisitions "
                                                   "WHERE number = ?1)) AND e.id <= (SELECT last_entry FROM "
                                                   "acquisitions WHERE number = ?1) ORDER BY e.id")));
  if (by_hash) {
    select.BindBlob(1, query_.sha256[part_].bytes());
  } else {
    select.BindInt(1, driver_.numbers[part_]);
  }
  select.BindInt(2, last_entry_);
  HOZEN_ASSIGN_OR_RETURN(const bool ended, TakeRows(connection, select, page));
  ++page.looked_at;
  if (ended) {
    ++part_;
    last_entry_ = 0;
  }
  return absl::OkStatus();
}

absl::Status HitPages::TakeEvents(SqliteConnection& connection, Page& page) {
  if (part_ == driver_.numbers.size()) {
    finished_ = true;
    return absl::OkStatus();
  }
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare(Concat("SELECT ", kEntryColumns,
                                ", v.at, v.path FROM events v CROSS JOIN entries e ON e.id = v.entry "
                                "CROSS JOIN paths p ON p.id = e.path "
                                "WHERE v.host = ?1 AND (v.at, v.path, v.entry) > (?2, ?3, ?4) AND v.at < ?5 "
                                "ORDER BY v.at, v.path, v.entry")));
  if (!in_events_) {
    in_events_ = true;
    last_at_ = query_.from_unix_ns.value_or(std::numeric_limits<int64_t>::min());
    last_path_ = 0;
    last_entry_ = 0;
  }
  select.BindInt(1, driver_.numbers[part_])
      .BindInt(2, last_at_)
      .BindInt(3, last_path_)
      .BindInt(4, last_entry_)
      .BindInt(5, query_.to_unix_ns.value_or(std::numeric_limits<int64_t>::max()));
  while (!page.full()) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) {
      ++part_;
      ++page.looked_at;
      in_events_ = false;
      return absl::OkStatus();
    }
    last_at_ = select.Int(kBehindEntryColumns);
    last_path_ = select.Int(kBehindEntryColumns + 1);
    last_entry_ = select.Int(kIdColumn);
    HOZEN_RETURN_IF_ERROR(Consider(connection, select, page));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> HitPages::TakeRows(SqliteConnection& connection, SqliteStatement& select, Page& page) {
  while (!page.full()) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return true;
    last_entry_ = select.Int(kIdColumn);
    HOZEN_RETURN_IF_ERROR(Consider(connection, select, page));
  }
  return false;
}

absl::Status HitPages::Consider(SqliteConnection& connection, const SqliteStatement& row, Page& page) {
  ++page.looked_at;
  HOZEN_ASSIGN_OR_RETURN(const Acquisition* const acquisition, AcquisitionOf(connection, row.Int(kAcquisitionColumn)));
  if (!acquisition->wanted) return absl::OkStatus();
  HOZEN_ASSIGN_OR_RETURN(SearchEntry entry, ReadEntry(row));
  if (!Matches(query_, entry)) return absl::OkStatus();
  if (driver_.kind == SearchDriver::Kind::kTimes && FirstMatch(query_, entry) != last_at_) return absl::OkStatus();
  page.bytes += entry.path.size();
  page.hits.push_back({.entry = std::move(entry),
                       .acquisition_id = acquisition->row.acquisition_id,
                       .host_id = acquisition->row.host_id});
  return absl::OkStatus();
}

absl::StatusOr<const HitPages::Acquisition*> HitPages::AcquisitionOf(SqliteConnection& connection, int64_t number) {
  if (const auto found = acquisitions_.find(number); found != acquisitions_.end()) return &found->second;
  Acquisition acquisition;
  HOZEN_ASSIGN_OR_RETURN(acquisition.row, SelectAcquisitionByNumber(connection, number));
  acquisition.wanted =
      acquisition.row.done && MatchesAcquisition(query_, acquisition.row.acquisition_id, acquisition.row.host_id);
  // One that is not done may be, a page later.
  if (!acquisition.row.done) {
    not_done_ = std::move(acquisition);
    return &not_done_;
  }
  if (acquisitions_.size() >= kMostKnownAcquisitions) acquisitions_.clear();
  return &acquisitions_.emplace(number, std::move(acquisition)).first->second;
}

}  // namespace hozen
