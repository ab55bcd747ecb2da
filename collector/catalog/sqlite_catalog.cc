#include "collector/catalog/sqlite_catalog.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "collector/catalog/acquisition_rows.h"
#include "collector/catalog/connection_pool.h"
#include "collector/catalog/customer_rows.h"
#include "collector/catalog/host_rows.h"
#include "collector/catalog/hunt_host_rows.h"
#include "collector/catalog/hunt_rows.h"
#include "collector/catalog/item_rows.h"
#include "collector/catalog/row_status.h"
#include "collector/catalog/schema.h"
#include "collector/catalog/staged_commit.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// Is counted as long as it lives.
class CountedCommit : public Catalog::Commit {
 public:
  CountedCommit(std::unique_ptr<Catalog::Commit> commit, std::atomic<uint64_t>& under_way)
      : under_way_(under_way), commit_(std::move(commit)) {
    ++under_way_;
  }
  ~CountedCommit() override { --under_way_; }
  absl::Status AddItem(const IndexedItem& item) override { return commit_->AddItem(item); }
  absl::Status Finish(const AcquisitionRow& row) override { return commit_->Finish(row); }

 private:
  std::atomic<uint64_t>& under_way_;
  const std::unique_ptr<Catalog::Commit> commit_;
};

// One connection writes, so writers queue here instead of inside SQLite; readers have their own. The SQL is in the
// *_rows files.
class SqliteCatalog : public Catalog {
 public:
  SqliteCatalog(std::filesystem::path file, std::unique_ptr<SqliteConnection> writer)
      : file_(std::move(file)), readers_([this] { return OpenCatalogConnection(file_); }), writer_(std::move(writer)) {}

  absl::Status AddCustomer(const CustomerRow& customer) override {
    absl::MutexLock lock(&mutex_);
    return InsertCustomer(*writer_, customer);
  }
  absl::Status FinishCustomer(const CustomerRow& customer) override {
    absl::MutexLock lock(&mutex_);
    return FinishCustomerRow(*writer_, customer);
  }
  absl::StatusOr<CustomerRow> GetCustomer(std::string_view customer_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectCustomer(*reader, customer_id);
  }
  absl::StatusOr<std::vector<CustomerRow>> ListCustomers() override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectCustomers(*reader);
  }

  absl::Status AddOperator(std::string_view customer_id, const OperatorRow& row) override {
    absl::MutexLock lock(&mutex_);
    return InsertOperator(*writer_, customer_id, row);
  }
  absl::StatusOr<OperatorRow> GetOperator(std::string_view customer_id, std::string_view name) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectOperator(*reader, customer_id, name);
  }

  absl::Status AddToken(std::string_view customer_id, const Digest& secret_sha256, std::string_view label,
                        int64_t expires_unix_ns, uint32_t uses) override {
    absl::MutexLock lock(&mutex_);
    return InsertToken(
        *writer_, customer_id,
        {.secret_sha256 = secret_sha256, .label = label, .expires_unix_ns = expires_unix_ns, .uses = uses});
  }
  absl::StatusOr<TokenUse> UseToken(const Digest& secret_sha256, int64_t now_unix_ns) override {
    absl::MutexLock lock(&mutex_);
    return TakeTokenUse(*writer_, secret_sha256, now_unix_ns);
  }

  absl::Status AddHost(std::string_view customer_id, const HostRow& row) override {
    absl::MutexLock lock(&mutex_);
    return InsertHost(*writer_, customer_id, row);
  }
  absl::StatusOr<HostRow> GetHost(std::string_view customer_id, std::string_view host_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectHost(*reader, customer_id, host_id);
  }
  absl::StatusOr<std::vector<v1::Host>> ListHosts(std::string_view customer_id, std::string_view filter) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectHosts(*reader, customer_id, filter);
  }
  absl::Status UpdateHost(std::string_view customer_id, const HostRow& row) override {
    absl::MutexLock lock(&mutex_);
    return ReplaceHost(*writer_, customer_id, row);
  }

  absl::Status AddAcquisitions(std::string_view customer_id, const std::vector<AcquisitionRow>& rows) override {
    absl::MutexLock lock(&mutex_);
    return InsertAcquisitions(*writer_, customer_id, rows);
  }
  absl::StatusOr<AcquisitionRow> GetAcquisition(std::string_view customer_id,
                                                std::string_view acquisition_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectAcquisition(*reader, customer_id, acquisition_id);
  }
  absl::StatusOr<std::vector<v1::Acquisition>> ListAcquisitions(std::string_view customer_id, std::string_view host_id,
                                                                std::string_view hunt_id, uint32_t most) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectAcquisitions(*reader, customer_id, host_id, hunt_id, most);
  }
  absl::StatusOr<std::vector<AcquisitionRow>> OpenAcquisitions(std::string_view customer_id,
                                                               std::string_view host_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectOpenAcquisitions(*reader, customer_id, host_id);
  }
  absl::StatusOr<std::vector<std::string>> CommittedAcquisitions(std::string_view customer_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectCommittedIds(*reader, customer_id);
  }
  absl::Status UpdateAcquisition(std::string_view customer_id, const v1::Acquisition& acquisition) override {
    absl::MutexLock lock(&mutex_);
    return ReplaceAcquisition(*writer_, customer_id, acquisition);
  }

  absl::Status AddHunt(std::string_view customer_id, const HuntRow& row,
                       const std::vector<HuntMember>& members) override {
    absl::MutexLock lock(&mutex_);
    return InsertHunt(*writer_, customer_id, row, members);
  }
  absl::StatusOr<HuntRow> GetHunt(std::string_view customer_id, std::string_view hunt_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectHunt(*reader, customer_id, hunt_id);
  }
  absl::StatusOr<std::vector<v1::Hunt>> ListHunts(std::string_view customer_id, uint32_t most) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectHunts(*reader, customer_id, most);
  }
  absl::StatusOr<std::vector<std::string>> OpenHunts(std::string_view customer_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectOpenHunts(*reader, customer_id);
  }
  absl::Status UpdateHunt(std::string_view customer_id, const v1::Hunt& hunt) override {
    absl::MutexLock lock(&mutex_);
    return ReplaceHunt(*writer_, customer_id, hunt);
  }
  absl::StatusOr<std::vector<v1::HuntHost>> ListHuntHosts(std::string_view customer_id,
                                                          std::string_view hunt_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectHuntHosts(*reader, customer_id, hunt_id);
  }
  absl::StatusOr<v1::HuntHost> GetHuntHost(std::string_view customer_id, std::string_view acquisition_id) override {
    HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    return SelectHuntHost(*reader, customer_id, acquisition_id);
  }
  absl::Status StartHuntHost(std::string_view customer_id, const HuntStart& start) override {
    absl::MutexLock lock(&mutex_);
    return StartHostOfHunt(*writer_, customer_id, start);
  }
  absl::Status WithdrawHuntHost(std::string_view customer_id, std::string_view acquisition_id) override {
    absl::MutexLock lock(&mutex_);
    return WithdrawHostOfHunt(*writer_, customer_id, acquisition_id);
  }
  absl::StatusOr<uint32_t> RetryHunt(std::string_view customer_id, std::string_view hunt_id) override {
    absl::MutexLock lock(&mutex_);
    return LetWaitAgain(*writer_, customer_id, hunt_id);
  }

  absl::StatusOr<std::unique_ptr<Commit>> BeginCommit(std::string_view customer_id,
                                                      std::string_view acquisition_id) override {
    HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<StagedCommit> commit,
                           StagedCommit::Begin(file_, customer_id, acquisition_id));
    ++begun_;
    return std::make_unique<CountedCommit>(std::move(commit), under_way_);
  }
  CommitActivity Commits() const override { return {.under_way = under_way_, .begun = begun_}; }

  absl::Status FindItems(std::string_view customer_id, const ItemQuery& query,
                         const std::function<absl::Status(const v1::ItemRow&)>& on_row) override;
  absl::StatusOr<IndexedItem> GetItem(std::string_view customer_id, std::string_view acquisition_id,
                                      uint64_t index) override;

 private:
  const std::filesystem::path file_;
  ConnectionPool readers_;
  std::atomic<uint64_t> under_way_ = 0;
  std::atomic<uint64_t> begun_ = 0;
  absl::Mutex mutex_;
  const std::unique_ptr<SqliteConnection> writer_ ABSL_PT_GUARDED_BY(mutex_);
};

