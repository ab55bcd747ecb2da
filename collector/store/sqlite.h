// SQLite with owners: connections and statements that close themselves, errors as statuses. Lives with the store, which
// needs it for its index; the catalog uses it as well. Nobody else sees SQLite.
//
// Codes: ResourceExhausted = no room on the disk, AlreadyExists = a key taken twice, NotFound = a foreign key without
// its row, Unavailable = another connection held the lock for too long, DataLoss = the file is damaged or no database,
// FailedPrecondition = it cannot be opened or written to, Internal = anything else.
#ifndef HOZEN_COLLECTOR_STORE_SQLITE_H_
#define HOZEN_COLLECTOR_STORE_SQLITE_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hozen {

// A prepared statement, lent by its connection, which must outlive it. Thread-compatible. Parameters count from 1,
// columns from 0. The first error of a Bind is kept and comes out of Step.
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement();

  SqliteStatement& BindInt(int parameter, int64_t value);
  // Copied.
  SqliteStatement& BindText(int parameter, std::string_view value);
  SqliteStatement& BindBlob(int parameter, std::string_view value);
  SqliteStatement& BindNull(int parameter);

  // True where there is a row, false at the end.
  absl::StatusOr<bool> Step();
  // Steps to the end.
  absl::Status Run();
  // Ready for new parameters.
  void Reset();

  int64_t Int(int column) const;
  std::string Bytes(int column) const;  // text or blob
  bool IsNull(int column) const;

 private:
  friend class SqliteConnection;
  SqliteStatement(sqlite3* connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
  void NoteBind(int code);

  sqlite3* connection_;
  sqlite3_stmt* statement_;
  int bind_error_ = 0;
};

// One connection. Thread-compatible: one thread at a time.
class SqliteConnection {
 public:
  // Creates the file where it is not there. Waits up to `busy_timeout` for others' locks.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::filesystem::path& file,
                                                                absl::Duration busy_timeout);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Any number of statements, without parameters.
  absl::Status Execute(const std::string& sql);
  // Prepared at the first call, then kept. Two with the same text must not be in use at one time.
  absl::StatusOr<SqliteStatement> Prepare(std::string_view sql);
  // A statement's single number; 0 where it gives no row.
  absl::StatusOr<int64_t> QueryInt(std::string_view sql);
  // Rows that the last INSERT, UPDATE or DELETE touched.
  int64_t changes() const;

  // `name`(pattern, text) in SQL, true where `matches` says so. Both arguments are taken as bytes.
  using Matcher = bool (*)(std::string_view pattern, std::string_view text);
  absl::Status RegisterMatcher(const std::string& name, Matcher matches);

 private:
  explicit SqliteConnection(sqlite3* connection) : connection_(connection) {}

  sqlite3* const connection_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

// Until Commit; without it, destruction takes everything back.
class SqliteTransaction {
 public:
  static absl::StatusOr<SqliteTransaction> Begin(SqliteConnection& connection);
  // For several reads: all see one moment, and the file's locks are taken once.
  static absl::StatusOr<SqliteTransaction> BeginReading(SqliteConnection& connection);
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();

  // Durable as far as the connection's `synchronous` says.
  absl::Status Commit();

 private:
  explicit SqliteTransaction(SqliteConnection& connection) : connection_(&connection) {}
  SqliteConnection* connection_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_STORE_SQLITE_H_
