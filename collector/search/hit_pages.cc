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
// Few for a first page, more and more for whoever goes on: each time the indexes are looked into anew.
constexpr int64_t kPathsAtFirst = 128;
constexpr int64_t kPathsAtMost = 8192;
// So many entries of acquisitions that are not asked for, and it is quicker to look for the next one that is.
constexpr int kStepsBeforeLeap = 8;
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

constexpr char kListOfPath[] =
    "SELECT acquisition, entry FROM places WHERE path = ?1 AND (acquisition, entry) > (?2, ?3) "
    "ORDER BY acquisition, entry";
constexpr char kListOfHash[] =
    "SELECT acquisition, entry FROM hashes WHERE start = ?1 AND (acquisition, entry) > (?2, ?3) "
    "ORDER BY acquisition, entry";

std::string SelectEntries(std::string_view where) {
  return Concat("SELECT ", kEntryColumns, " FROM entries e CROSS JOIN paths p ON p.id = e.path WHERE ", where);
}

}  // namespace

HitPages::HitPages(const SearchQuery& query, SearchDriver driver)
    : query_(query),
      driver_(std::move(driver)),
      asks_for_paths_(!query.path_glob.empty() || !query.contains.empty() || !query.name.empty()),
      paths_at_once_(kPathsAtFirst),
      finished_(driver_.acquisitions.has_value() && driver_.acquisitions->empty()) {}

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
    } else if (driver_.kind == SearchDriver::Kind::kHashes) {
      HOZEN_RETURN_IF_ERROR(TakeHash(connection, page));
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
      select.BindBlob(1, query_.name).BindInt(2, last_path_).BindInt(3, paths_at_once_);
      return select;
    }
    case SearchDriver::Kind::kPathRange: {
      // The first time from the prefix itself on, then behind the last path.
      const bool bounded = driver_.behind_prefix.has_value();
      HOZEN_ASSIGN_OR_RETURN(
          SqliteStatement select,
          connection.Prepare(Concat("SELECT id, path FROM paths WHERE path >= ?1 AND (?2 = 0 OR path > ?1) ",
                                    bounded ? "AND path < ?4 " : "", "ORDER BY path LIMIT ?3")));
      select.BindBlob(1, last_path_ == 0 ? driver_.prefix : last_path_bytes_)
          .BindInt(2, last_path_)
          .BindInt(3, paths_at_once_);
      if (bounded) select.BindBlob(4, *driver_.behind_prefix);
      return select;
    }
    case SearchDriver::Kind::kTrigrams: {
      HOZEN_ASSIGN_OR_RETURN(
          SqliteStatement select,
          connection.Prepare("SELECT p.id, p.path FROM trigrams t CROSS JOIN paths p ON p.id = t.rowid "
                             "WHERE t.trigrams MATCH ?1 AND t.rowid > ?2 ORDER BY t.rowid LIMIT ?3"));
      select.BindText(1, driver_.expression).BindInt(2, last_path_).BindInt(3, paths_at_once_);
      return select;
    }
    default: {
      HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                             connection.Prepare("SELECT id, path FROM paths WHERE id > ?1 ORDER BY id LIMIT ?2"));
      select.BindInt(1, last_path_).BindInt(2, paths_at_once_);
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
      paths_ended_ = seen < paths_at_once_;
      break;
    }
    ++seen;
    last_path_ = select.Int(0);
    last_path_bytes_ = select.Bytes(1);
    if (!MatchesPath(query_, last_path_bytes_)) continue;
    bytes += last_path_bytes_.size();
    paths_.push_back(last_path_);
  }
  page.looked_at += seen;
  paths_at_once_ = std::min(2 * paths_at_once_, kPathsAtMost);
  return absl::OkStatus();
}

absl::Status HitPages::TakePath(SqliteConnection& connection, Page& page) {
  HOZEN_ASSIGN_OR_RETURN(const bool ended, TakeList(connection, kListOfPath, paths_.front(), page));
  if (ended) paths_.pop_front();
  return absl::OkStatus();
}

absl::Status HitPages::TakeHash(SqliteConnection& connection, Page& page) {
  if (part_ == query_.sha256.size()) {
    finished_ = true;
    return absl::OkStatus();
  }
  HOZEN_ASSIGN_OR_RETURN(const bool ended, TakeList(connection, kListOfHash, HashStart(query_.sha256[part_]), page));
  ++page.looked_at;
  if (ended) ++part_;
  return absl::OkStatus();
}

std::optional<int64_t> HitPages::NextAcquisition(int64_t number) const {
  const auto next = std::lower_bound(driver_.acquisitions->begin(), driver_.acquisitions->end(), number);
  return next == driver_.acquisitions->end() ? std::nullopt : std::optional(*next);
}

absl::StatusOr<bool> HitPages::TakeList(SqliteConnection& connection, std::string_view sql, int64_t key, Page& page) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection.Prepare(sql));
  const auto begin = [&] {
    select.Reset();
    select.BindInt(1, key).BindInt(2, last_acquisition_).BindInt(3, last_entry_);
  };
  // To the first entry of an acquisition that is asked for. False where there is none.
  const auto leap = [&] {
    const std::optional<int64_t> next = NextAcquisition(last_acquisition_ + 1);
    if (!next.has_value()) return false;
    last_acquisition_ = *next;
    last_entry_ = 0;
    begin();
    return true;
  };
  bool more = true;
  if (last_acquisition_ == 0 && driver_.acquisitions.has_value()) {
    more = leap();
  } else {
    begin();
  }
  int unwanted = 0;
  while (more && !page.full()) {
    HOZEN_ASSIGN_OR_RETURN(more, select.Step());
    if (!more) break;
    ++page.looked_at;
    last_acquisition_ = select.Int(0);
    last_entry_ = select.Int(1);
    HOZEN_ASSIGN_OR_RETURN(const Acquisition* const acquisition, AcquisitionOf(connection, last_acquisition_));
    if (acquisition->wanted) {
      unwanted = 0;
      HOZEN_RETURN_IF_ERROR(TakeEntry(connection, last_entry_, page));
    } else if (driver_.acquisitions.has_value() && ++unwanted >= kStepsBeforeLeap) {
      unwanted = 0;
      more = leap();
    }
  }
  if (more) return false;
  last_acquisition_ = 0;
  last_entry_ = 0;
  return true;
}

