// Credential files: who a person is to a collector. Format: proto/hozen/v1/credential.proto as JSON.
#ifndef HOZEN_TOOLS_HOZEN_CREDENTIALS_H_
#define HOZEN_TOOLS_HOZEN_CREDENTIALS_H_

#include <filesystem>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/hozen/v1/credential.pb.h"

namespace hozen {

inline constexpr std::string_view kServiceAdminRole = "service-admin";

// HOZEN_HOME, else ~/.config/hozen.
std::filesystem::path HomeFolder();
// Where `hozen login` puts the credential in use.
std::filesystem::path InstalledCredential(const std::filesystem::path& home);

// Unauthenticated where there is none (saying how to log in) or where it is no credential; PermissionDenied where it
// cannot be read.
absl::StatusOr<v1::Credential> LoadCredential(const std::filesystem::path& file);

// Written atomically with mode 0600; the folder is made with 0700 where it is missing.
absl::Status SaveCredential(const v1::Credential& credential, const std::filesystem::path& file);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_CREDENTIALS_H_
