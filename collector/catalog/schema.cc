#include "collector/catalog/schema.h"

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/plan/glob.h"

namespace hozen {
namespace {

constexpr int64_t kApplicationId = 0x487A6331;
constexpr int64_t kVersion = 2;

// Others write at the same time: commits of large acquisitions hold the lock longest.
constexpr absl::Duration kBusyTimeout = absl::Seconds(60);

constexpr char kTables[] = R"(
  CREATE TABLE customers (
    customer_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    ready INTEGER NOT NULL,
    authority_key BLOB NOT NULL,
    delegation BLOB NOT NULL) WITHOUT ROWID;

  CREATE TABLE operators (
    customer_id TEXT NOT NULL REFERENCES customers,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    certificate BLOB NOT NULL,
    PRIMARY KEY (customer_id, name)) WITHOUT ROWID;

  CREATE TABLE tokens (
    secret_sha256 BLOB NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers,
    label TEXT NOT NULL,
    expires_unix_ns INTEGER NOT NULL,
    uses_left INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE hosts (
    customer_id TEXT NOT NULL REFERENCES customers,
    host_id TEXT NOT NULL,
    hostname TEXT NOT NULL,
    label TEXT NOT NULL,
    enrolled_unix_ns INTEGER NOT NULL,
    host BLOB NOT NULL,
    public_key BLOB NOT NULL,
    certificate_chain TEXT NOT NULL,
    PRIMARY KEY (customer_id, host_id),
    UNIQUE (customer_id, public_key)) WITHOUT ROWID;

  CREATE TABLE acquisitions (
    customer_id TEXT NOT NULL,
    acquisition_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    created_unix_ns INTEGER NOT NULL,
    acquisition BLOB NOT NULL,
    plan BLOB NOT NULL,
    manifest BLOB,
    host_chain TEXT NOT NULL,
    custody_index INTEGER,
    PRIMARY KEY (customer_id, acquisition_id),
    FOREIGN KEY (customer_id, host_id) REFERENCES hosts) WITHOUT ROWID;
  CREATE INDEX acquisitions_by_age ON acquisitions (customer_id, created_unix_ns, acquisition_id);
  CREATE INDEX acquisitions_by_host ON acquisitions (customer_id, host_id, state);

  CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    customer_id TEXT NOT NULL,
    acquisition_id TEXT NOT NULL,
    idx INTEGER NOT NULL,
    path BLOB NOT NULL,
    name BLOB NOT NULL,
    sha256 BLOB,
    state INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    modified_unix_ns INTEGER NOT NULL,
    body_offset_bytes INTEGER NOT NULL,
    item BLOB NOT NULL,
    FOREIGN KEY (customer_id, acquisition_id) REFERENCES acquisitions);
  CREATE UNIQUE INDEX items_by_index ON items (customer_id, acquisition_id, idx);
)";

// Came with version 2: a program of version 1 would send hosts of a hunt plans that it does not find in their rows.
constexpr char kHuntTables[] = R"(
  CREATE TABLE hunts (
    customer_id TEXT NOT NULL REFERENCES customers,
    hunt_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    created_unix_ns INTEGER NOT NULL,
    next_start_unix_ns INTEGER NOT NULL,
    hunt BLOB NOT NULL,
    plan BLOB NOT NULL,
    PRIMARY KEY (customer_id, hunt_id)) WITHOUT ROWID;
  CREATE INDEX hunts_by_age ON hunts (customer_id, created_unix_ns, hunt_id);
  CREATE INDEX hunts_by_state ON hunts (customer_id, state);

  CREATE TABLE hunt_hosts (
    customer_id TEXT NOT NULL,
    hunt_id TEXT NOT NULL,
    idx INTEGER NOT NULL,
    host_id TEXT NOT NULL,
    hostname TEXT NOT NULL,
    acquisition_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    acquisition_state INTEGER NOT NULL,
    started_unix_ns INTEGER NOT NULL,
    ended_unix_ns INTEGER NOT NULL,
    stream_bytes INTEGER NOT NULL,
    sent_bytes INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (customer_id, hunt_id, idx),
    UNIQUE (customer_id, acquisition_id),
    FOREIGN KEY (customer_id, hunt_id) REFERENCES hunts,
    FOREIGN KEY (customer_id, host_id) REFERENCES hosts) WITHOUT ROWID;
)";

// Came and went after version 1. SQLite keeps what is there also while an older program writes, and that program finds
// the same without what has gone, so it is no new version.
constexpr char kLaterIndexes[] = R"(
  CREATE INDEX IF NOT EXISTS acquisitions_committed ON acquisitions (customer_id, acquisition_id)
    WHERE manifest IS NOT NULL;
  DROP INDEX IF EXISTS items_by_sha256;
  DROP INDEX IF EXISTS items_by_name;
  DROP INDEX IF EXISTS items_by_path;
)";

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenCatalogConnection(const std::filesystem::path& file) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, SqliteConnection::Open(file, kBusyTimeout));
  HOZEN_RETURN_IF_ERROR(connection->Execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"));
  HOZEN_RETURN_IF_ERROR(connection->RegisterMatcher("hozen_matches", &MatchesLoosely));
  return connection;
}

absl::Status PrepareSchema(SqliteConnection& connection) {
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(connection));
  HOZEN_ASSIGN_OR_RETURN(const int64_t version, connection.QueryInt("PRAGMA user_version"));
  HOZEN_ASSIGN_OR_RETURN(const int64_t application, connection.QueryInt("PRAGMA application_id"));
  HOZEN_ASSIGN_OR_RETURN(const int64_t tables, connection.QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (application == kApplicationId && version == kVersion) {
    HOZEN_RETURN_IF_ERROR(connection.Execute(kLaterIndexes));
    return transaction.Commit();
  }
  if (application == kApplicationId && version == 1) {
    HOZEN_RETURN_IF_ERROR(
        connection.Execute(Concat(kHuntTables, kLaterIndexes, "PRAGMA user_version=", kVersion, ";")));
    return transaction.Commit();
  }
  if (application == kApplicationId && version > kVersion) {
    return absl::FailedPreconditionError(Concat("the catalog has schema version ", version,
                                                ", this program knows up to ", kVersion,
                                                "; start the program that wrote it, or a newer one"));
  }
  if (application != 0 || version != 0 || tables != 0) {
    return absl::FailedPreconditionError("the file is a database, but not a catalog of ours");
  }
  HOZEN_RETURN_IF_ERROR(connection.Execute(Concat(kTables, kHuntTables, kLaterIndexes, "PRAGMA application_id=",
                                                  kApplicationId, "; PRAGMA user_version=", kVersion, ";")));
  return transaction.Commit();
}

}  // namespace hozen