absl::Status HitPages::TakeEntry(SqliteConnection& connection, int64_t entry, Page& page) {
  static const std::string& kSql = *new std::string(SelectEntries("e.id = ?1"));
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection.Prepare(kSql));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindInt(1, entry).Step());
  if (!found) return absl::DataLossError("the search index names an entry that it does not have");
  return Consider(connection, select, page);
}

absl::Status HitPages::TakeEntries(SqliteConnection& connection, Page& page) {
  const bool all = driver_.kind == SearchDriver::Kind::kEntries;
  if (!all && part_ == driver_.acquisitions->size()) {
    finished_ = true;
    return absl::OkStatus();
  }
  // An acquisition's entries stand together, but for those of another that was under way when the collector ended.
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare(SelectEntries(all ? "e.id > ?1 ORDER BY e.id"
                                           : "e.id > max(?1, (SELECT first_entry - 1 FROM acquisitions "
                                             "WHERE number = ?2)) AND e.id <= (SELECT last_entry FROM acquisitions "
                                             "WHERE number = ?2) AND e.acquisition = ?2 ORDER BY e.id")));
  select.BindInt(1, last_entry_);
  if (!all) select.BindInt(2, (*driver_.acquisitions)[part_]);
  while (!page.full()) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) {
      finished_ = all;
      ++part_;
      ++page.looked_at;
      last_entry_ = 0;
      return absl::OkStatus();
    }
    ++page.looked_at;
    last_entry_ = select.Int(kIdColumn);
    HOZEN_RETURN_IF_ERROR(Consider(connection, select, page));
  }
  return absl::OkStatus();
}

absl::Status HitPages::TakeEvents(SqliteConnection& connection, Page& page) {
  if (part_ == driver_.hosts.size()) {
    finished_ = true;
    return absl::OkStatus();
  }
  // All of what decides about most events stands in their key's own index.
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT at, path, entry, kinds, acquisition FROM events WHERE host = ?1 "
                                            "AND (at, path, entry) > (?2, ?3, ?4) AND at < ?5 "
                                            "ORDER BY at, path, entry"));
  if (!in_events_) {
    in_events_ = true;
    last_at_ = query_.from_unix_ns.value_or(std::numeric_limits<int64_t>::min());
    last_path_ = 0;
    last_entry_ = 0;
  }
  select.BindInt(1, driver_.hosts[part_])
      .BindInt(2, last_at_)
      .BindInt(3, last_path_)
      .BindInt(4, last_entry_)
      .BindInt(5, query_.to_unix_ns.value_or(std::numeric_limits<int64_t>::max()));
  while (!page.full()) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    ++page.looked_at;
    if (!more) {
      ++part_;
      in_events_ = false;
      return absl::OkStatus();
    }
    last_at_ = select.Int(0);
    const int64_t path = select.Int(1);
    last_entry_ = select.Int(2);
    if ((select.Int(3) & query_.times) != 0) {
      HOZEN_ASSIGN_OR_RETURN(const Acquisition* const acquisition, AcquisitionOf(connection, select.Int(4)));
      HOZEN_ASSIGN_OR_RETURN(const bool asked_for, PathIsAskedFor(connection, path));
      if (acquisition->wanted && asked_for) HOZEN_RETURN_IF_ERROR(TakeEntry(connection, last_entry_, page));
    }
    last_path_ = path;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> HitPages::PathIsAskedFor(SqliteConnection& connection, int64_t path) {
  if (!asks_for_paths_) return true;
  // The same file in several acquisitions comes in a row.
  if (path == last_checked_path_) return last_path_asked_for_;
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection.Prepare("SELECT path FROM paths WHERE id = ?1"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindInt(1, path).Step());
  last_checked_path_ = path;
  last_path_asked_for_ = found && MatchesPath(query_, select.Bytes(0));
  return last_path_asked_for_;
}

absl::Status HitPages::Consider(SqliteConnection& connection, const SqliteStatement& row, Page& page) {
  HOZEN_ASSIGN_OR_RETURN(const Acquisition* const acquisition, AcquisitionOf(connection, row.Int(kAcquisitionColumn)));
  if (!acquisition->wanted) return absl::OkStatus();
  // Before all of the row is taken: most fail here, where a host's entries are gone through.
  if (asks_for_paths_ && !MatchesPath(query_, row.Bytes(kPathColumn))) return absl::OkStatus();
  HOZEN_ASSIGN_OR_RETURN(SearchEntry entry, ReadEntry(row));
  if (!Matches(query_, entry)) return absl::OkStatus();
  if (driver_.kind == SearchDriver::Kind::kTimes && FirstMatch(query_, entry) != last_at_) return absl::OkStatus();
  // Hashes that begin alike share a list; each is found for its own.
  if (driver_.kind == SearchDriver::Kind::kHashes && entry.sha256 != query_.sha256[part_]) return absl::OkStatus();
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
