// The collector's data folder: what `init` makes and what `serve` finds there. Layout: docs/formats/data-folder.md.
#ifndef HOZEN_COLLECTOR_APP_DATA_FOLDER_H_
#define HOZEN_COLLECTOR_APP_DATA_FOLDER_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/unique_fd.h"
#include "core/crypto/certificate.h"

namespace hozen {

struct InitOptions {
  std::filesystem::path folder;
  std::string address = "localhost:8443";  // what clients dial
  std::vector<std::string> names;          // DNS names and IP addresses for the server's certificate, beside address's
};

// Makes the folder: format, root authority, server key, and admin.credential for the first service administrator. The
// file `format` comes last, so that an init that was interrupted can be done again. AlreadyExists where the folder is
// initialised; FailedPrecondition where it holds anything else; InvalidArgument for an address that is not HOST:PORT.
absl::Status InitDataFolder(const InitOptions& options, const Clock& clock);

// An initialised folder that is ours as long as this lives. Movable.
class DataFolder {
 public:
  // NotFound where it is not initialised; FailedPrecondition where it is of a newer version or another server has it;
  // DataLoss or InvalidArgument where its keys cannot be read.
  static absl::StatusOr<DataFolder> Open(const std::filesystem::path& folder);

  const CertificateAuthority& root() const { return root_; }
  std::filesystem::path customers() const { return folder_ / "customers"; }
  std::filesystem::path catalog() const { return folder_ / "catalog.sqlite"; }
  std::filesystem::path root_certificate() const { return folder_ / "root.pem"; }
  std::filesystem::path server_key() const { return folder_ / "server.key"; }
  std::filesystem::path server_certificate() const { return folder_ / "server.pem"; }

  // Issues a certificate for the server's key and names, valid for a year, and puts it into server_certificate().
  absl::Status RenewServerCertificate(const Clock& clock) const;

 private:
  DataFolder(std::filesystem::path folder, UniqueFd lock, CertificateAuthority root, std::vector<std::string> names)
      : folder_(std::move(folder)), lock_(std::move(lock)), root_(std::move(root)), names_(std::move(names)) {}
  std::filesystem::path folder_;
  UniqueFd lock_;
  CertificateAuthority root_;
  std::vector<std::string> names_;
};

// "host" of "host:port" and of "[::1]:port"; InvalidArgument for anything else.
absl::StatusOr<std::string> HostOfAddress(std::string_view address);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_APP_DATA_FOLDER_H_
