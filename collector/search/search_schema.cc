#include "collector/search/search_schema.h"

#include <cstdint>
#include <system_error>

#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr int64_t kApplicationId = 0x487A5331;
constexpr int64_t kVersion = 2;
constexpr absl::Duration kBusyTimeout = absl::Seconds(60);

constexpr char kTables[] = R"(
  CREATE TABLE hosts (number INTEGER PRIMARY KEY, host_id TEXT NOT NULL UNIQUE);

  CREATE TABLE acquisitions (
    number INTEGER PRIMARY KEY,
    acquisition_id TEXT NOT NULL UNIQUE,
    host INTEGER NOT NULL REFERENCES hosts,
    next_item INTEGER NOT NULL,
    next_byte INTEGER NOT NULL,
    done INTEGER NOT NULL,
    first_entry INTEGER,
    last_entry INTEGER);

  CREATE TABLE paths (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, name BLOB NOT NULL);
  CREATE INDEX paths_by_name ON paths (name);

  CREATE INDEX acquisitions_by_host ON acquisitions (host);

  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    acquisition INTEGER NOT NULL,
    item INTEGER NOT NULL,
    listing INTEGER NOT NULL,
    path INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    state INTEGER NOT NULL,
    allocation INTEGER NOT NULL,
    file_name_times INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB,
    modified INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    born INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    gid INTEGER NOT NULL,
    address TEXT NOT NULL);

  CREATE TABLE places (
    path INTEGER NOT NULL,
    acquisition INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (path, acquisition, entry)) WITHOUT ROWID;

  CREATE TABLE hashes (
    start INTEGER NOT NULL,
    acquisition INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (start, acquisition, entry)) WITHOUT ROWID;

  CREATE TABLE events (
    host INTEGER NOT NULL,
    at INTEGER NOT NULL,
    path INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    kinds INTEGER NOT NULL,
    acquisition INTEGER NOT NULL,
    PRIMARY KEY (host, at, path, entry)) WITHOUT ROWID;

  CREATE VIRTUAL TABLE trigrams USING fts5(path, tokenize='trigram', detail='none', content='', columnsize=0);
  INSERT INTO trigrams(trigrams, rank) VALUES ('hashsize', 16777216);
)";

absl::StatusOr<std::unique_ptr<SqliteConnection>> TryOpen(const std::filesystem::path& file) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, OpenSearchConnection(file));
  // Batches are large, and touch all of the indexes.
  HOZEN_RETURN_IF_ERROR(connection->Execute("PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=8192;"));
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(*connection));
  HOZEN_ASSIGN_OR_RETURN(const int64_t version, connection->QueryInt("PRAGMA user_version"));
  HOZEN_ASSIGN_OR_RETURN(const int64_t application, connection->QueryInt("PRAGMA application_id"));
  HOZEN_ASSIGN_OR_RETURN(const int64_t tables, connection->QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (application == kApplicationId && version == kVersion) return connection;
  if (application != 0 || version != 0 || tables != 0) {
    return absl::FailedPreconditionError("it is of another version, or no search index");
  }
  HOZEN_RETURN_IF_ERROR(connection->Execute(
      Concat(kTables, "PRAGMA application_id=", kApplicationId, "; PRAGMA user_version=", kVersion, ";")));
  HOZEN_RETURN_IF_ERROR(transaction.Commit());
  return connection;
}

void Remove(const std::filesystem::path& file) {
  for (const char* ending : {"", "-wal", "-shm"}) {
    std::error_code error;
    std::filesystem::remove(file.string() + ending, error);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenSearchConnection(const std::filesystem::path& file) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, SqliteConnection::Open(file, kBusyTimeout));
  HOZEN_RETURN_IF_ERROR(connection->Execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF; PRAGMA cache_size=-8192;"));
  return connection;
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenSearchFile(const std::filesystem::path& file) {
  absl::StatusOr<std::unique_ptr<SqliteConnection>> opened = TryOpen(file);
  if (opened.ok() || (!absl::IsDataLoss(opened.status()) && !absl::IsFailedPrecondition(opened.status()))) {
    return opened;
  }
  Log(Severity::kWarning,
      Concat("the search index is made anew file=", file.string(), " reason=", StdView(opened.status().message())));
  Remove(file);
  return TryOpen(file);
}

}  // namespace hozen
