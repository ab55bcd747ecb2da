#include "collector/store/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

absl::StatusCode CodeOf(int extended, int system_error) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return absl::StatusCode::kAlreadyExists;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return absl::StatusCode::kNotFound;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:
      // The shared-memory file and truncations fail with the system's own error instead of SQLITE_FULL.
      return system_error == ENOSPC || system_error == EDQUOT ? absl::StatusCode::kResourceExhausted
                                                              : absl::StatusCode::kInternal;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status SqliteError(sqlite3* connection, int code) {
  // Memory and misuse errors leave no extended code behind.
  int extended = connection ? sqlite3_extended_errcode(connection) : code;
  if ((extended & 0xff) != (code & 0xff)) extended = code;
  const int system_error = connection ? sqlite3_system_errno(connection) : 0;
  return absl::Status(
      CodeOf(extended, system_error),
      Concat("SQLite: ", connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code), " (", extended, ")"));
}

}  // namespace

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

SqliteStatement::~SqliteStatement() {
  if (statement_) Reset();
}

void SqliteStatement::NoteBind(int code) {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

SqliteStatement& SqliteStatement::BindInt(int parameter, int64_t value) {
  NoteBind(sqlite3_bind_int64(statement_, parameter, value));
  return *this;
}

SqliteStatement& SqliteStatement::BindText(int parameter, std::string_view value) {
  // A null pointer would bind NULL, and an empty view may have one.
  NoteBind(sqlite3_bind_text64(statement_, parameter, value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::BindBlob(int parameter, std::string_view value) {
  NoteBind(
      sqlite3_bind_blob64(statement_, parameter, value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT));
  return *this;
}

SqliteStatement& SqliteStatement::BindNull(int parameter) {
  NoteBind(sqlite3_bind_null(statement_, parameter));
  return *this;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  if (bind_error_ != SQLITE_OK) return SqliteError(connection_, bind_error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  absl::Status status = SqliteError(connection_, code);
  sqlite3_reset(statement_);
  return status;
}

absl::Status SqliteStatement::Run() {
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bind_error_ = SQLITE_OK;
}

int64_t SqliteStatement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqliteStatement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (!bytes) return {};
  return std::string(static_cast<const char*>(bytes), sqlite3_column_bytes(statement_, column));
}

bool SqliteStatement::IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::filesystem::path& file,
                                                                         absl::Duration busy_timeout) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    absl::Status status = WithContext(SqliteError(handle, code), file.string());
    sqlite3_close(handle);
    return status;
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(absl::ToInt64Milliseconds(busy_timeout)));
  return std::unique_ptr<SqliteConnection>(new SqliteConnection(handle));
}

SqliteConnection::~SqliteConnection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

absl::Status SqliteConnection::Execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(connection_, code);
}

absl::StatusOr<SqliteStatement> SqliteConnection::Prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return SqliteError(connection_, code);
    found = statements_.emplace(std::string(sql), statement).first;
  }
  return SqliteStatement(connection_, found->second);
}

absl::StatusOr<int64_t> SqliteConnection::QueryInt(std::string_view sql) {
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  HOZEN_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

int64_t SqliteConnection::changes() const { return sqlite3_changes64(connection_); }

absl::Status SqliteConnection::RegisterMatcher(const std::string& name, Matcher matches) {
  auto call = [](sqlite3_context* context, int, sqlite3_value** values) {
    auto bytes = [](sqlite3_value* value) {
      const char* data = static_cast<const char*>(sqlite3_value_blob(value));
      return data ? std::string_view(data, sqlite3_value_bytes(value)) : std::string_view();
    };
    const auto matcher = reinterpret_cast<Matcher>(sqlite3_user_data(context));
    sqlite3_result_int(context, matcher(bytes(values[0]), bytes(values[1])) ? 1 : 0);
  };
  const int code =
      sqlite3_create_function_v2(connection_, name.c_str(), 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                 reinterpret_cast<void*>(matches), call, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(connection_, code);
}

absl::StatusOr<SqliteTransaction> SqliteTransaction::Begin(SqliteConnection& connection) {
  HOZEN_RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
  return SqliteTransaction(connection);
}

absl::StatusOr<SqliteTransaction> SqliteTransaction::BeginReading(SqliteConnection& connection) {
  HOZEN_RETURN_IF_ERROR(connection.Execute("BEGIN"));
  return SqliteTransaction(connection);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
  // After some errors SQLite has rolled back by itself; then there is nothing to take back and this fails harmlessly.
  if (connection_) connection_->Execute("ROLLBACK").IgnoreError();
}

absl::Status SqliteTransaction::Commit() {
  HOZEN_RETURN_IF_ERROR(connection_->Execute("COMMIT"));
  connection_ = nullptr;
  return absl::OkStatus();
}

}  // namespace hozen
