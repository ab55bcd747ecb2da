#include "collector/access/customers.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "collector/store/pack_store.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr unsigned kFolderMode = 0700;
constexpr unsigned kSecretMode = 0600;
constexpr uint64_t kMaxPemSizeBytes = 64 << 10;
constexpr size_t kMaxNameSizeBytes = 200;
constexpr size_t kIdRandomBytes = 8;
// As long as the root lives: a host CA that runs out would take a whole fleet with it.
constexpr absl::Duration kHostCaLifetime = absl::Hours(24 * 365 * 10);
constexpr absl::Duration kClockSkew = absl::Minutes(10);

constexpr std::string_view kHostCaCertificate = "host_ca.pem";
constexpr std::string_view kHostCaKey = "host_ca.key";
constexpr std::string_view kCustodyKey = "custody.key";

// An id becomes a folder's name, so nothing but what NewId makes may pass.
bool IsCustomerId(std::string_view id) {
  if (id.size() != 2 * kIdRandomBytes) return false;
  for (const char c : id) {
    if (!absl::ascii_isdigit(c) && !(c >= 'a' && c <= 'f')) return false;
  }
  return true;
}

std::string NewId() { return absl::BytesToHexString(RandomBytes(kIdRandomBytes)); }

std::string OriginOf(std::string_view customer_id) { return Concat("hozen/customer/", customer_id); }

absl::Status CheckName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameSizeBytes) {
    return absl::InvalidArgumentError(Concat("a customer's name has 1 to ", kMaxNameSizeBytes, " bytes"));
  }
  if (Printable(name) != name) {
    return absl::InvalidArgumentError(Concat(
        "a customer's name is UTF-8 text without control characters or backslashes, not \"", Printable(name), "\""));
  }
  return absl::OkStatus();
}

// Writes the keys into a folder that nobody looks at yet.
absl::Status WriteKeys(const std::filesystem::path& folder, const CertificateAuthority& host_ca,
                       const PrivateKey& custody_key) {
  HOZEN_RETURN_IF_ERROR(WriteFileAtomically(folder / kHostCaCertificate, host_ca.certificate().ToPem(), kSecretMode));
  HOZEN_RETURN_IF_ERROR(WriteFileAtomically(folder / kHostCaKey, host_ca.SecretKeyPem(), kSecretMode));
  return WriteFileAtomically(folder / kCustodyKey, custody_key.ToSecretPem(), kSecretMode);
}

}  // namespace

CustomerVault::CustomerVault(std::string customer_id, std::unique_ptr<BlobStore> store,
                             std::unique_ptr<CustodyLog> custody, CertificateAuthority host_ca, PublicKey custody_key,
                             std::string custody_origin)
    : customer_id_(std::move(customer_id)),
      store_(std::move(store)),
      custody_(std::move(custody)),
      host_ca_(std::move(host_ca)),
      custody_key_(std::move(custody_key)),
      custody_origin_(std::move(custody_origin)) {}

Customers::Customers(CustomersOptions options, const CertificateAuthority& root, Catalog& catalog, const Clock& clock)
    : options_(std::move(options)), root_(root), catalog_(catalog), clock_(clock) {}

absl::StatusOr<CustomerVault*> Customers::Create(std::string_view name) {
  HOZEN_RETURN_IF_ERROR(CheckName(name));
  absl::MutexLock lock(&mutex_);
  HOZEN_ASSIGN_OR_RETURN(const std::vector<CustomerRow> customers, catalog_.ListCustomers());
  for (const CustomerRow& customer : customers) {
    if (customer.name == name) {
      return absl::AlreadyExistsError(Concat("there is a customer named \"", name, "\" already"));
    }
  }

  const std::string customer_id = NewId();
  const absl::Time now = clock_.Now();
  HOZEN_ASSIGN_OR_RETURN(const CertificateAuthority host_ca,
                         root_.CreateIntermediate(Concat("Hozen hosts of ", customer_id), now - kClockSkew,
                                                  std::min(now + kHostCaLifetime, root_.certificate().not_after())));
  HOZEN_ASSIGN_OR_RETURN(const PrivateKey custody_key, PrivateKey::Generate(KeyType::kEd25519));

  // The row comes last and makes the customer; the folder's name is random, so what a crash leaves before is never met
  // again. It holds keys that have signed nothing.
  const std::filesystem::path folder = options_.folder / customer_id;
  HOZEN_RETURN_IF_ERROR(MakeFolders(folder, kFolderMode));
  HOZEN_RETURN_IF_ERROR(SyncFolder(options_.folder));
  HOZEN_RETURN_IF_ERROR(WriteKeys(folder, host_ca, custody_key));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, OpenLocked(customer_id));

  CustomerRow row;
  row.customer_id = customer_id;
  row.name = std::string(name);
  if (absl::Status added = catalog_.AddCustomer(row); !added.ok()) {
    vaults_.erase(customer_id);
    std::error_code ignored;  // what stays behind does no harm
    std::filesystem::remove_all(folder, ignored);
    return WithContext(added, "adding the customer to the catalog");
  }
  Log(Severity::kInfo, Concat("customer created customer=", customer_id));
  return vault;
}

