#include "collector/app/data_folder.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/key.h"
#include "core/evidence/trust.h"
#include "proto/hozen/v1/credential.pb.h"

namespace hozen {
namespace {

using std::filesystem::path;

constexpr int kFormat = 1;
constexpr unsigned kFolderMode = 0700;
constexpr unsigned kSecretMode = 0600;
constexpr uint64_t kMaxFileSizeBytes = 64 << 10;
constexpr size_t kMaxNames = 64;
constexpr int64_t kHoursADay = 24;
constexpr absl::Duration kRootLifetime = absl::Hours(3650 * kHoursADay);
constexpr absl::Duration kServerLifetime = absl::Hours(365 * kHoursADay);
constexpr absl::Duration kRootAlarm = absl::Hours(365 * kHoursADay);
// A client whose clock is a little behind must not refuse what was issued just now.
constexpr absl::Duration kClockSkew = absl::Minutes(10);
constexpr std::string_view kAdminName = "admin";

// What an interrupted init may have left.
bool IsOurs(const std::string& name) {
  static const std::set<std::string>& ours = *new std::set<std::string>{
      "root.pem",     "root.key",     "server.key",     "names",     "admin.credential",     "lock",
      "root.pem.tmp", "root.key.tmp", "server.key.tmp", "names.tmp", "admin.credential.tmp", "format.tmp",
  };
  return ours.contains(name);
}

absl::Status CheckMayInit(const path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder / "format", error)) {
    return absl::AlreadyExistsError(Concat(folder.native(),
                                           " is initialised already: start it with `hozen-collector serve --data ",
                                           folder.native(), "`, or choose another folder"));
  }
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().native();
    if (!IsOurs(name)) {
      return absl::FailedPreconditionError(
          Concat(folder.native(), " is not empty (", name, "): choose an empty folder for the collector's data"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> AdminCredential(const InitOptions& options, const std::string& collector_name,
                                            const CertificateAuthority& root, absl::Time now) {
  HOZEN_ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::Generate(KeyType::kEcdsaP256));
  CertificateOptions certificate_options;
  certificate_options.common_name = std::string(kAdminName);
  certificate_options.uri = ServiceAdminUri(kAdminName);
  certificate_options.not_before = now - kClockSkew;
  certificate_options.not_after = root.certificate().not_after();
  HOZEN_ASSIGN_OR_RETURN(const Certificate certificate, root.Issue(key.public_key(), certificate_options));

  v1::Credential credential;
  credential.set_format_version(1);
  credential.set_name(std::string(kAdminName));
  credential.set_role("service-admin");
  credential.set_collector_address(options.address);
  credential.set_collector_name(collector_name);
  credential.set_collector_root_pem(root.certificate().ToPem());
  credential.set_private_key_pem(key.ToSecretPem());
  credential.set_certificate_chain_pem(certificate.ToPem());

  std::string json;
  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = true;
  const auto printed = google::protobuf::util::MessageToJsonString(credential, &json, print);
  if (!printed.ok()) return absl::InternalError(Concat("writing the credential: ", printed.ToString()));
  return json;
}

absl::Status CheckFormat(const path& folder) {
  const absl::StatusOr<std::string> format = ReadWholeFile(folder / "format", kMaxFileSizeBytes);
  if (absl::IsNotFound(format.status())) {
    return absl::NotFoundError(
        Concat(folder.native(), " is not initialised: run `hozen-collector init --data ", folder.native(), "`"));
  }
  if (!format.ok()) return format.status();
  int version = 0;
  if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(*format), &version) || version < 1) {
    return absl::DataLossError(Concat((folder / "format").native(), " holds no version number"));
  }
  if (version > kFormat) {
    return absl::FailedPreconditionError(Concat(folder.native(), " was written by a newer version of hozen-collector (",
                                                "format ", version, "; this one knows ", kFormat,
                                                "): start that version, or update this one"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> NamesOf(const InitOptions& options) {
  HOZEN_ASSIGN_OR_RETURN(const std::string host, HostOfAddress(options.address));
  // The first one is what clients expect.
  std::vector<std::string> names = options.names;
  for (const std::string& name : {host, std::string("localhost"), std::string("127.0.0.1"), std::string("::1")}) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (names.size() > kMaxNames) {
    return absl::InvalidArgumentError(Concat("a server has at most ", kMaxNames, " names"));
  }
  for (const std::string& name : names) {
    if (name.empty() || name.find_first_of(" \t\r\n") != std::string::npos) {
      return absl::InvalidArgumentError(Concat("\"", name, "\" is neither a DNS name nor an IP address"));
    }
  }
  return names;
}

CertificateOptions ServerCertificate(const std::vector<std::string>& names, const CertificateAuthority& root,
                                     absl::Time now) {
  CertificateOptions options;
  options.common_name = "Hozen collector";
  options.dns_names = names;
  options.not_before = now - kClockSkew;
  options.not_after = std::min(now + kServerLifetime, root.certificate().not_after());
  options.server = true;
  return options;
}

}  // namespace

absl::StatusOr<std::string> HostOfAddress(std::string_view address) {
  const absl::Status malformed =
      absl::InvalidArgumentError(Concat("\"", address, "\" is not HOST:PORT, for example collector.example.com:8443"));
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return malformed;
  std::string_view host = address.substr(0, colon);
  int port = 0;
  if (!absl::SimpleAtoi(AbslView(address.substr(colon + 1)), &port) || port < 0 || port > 65535) return malformed;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed;  // an IPv6 address stands in brackets
  }
  if (host.empty()) return malformed;
  return std::string(host);
}

absl::Status InitDataFolder(const InitOptions& options, const Clock& clock) {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesOf(options));
  HOZEN_RETURN_IF_ERROR(CheckMayInit(options.folder));
  HOZEN_RETURN_IF_ERROR(MakeFolders(options.folder, kFolderMode));
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd lock, LockFile(options.folder / "lock"));

  const absl::Time now = clock.Now();
  HOZEN_ASSIGN_OR_RETURN(
      const CertificateAuthority root,
      CertificateAuthority::CreateRoot("Hozen collector root", now - kClockSkew, now + kRootLifetime));
  HOZEN_ASSIGN_OR_RETURN(const PrivateKey server_key, PrivateKey::Generate(KeyType::kEcdsaP256));
  // Says now, not at the first start, where a name cannot stand in a certificate.
  HOZEN_RETURN_IF_ERROR(root.Issue(server_key.public_key(), ServerCertificate(names, root, now)).status());
  HOZEN_ASSIGN_OR_RETURN(const std::string credential, AdminCredential(options, names.front(), root, now));

  const auto write = [&options](const char* name, std::string_view bytes) {
    return WriteFileAtomically(options.folder / name, bytes, kSecretMode);
  };
  HOZEN_RETURN_IF_ERROR(write("root.pem", root.certificate().ToPem()));
  HOZEN_RETURN_IF_ERROR(write("root.key", root.SecretKeyPem()));
  HOZEN_RETURN_IF_ERROR(write("server.key", server_key.ToSecretPem()));
  HOZEN_RETURN_IF_ERROR(write("names", absl::StrJoin(names, "\n") + "\n"));
  HOZEN_RETURN_IF_ERROR(write("admin.credential", credential));
  return write("format", Concat(kFormat, "\n"));
}

absl::StatusOr<DataFolder> DataFolder::Open(const path& folder) {
  HOZEN_RETURN_IF_ERROR(CheckFormat(folder));
  absl::StatusOr<UniqueFd> lock = LockFile(folder / "lock");
  if (absl::IsFailedPrecondition(lock.status())) {
    return absl::FailedPreconditionError(
        Concat("another hozen-collector is at work in ", folder.native(), ": stop it first, or choose another folder"));
  }
  if (!lock.ok()) return lock.status();
  HOZEN_ASSIGN_OR_RETURN(const std::string root_pem, ReadWholeFile(folder / "root.pem", kMaxFileSizeBytes));
  HOZEN_ASSIGN_OR_RETURN(const std::string root_key, ReadWholeFile(folder / "root.key", kMaxFileSizeBytes));
  absl::StatusOr<CertificateAuthority> root = CertificateAuthority::FromPem(root_pem, root_key);
  if (!root.ok()) return WithContext(root.status(), (folder / "root.key").native());
  HOZEN_ASSIGN_OR_RETURN(const std::string lines, ReadWholeFile(folder / "names", kMaxFileSizeBytes));
  std::vector<std::string> names = absl::StrSplit(lines, '\n', absl::SkipWhitespace());
  if (names.empty()) return absl::DataLossError(Concat((folder / "names").native(), " holds no name"));
  return DataFolder(folder, *std::move(lock), *std::move(root), std::move(names));
}

absl::Status DataFolder::RenewServerCertificate(const Clock& clock) const {
  const absl::Time now = clock.Now();
  const absl::Duration left = root_.certificate().not_after() - now;
  if (left < kRootAlarm) {
    Log(left < absl::Hours(30 * kHoursADay) ? Severity::kError : Severity::kWarning,
        Concat("the collector's root certificate ends soon: plan to enrol all hosts anew days=",
               absl::ToInt64Hours(left) / kHoursADay));
  }
  HOZEN_ASSIGN_OR_RETURN(const std::string key_pem, ReadWholeFile(server_key(), kMaxFileSizeBytes));
  const absl::StatusOr<PrivateKey> key = PrivateKey::FromPem(key_pem);
  if (!key.ok()) return WithContext(key.status(), server_key().native());
  HOZEN_ASSIGN_OR_RETURN(const Certificate certificate,
                         root_.Issue(key->public_key(), ServerCertificate(names_, root_, now)));
  return WriteFileAtomically(server_certificate(), certificate.ToPem(), kSecretMode);
}

}  // namespace hozen
