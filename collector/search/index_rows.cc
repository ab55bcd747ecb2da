#include "collector/search/index_rows.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "collector/catalog/path_bytes.h"
#include "collector/search/byte_trigrams.h"
#include "collector/search/matching.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

struct EventRow {
  int64_t at;
  int64_t path;
  int64_t entry;
  uint8_t kinds;
};

struct HashRow {
  int64_t start;
  int64_t entry;
};

// The acquisition's row as it stands, made where it is missing.
struct AcquisitionNumbers {
  int64_t acquisition;
  int64_t host;
};

absl::StatusOr<int64_t> LastId(SqliteConnection& connection) {
  return connection.QueryInt("SELECT last_insert_rowid()");
}

absl::StatusOr<int64_t> HostNumber(SqliteConnection& connection, std::string_view host_id) {
  {
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection.Prepare("SELECT number FROM hosts WHERE host_id = ?"));
    HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, host_id).Step());
    if (found) return select.Int(0);
  }
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert, connection.Prepare("INSERT INTO hosts (host_id) VALUES (?)"));
  HOZEN_RETURN_IF_ERROR(insert.BindText(1, host_id).Run());
  return LastId(connection);
}

absl::StatusOr<AcquisitionNumbers> NumbersOf(SqliteConnection& connection, const SearchIndex::Batch& batch) {
  {
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                           connection.Prepare("SELECT number, host FROM acquisitions WHERE acquisition_id = ?"));
    HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, batch.acquisition_id).Step());
    if (found) return AcquisitionNumbers{.acquisition = select.Int(0), .host = select.Int(1)};
  }
  HOZEN_ASSIGN_OR_RETURN(const int64_t host, HostNumber(connection, batch.host_id));
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement insert,
      connection.Prepare("INSERT INTO acquisitions (acquisition_id, host, next_item, next_byte, done) "
                         "VALUES (?, ?, 0, 0, 0)"));
  HOZEN_RETURN_IF_ERROR(insert.BindText(1, batch.acquisition_id).BindInt(2, host).Run());
  HOZEN_ASSIGN_OR_RETURN(const int64_t number, LastId(connection));
  return AcquisitionNumbers{.acquisition = number, .host = host};
}

absl::StatusOr<int64_t> PathNumber(SqliteConnection& connection, std::string_view path) {
  {
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection.Prepare("SELECT id FROM paths WHERE path = ?"));
    HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindBlob(1, path).Step());
    if (found) return select.Int(0);
  }
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert, connection.Prepare("INSERT INTO paths (path, name) VALUES (?, ?)"));
  HOZEN_RETURN_IF_ERROR(insert.BindBlob(1, path).BindBlob(2, NameOfPath(path)).Run());
  HOZEN_ASSIGN_OR_RETURN(const int64_t number, LastId(connection));
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement trigrams,
                         connection.Prepare("INSERT INTO trigrams (rowid, path) VALUES (?, ?)"));
  HOZEN_RETURN_IF_ERROR(trigrams.BindInt(1, number).BindText(2, TrigramText(path)).Run());
  return number;
}

absl::StatusOr<int64_t> InsertEntry(SqliteConnection& connection, const SearchEntry& entry, int64_t acquisition,
                                    int64_t path) {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement insert,
      connection.Prepare("INSERT INTO entries (acquisition, item, listing, path, kind, state, allocation, "
                         "file_name_times, size_bytes, sha256, modified, accessed, changed, born, mode, uid, gid, "
                         "address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.BindInt(1, acquisition)
      .BindInt(2, static_cast<int64_t>(entry.item_index))
      .BindInt(3, entry.in_listing ? 1 : 0)
      .BindInt(4, path)
      .BindInt(5, entry.kind)
      .BindInt(6, entry.state)
      .BindInt(7, static_cast<int64_t>(entry.allocation))
      .BindInt(8, entry.file_name_times ? 1 : 0)
      .BindInt(9, static_cast<int64_t>(entry.size_bytes))
      .BindInt(11, entry.modified_unix_ns)
      .BindInt(12, entry.accessed_unix_ns)
      .BindInt(13, entry.changed_unix_ns)
      .BindInt(14, entry.born_unix_ns)
      .BindInt(15, entry.mode)
      .BindInt(16, entry.uid)
      .BindInt(17, entry.gid)
      .BindText(18, entry.address);
  if (entry.sha256.has_value()) {
    insert.BindBlob(10, entry.sha256->bytes());
  } else {
    insert.BindNull(10);
  }
  HOZEN_RETURN_IF_ERROR(insert.Run());
  HOZEN_ASSIGN_OR_RETURN(const int64_t number, LastId(connection));
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement place,
                         connection.Prepare("INSERT INTO places (path, acquisition, entry) VALUES (?, ?, ?)"));
  HOZEN_RETURN_IF_ERROR(place.BindInt(1, path).BindInt(2, acquisition).BindInt(3, number).Run());
  return number;
}

