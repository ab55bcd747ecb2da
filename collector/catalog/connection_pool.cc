#include "collector/catalog/connection_pool.h"

#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxIdle = 16;

}  // namespace

absl::StatusOr<ConnectionPool::Lease> ConnectionPool::Borrow() {
  {
    absl::MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      Lease lease(*this, std::move(idle_.back()));
      idle_.pop_back();
      return lease;
    }
  }
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, open_());
  return Lease(*this, std::move(connection));
}

void ConnectionPool::TakeBack(std::unique_ptr<SqliteConnection> connection) {
  absl::MutexLock lock(&mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(connection));
}

}  // namespace hozen