absl::StatusOr<CustomerVault*> Customers::Get(std::string_view customer_id) {
  absl::MutexLock lock(&mutex_);
  if (const auto found = vaults_.find(customer_id); found != vaults_.end()) return found->second.get();
  if (!IsCustomerId(customer_id)) return absl::NotFoundError("no such customer");
  // Only a customer with a row exists, whatever a crash left on the disk.
  if (absl::StatusOr<CustomerRow> row = catalog_.GetCustomer(customer_id); !row.ok()) return row.status();
  return OpenLocked(customer_id);
}

absl::Status Customers::CheckRoom(uint64_t size_bytes) const {
  struct statvfs facts;
  if (statvfs(options_.folder.c_str(), &facts) != 0) {
    return ErrnoStatus(errno, Concat("asking how much room there is under ", options_.folder.native()));
  }
  const uint64_t free = uint64_t{facts.f_bavail} * facts.f_frsize;
  if (size_bytes <= free - std::min(free, options_.reserve_bytes / 2)) return absl::OkStatus();
  return absl::ResourceExhaustedError(Concat("there is no room for ", size_bytes, " bytes more under ",
                                             options_.folder.native(), " (reserve_bytes=", options_.reserve_bytes,
                                             "); free some, and it goes on by itself"));
}

absl::StatusOr<CustomerVault*> Customers::OpenLocked(std::string_view customer_id) {
  const std::string context = Concat("opening the folder of customer ", customer_id);
  const std::filesystem::path folder = options_.folder / customer_id;
  absl::StatusOr<std::string> certificate_pem = ReadWholeFile(folder / kHostCaCertificate, kMaxPemSizeBytes);
  if (!certificate_pem.ok()) return WithContext(certificate_pem.status(), context);
  absl::StatusOr<std::string> key_pem = ReadWholeFile(folder / kHostCaKey, kMaxPemSizeBytes);
  if (!key_pem.ok()) return WithContext(key_pem.status(), context);
  absl::StatusOr<CertificateAuthority> host_ca = CertificateAuthority::FromPem(*certificate_pem, *key_pem);
  if (!host_ca.ok()) return WithContext(host_ca.status(), Concat(context, ": ", kHostCaKey));
  absl::StatusOr<std::string> custody_pem = ReadWholeFile(folder / kCustodyKey, kMaxPemSizeBytes);
  if (!custody_pem.ok()) return WithContext(custody_pem.status(), context);
  absl::StatusOr<PrivateKey> custody_key = PrivateKey::FromPem(*custody_pem);
  if (!custody_key.ok()) return WithContext(custody_key.status(), Concat(context, ": ", kCustodyKey));

  PackStoreOptions store_options;
  store_options.folder = folder / "store";
  store_options.customer_id = std::string(customer_id);
  store_options.reserve_bytes = options_.reserve_bytes;
  store_options.quota_bytes = options_.quota_bytes;
  absl::StatusOr<std::unique_ptr<BlobStore>> store = OpenPackStore(store_options);
  if (!store.ok()) return WithContext(store.status(), context);
  HOZEN_RETURN_IF_ERROR(MakeFolders(folder / "custody", kFolderMode));
  const PublicKey custody_public = custody_key->public_key();
  absl::StatusOr<std::unique_ptr<CustodyLog>> custody =
      CustodyLog::Open(folder / "custody", OriginOf(customer_id), *std::move(custody_key), clock_);
  if (!custody.ok()) return WithContext(custody.status(), context);

  std::unique_ptr<CustomerVault> vault(new CustomerVault(std::string(customer_id), *std::move(store),
                                                         *std::move(custody), *std::move(host_ca), custody_public,
                                                         OriginOf(customer_id)));
  CustomerVault* const borrowed = vault.get();
  vaults_.emplace(std::string(customer_id), std::move(vault));
  return borrowed;
}

}  // namespace hozen