// In the order of their key, so that those of one batch, which are mostly far apart, at least come in one sweep.
absl::Status InsertEvents(SqliteConnection& connection, std::vector<EventRow>& events,
                          const AcquisitionNumbers& numbers) {
  std::sort(events.begin(), events.end(), [](const EventRow& a, const EventRow& b) {
    return std::tie(a.at, a.path, a.entry) < std::tie(b.at, b.path, b.entry);
  });
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert,
                         connection.Prepare("INSERT INTO events (host, at, path, entry, kinds, acquisition) "
                                            "VALUES (?, ?, ?, ?, ?, ?)"));
  for (const EventRow& event : events) {
    insert.Reset();
    insert.BindInt(1, numbers.host)
        .BindInt(2, event.at)
        .BindInt(3, event.path)
        .BindInt(4, event.entry)
        .BindInt(5, event.kinds)
        .BindInt(6, numbers.acquisition);
    HOZEN_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

// Likewise.
absl::Status InsertHashes(SqliteConnection& connection, std::vector<HashRow>& hashes, int64_t acquisition) {
  std::sort(hashes.begin(), hashes.end(),
            [](const HashRow& a, const HashRow& b) { return std::tie(a.start, a.entry) < std::tie(b.start, b.entry); });
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert,
                         connection.Prepare("INSERT INTO hashes (start, acquisition, entry) VALUES (?, ?, ?)"));
  for (const HashRow& hash : hashes) {
    insert.Reset();
    HOZEN_RETURN_IF_ERROR(insert.BindInt(1, hash.start).BindInt(2, acquisition).BindInt(3, hash.entry).Run());
  }
  return absl::OkStatus();
}

// So that what is near in the order of paths is near in the file: the batch goes through the paths' indexes in one
// sweep, and so does whoever reads it later.
std::vector<const SearchEntry*> InTheOrderOfPaths(const std::vector<SearchEntry>& entries) {
  std::vector<const SearchEntry*> ordered;
  ordered.reserve(entries.size());
  for (const SearchEntry& entry : entries) ordered.push_back(&entry);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const SearchEntry* a, const SearchEntry* b) { return a->path < b->path; });
  return ordered;
}

absl::Status MovePosition(SqliteConnection& connection, const AcquisitionNumbers& numbers, const IndexPosition& to,
                          std::optional<int64_t> first_entry, int64_t last_entry) {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement update,
      connection.Prepare("UPDATE acquisitions SET next_item = ?2, next_byte = ?3, done = ?4, "
                         "first_entry = coalesce(first_entry, ?5), last_entry = coalesce(?6, last_entry) "
                         "WHERE number = ?1"));
  update.BindInt(1, numbers.acquisition)
      .BindInt(2, static_cast<int64_t>(to.next_item))
      .BindInt(3, static_cast<int64_t>(to.next_byte))
      .BindInt(4, to.done ? 1 : 0);
  if (first_entry.has_value()) {
    update.BindInt(5, *first_entry).BindInt(6, last_entry);
  } else {
    update.BindNull(5).BindNull(6);
  }
  return update.Run();
}

}  // namespace

absl::StatusOr<IndexPosition> SelectPosition(SqliteConnection& connection, std::string_view acquisition_id) {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare("SELECT next_item, next_byte, done FROM acquisitions WHERE acquisition_id = ?"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, acquisition_id).Step());
  if (!found) return IndexPosition{};
  return IndexPosition{.next_item = static_cast<uint64_t>(select.Int(0)),
                       .next_byte = static_cast<uint64_t>(select.Int(1)),
                       .done = select.Int(2) != 0};
}

