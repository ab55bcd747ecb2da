#include "collector/catalog/staged_commit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>

#include "collector/catalog/acquisition_rows.h"
#include "collector/catalog/item_rows.h"
#include "collector/catalog/row_status.h"
#include "collector/catalog/schema.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/unique_fd.h"

namespace hozen {
namespace {

// Rows between two commits of the staging file; they only bound SQLite's memory.
constexpr uint64_t kRowsPerTransaction = 4096;

}  // namespace

absl::StatusOr<std::unique_ptr<StagedCommit>> StagedCommit::Begin(const std::filesystem::path& catalog_file,
                                                                  std::string_view customer_id,
                                                                  std::string_view acquisition_id) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, OpenCatalogConnection(catalog_file));
  HOZEN_RETURN_IF_ERROR(SelectAcquisition(*connection, customer_id, acquisition_id).status());
  std::unique_ptr<StagedCommit> commit(new StagedCommit(std::move(connection), customer_id, acquisition_id));
  HOZEN_RETURN_IF_ERROR(commit->Stage(catalog_file));
  return commit;
}

absl::Status StagedCommit::Stage(const std::filesystem::path& catalog_file) {
  std::string file = catalog_file.string() + ".staging-XXXXXX";
  const UniqueFd created(mkostemp(file.data(), O_CLOEXEC));
  if (!created.valid()) return ErrnoStatus(errno, Concat("creating ", file));
  absl::Status attached;
  {
    absl::StatusOr<SqliteStatement> attach = connection_->Prepare("ATTACH ? AS staging");
    attached = attach.ok() ? attach->BindText(1, file).Run() : attach.status();
  }
  if (attached.ok()) {
    // Nothing in it outlives this object, so there is nothing to journal and nothing to sync.
    attached = connection_->Execute(
        "PRAGMA staging.journal_mode=OFF; PRAGMA staging.synchronous=OFF;"
        "CREATE TABLE staging.items (idx INTEGER PRIMARY KEY, path BLOB, name BLOB, sha256 BLOB, state INTEGER, "
        "size_bytes INTEGER, modified_unix_ns INTEGER, body_offset_bytes INTEGER, item BLOB);");
  }
  // Open files stay; a crash leaves nothing behind.
  unlink(file.c_str());
  if (attached.ok()) attached = connection_->Execute("BEGIN");
  return WithContext(attached, "staging items for the catalog");
}

absl::Status StagedCommit::AddItem(const IndexedItem& item) {
  if (finished_) return absl::FailedPreconditionError("an item was added to a commit that has ended");
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement insert,
                         connection_->Prepare("INSERT INTO staging.items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  BindItem(item, insert);
  HOZEN_RETURN_IF_ERROR(InsertStatus(insert.Run(), Concat("item ", item.item.index())));
  if (++staged_ % kRowsPerTransaction == 0) return connection_->Execute("COMMIT; BEGIN;");
  return absl::OkStatus();
}

absl::Status StagedCommit::Finish(const AcquisitionRow& row) {
  if (finished_) return absl::FailedPreconditionError("a commit was finished twice");
  if (row.acquisition.acquisition_id() != acquisition_id_) {
    return absl::InvalidArgumentError(
        Concat(RowName("acquisition", row.acquisition.acquisition_id()), " is not the one whose commit was begun"));
  }
  finished_ = true;
  HOZEN_RETURN_IF_ERROR(connection_->Execute("COMMIT"));
  HOZEN_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(*connection_));
  HOZEN_RETURN_IF_ERROR(EndAcquisitionInTransaction(*connection_, customer_id_, row));
  {
    HOZEN_ASSIGN_OR_RETURN(
        SqliteStatement copy,
        connection_->Prepare("INSERT INTO main.items (customer_id, acquisition_id, idx, path, name, sha256, state, "
                             "size_bytes, modified_unix_ns, body_offset_bytes, item) "
                             "SELECT ?, ?, s.* FROM staging.items s ORDER BY s.idx"));
    HOZEN_RETURN_IF_ERROR(copy.BindText(1, customer_id_).BindText(2, acquisition_id_).Run());
  }
  return transaction.Commit();
}

}  // namespace hozen
