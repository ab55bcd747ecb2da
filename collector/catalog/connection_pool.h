// Connections to a database that readers borrow, so that none waits for another or for a writer.
#ifndef HOZEN_COLLECTOR_CATALOG_CONNECTION_POOL_H_
#define HOZEN_COLLECTOR_CATALOG_CONNECTION_POOL_H_

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "collector/store/sqlite.h"

namespace hozen {

// Thread-safe. Must outlive what it lends.
class ConnectionPool {
 public:
  using Open = std::function<absl::StatusOr<std::unique_ptr<SqliteConnection>>()>;
  // `open` is called from whichever thread needs one more connection.
  explicit ConnectionPool(Open open) : open_(std::move(open)) {}

  // Gives the connection back when it goes. Thread-compatible.
  class Lease {
   public:
    Lease(ConnectionPool& pool, std::unique_ptr<SqliteConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->TakeBack(std::move(connection_));
    }
    SqliteConnection& operator*() const { return *connection_; }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<SqliteConnection> connection_;
  };

  // One that is idle, or a new one: there are as many as threads that read at one time.
  absl::StatusOr<Lease> Borrow();

 private:
  void TakeBack(std::unique_ptr<SqliteConnection> connection);

  const Open open_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_CONNECTION_POOL_H_