absl::Status AppendBatch(SqliteConnection& connection, const SearchIndex::Batch& batch) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  HOZEN_ASSIGN_OR_RETURN(const IndexPosition stands, SelectPosition(connection, batch.acquisition_id));
  if (stands != batch.from) {
    return absl::FailedPreconditionError(
        Concat("the search index is at item ", stands.next_item, " of acquisition ", batch.acquisition_id));
  }
  HOZEN_ASSIGN_OR_RETURN(const AcquisitionNumbers numbers, NumbersOf(connection, batch));
  std::vector<EventRow> events;
  std::vector<HashRow> hashes;
  std::optional<int64_t> first_entry;
  int64_t last_entry = 0;
  for (const SearchEntry* const entry : InTheOrderOfPaths(batch.entries)) {
    HOZEN_ASSIGN_OR_RETURN(const int64_t path, PathNumber(connection, entry->path));
    HOZEN_ASSIGN_OR_RETURN(last_entry, InsertEntry(connection, *entry, numbers.acquisition, path));
    if (!first_entry.has_value()) first_entry = last_entry;
    if (entry->sha256.has_value()) hashes.push_back({.start = HashStart(*entry->sha256), .entry = last_entry});
    for (const PointInTime& point : PointsInTime(*entry)) {
      events.push_back({.at = point.at_unix_ns, .path = path, .entry = last_entry, .kinds = point.kinds});
    }
  }
  HOZEN_RETURN_IF_ERROR(InsertEvents(connection, events, numbers));
  HOZEN_RETURN_IF_ERROR(InsertHashes(connection, hashes, numbers.acquisition));
  HOZEN_RETURN_IF_ERROR(MovePosition(connection, numbers, batch.to, first_entry, last_entry));
  return transaction.Commit();
}

absl::StatusOr<std::vector<std::string>> SelectDone(SqliteConnection& connection) {
  HOZEN_ASSIGN_OR_RETURN(
      SqliteStatement select,
      connection.Prepare("SELECT acquisition_id FROM acquisitions WHERE done = 1 ORDER BY acquisition_id"));
  std::vector<std::string> ids;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return ids;
    ids.push_back(select.Bytes(0));
  }
}

int64_t HashStart(const Digest& sha256) {
  uint64_t start = 0;
  for (const char byte : sha256.bytes().substr(0, sizeof start)) start = start << 8 | static_cast<uint8_t>(byte);
  return static_cast<int64_t>(start);
}

absl::StatusOr<SearchEntry> ReadEntry(const SqliteStatement& statement) {
  SearchEntry entry;
  entry.item_index = static_cast<uint64_t>(statement.Int(0));
  entry.in_listing = statement.Int(1) != 0;
  entry.path = statement.Bytes(2);
  entry.kind = static_cast<v1::Item::Kind>(statement.Int(3));
  entry.state = static_cast<v1::Item::State>(statement.Int(4));
  entry.allocation = static_cast<Allocation>(statement.Int(5));
  entry.file_name_times = statement.Int(6) != 0;
  entry.size_bytes = static_cast<uint64_t>(statement.Int(7));
  if (!statement.IsNull(8)) {
    HOZEN_ASSIGN_OR_RETURN(entry.sha256, Digest::FromBytes(statement.Bytes(8)));
  }
  entry.modified_unix_ns = statement.Int(9);
  entry.accessed_unix_ns = statement.Int(10);
  entry.changed_unix_ns = statement.Int(11);
  entry.born_unix_ns = statement.Int(12);
  entry.mode = static_cast<uint32_t>(statement.Int(13));
  entry.uid = static_cast<uint32_t>(statement.Int(14));
  entry.gid = static_cast<uint32_t>(statement.Int(15));
  entry.address = statement.Bytes(16);
  return entry;
}

absl::StatusOr<IndexedAcquisition> SelectAcquisitionByNumber(SqliteConnection& connection, int64_t number) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         connection.Prepare("SELECT a.acquisition_id, h.host_id, a.done FROM acquisitions a "
                                            "JOIN hosts h ON h.number = a.host WHERE a.number = ?"));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindInt(1, number).Step());
  if (!found) return absl::NotFoundError(Concat("acquisition ", number, " is not in the search index"));
  return IndexedAcquisition{.acquisition_id = select.Bytes(0), .host_id = select.Bytes(1), .done = select.Int(2) != 0};
}

}  // namespace hozen