absl::Status SqliteCatalog::FindItems(std::string_view customer_id, const ItemQuery& query,
                                      const std::function<absl::Status(const v1::ItemRow&)>& on_row) {
  ItemPages pages{std::string(customer_id), query};
  while (true) {
    std::vector<v1::ItemRow> rows;
    {
      // Given back while the caller works: he may take his time, and may ask the catalog himself.
      HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
      HOZEN_ASSIGN_OR_RETURN(rows, pages.Next(*reader));
    }
    if (rows.empty()) return absl::OkStatus();
    for (const v1::ItemRow& row : rows) HOZEN_RETURN_IF_ERROR(on_row(row));
  }
}

absl::StatusOr<IndexedItem> SqliteCatalog::GetItem(std::string_view customer_id, std::string_view acquisition_id,
                                                   uint64_t index) {
  HOZEN_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                         (*reader).Prepare("SELECT item, body_offset_bytes FROM items "
                                           "WHERE customer_id = ? AND acquisition_id = ? AND idx = ?"));
  select.BindText(1, customer_id).BindText(2, acquisition_id).BindInt(3, static_cast<int64_t>(index));
  HOZEN_ASSIGN_OR_RETURN(const bool found, select.Step());
  const std::string name = RowName(Concat("item ", index, " of acquisition"), acquisition_id);
  if (!found) return NoSuchRow(name);
  IndexedItem item{.item = {}, .body_offset_bytes = static_cast<uint64_t>(select.Int(1))};
  if (!item.item.ParseFromString(select.Bytes(0))) return DamagedRow(name);
  return item;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Catalog>> OpenSqliteCatalog(const std::filesystem::path& file) {
  auto open = [&file]() -> absl::StatusOr<std::unique_ptr<SqliteConnection>> {
    HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> writer, OpenCatalogConnection(file));
    HOZEN_RETURN_IF_ERROR(PrepareSchema(*writer));
    return writer;
  };
  absl::StatusOr<std::unique_ptr<SqliteConnection>> writer = open();
  if (!writer.ok()) return WithContext(writer.status(), Concat("opening the catalog ", file.string()));
  return std::make_unique<SqliteCatalog>(file, *std::move(writer));
}

}  // namespace hozen
