// What the collector holds for each customer, kept apart from every other's: its folder with chunk store, custody log,
// host CA and keys. The one way to a customer's evidence goes through here.
#ifndef HOZEN_COLLECTOR_ACCESS_CUSTOMERS_H_
#define HOZEN_COLLECTOR_ACCESS_CUSTOMERS_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "collector/catalog/catalog.h"
#include "collector/custody/custody_log.h"
#include "collector/store/blob_store.h"
#include "core/base/clock.h"
#include "core/crypto/certificate.h"

namespace hozen {

// A customer's rooms. Thread-safe; lives as long as Customers.
class CustomerVault {
 public:
  const std::string& customer_id() const { return customer_id_; }
  BlobStore& store() { return *store_; }
  CustodyLog& custody() { return *custody_; }
  const CertificateAuthority& host_ca() const { return host_ca_; }
  const PublicKey& custody_key() const { return custody_key_; }
  const std::string& custody_origin() const { return custody_origin_; }

 private:
  friend class Customers;
  CustomerVault(std::string customer_id, std::unique_ptr<BlobStore> store, std::unique_ptr<CustodyLog> custody,
                CertificateAuthority host_ca, PublicKey custody_key, std::string custody_origin);
  std::string customer_id_;
  std::unique_ptr<BlobStore> store_;
  std::unique_ptr<CustodyLog> custody_;
  CertificateAuthority host_ca_;
  PublicKey custody_key_;
  std::string custody_origin_;
};

struct CustomersOptions {
  std::filesystem::path folder;  // <data>/customers
  uint64_t reserve_bytes = uint64_t{1} << 28;
  uint64_t quota_bytes = 0;  // of packs, for each customer
};

// Thread-safe.
class Customers {
 public:
  // `root` signs host CAs; all references must outlive this.
  Customers(CustomersOptions options, const CertificateAuthority& root, Catalog& catalog, const Clock& clock);

  // A new customer's id, folder, keys and row. AlreadyExists for a name that is taken.
  absl::StatusOr<CustomerVault*> Create(std::string_view name);
  // Opens it at the first call. NotFound for an unknown id; what OpenPackStore and CustodyLog::Open say.
  absl::StatusOr<CustomerVault*> Get(std::string_view customer_id);

  // OK where so many bytes more leave half of the reserve untouched; ResourceExhausted where not. For the catalog's
  // rows: a host whose chunks are all stored shall be able to commit them, and none may take the last byte.
  absl::Status CheckRoom(uint64_t size_bytes) const;

 private:
  absl::StatusOr<CustomerVault*> OpenLocked(std::string_view customer_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const CustomersOptions options_;
  const CertificateAuthority& root_;
  Catalog& catalog_;
  const Clock& clock_;
  absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<CustomerVault>, std::less<>> vaults_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_ACCESS_CUSTOMERS_H_
