#include "agent/session/identity_store.h"

#include <google/protobuf/text_format.h>

#include <string>
#include <system_error>

#include "agent/platform/private_folder.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kMaxIdentityBytes = 1 << 20;
constexpr uint64_t kMaxPolicyBytes = 1 << 20;
constexpr uint32_t kFormatVersion = 1;

}  // namespace

absl::StatusOr<v1::AgentIdentity> LoadIdentity(const std::filesystem::path& state_folder) {
  const std::filesystem::path path = state_folder / "state.pb";
  absl::StatusOr<std::string> bytes = ReadWholeFile(path, kMaxIdentityBytes);
  if (absl::IsNotFound(bytes.status())) {
    return absl::NotFoundError(
        Concat(state_folder.string(), " holds no agent's identity; enrol first: hozen-agent enroll"));
  }
  if (!bytes.ok()) return bytes.status();
  v1::AgentIdentity identity;
  if (!identity.ParseFromString(*bytes) || identity.format_version() == 0) {
    return absl::DataLossError(Concat(path.string(), " is damaged; enrol this host again with an empty state folder"));
  }
  if (identity.format_version() > kFormatVersion) {
    return absl::FailedPreconditionError(Concat(path.string(), " was written by a newer agent (format ",
                                                identity.format_version(), ", this one knows ", kFormatVersion, ")"));
  }
  return identity;
}

absl::Status SaveIdentity(const std::filesystem::path& state_folder, const v1::AgentIdentity& identity) {
  return WriteFileAtomically(state_folder / "state.pb", identity.SerializeAsString(), 0600);
}

absl::StatusOr<v1::LocalPolicy> LoadPolicy(const std::filesystem::path& state_folder) {
  const std::filesystem::path path = state_folder / "policy.textproto";
  absl::StatusOr<std::string> text = ReadWholeFile(path, kMaxPolicyBytes);
  if (absl::IsNotFound(text.status())) return v1::LocalPolicy();
  if (!text.ok()) return text.status();
  v1::LocalPolicy policy;
  if (!google::protobuf::TextFormat::ParseFromString(*text, &policy)) {
    return absl::InvalidArgumentError(Concat(
        path.string(), " cannot be understood; correct it or move it away (fields: docs/formats/agent-state.md)"));
  }
  return policy;
}

absl::Status PrepareStateFolder(const std::filesystem::path& state_folder) {
  const absl::Status found = CheckPrivateFolder(state_folder);
  if (absl::IsNotFound(found)) {
    HOZEN_RETURN_IF_ERROR(MakeFolders(state_folder, 0700));
    return CheckPrivateFolder(state_folder);  // somebody else may have been quicker
  }
  // An empty folder that somebody made for us is made private; one with contents is not ours to change.
  std::error_code error;
  if (found.ok() || !std::filesystem::is_empty(state_folder, error) || error) return found;
  HOZEN_RETURN_IF_ERROR(MakeFolderPrivate(state_folder));
  if (!std::filesystem::is_empty(state_folder, error) || error) return found;
  return CheckPrivateFolder(state_folder);
}

}  // namespace hozen
