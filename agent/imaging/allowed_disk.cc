#include "agent/imaging/allowed_disk.h"

#include <filesystem>
#include <system_error>

#include "agent/acquire/borders.h"
#include "agent/acquire/failure.h"
#include "agent/platform/drives.h"
#include "agent/platform/file_access.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// Local policy's refused paths and the agent's own folder hold for what is named as a disk too: it may be any file.
std::optional<v1::Failure> RefusedByHost(const std::string& path, const HostRules& rules) {
  const absl::StatusOr<Borders> borders =
      Borders::Create({.refused_paths = rules.refused_paths, .state_folder = rules.state_folder, .root = rules.root});
  if (!borders.ok()) return MakeFailure(v1::CAUSE_REFUSED_BY_POLICY, StdView(borders.status().message()));
  if (std::optional<v1::Failure> refused = borders->RefusedWithParents(path); refused.has_value()) return refused;
  const char separator = SystemSeparator();
  for (size_t end = path.find(separator, 1); end != std::string::npos; end = path.find(separator, end + 1)) {
    const absl::StatusOr<OpenedFile> folder = OpenRootFolder(Concat(rules.root, path.substr(0, end)));
    if (!folder.ok()) continue;
    if (std::optional<v1::Failure> refused = borders->RefusedFolder(folder->metadata); refused.has_value()) {
      return refused;
    }
  }
  return std::nullopt;
}

std::string WithoutRoot(const std::string& root, const std::string& real_path) {
  std::error_code error;
  const std::string real_root = root.empty() ? "" : std::filesystem::canonical(root, error).string();
  return real_path.compare(0, real_root.size(), real_root) == 0 ? real_path.substr(real_root.size()) : real_path;
}

}  // namespace

absl::StatusOr<OpenedDisk> OpenAllowedDisk(const std::string& path, const HostRules& rules,
                                           std::optional<v1::Failure>& refused) {
  refused = RefusedByHost(path, rules);
  if (refused.has_value()) return absl::PermissionDeniedError("refused by this host");
  HOZEN_ASSIGN_OR_RETURN(OpenedDisk disk, OpenDisk(Concat(rules.root, path)));
  // By what is open, whatever name led to it, so that nothing can be put in its place meanwhile.
  refused = RefusedByHost(WithoutRoot(rules.root, disk.real_path), rules);
  if (refused.has_value()) return absl::PermissionDeniedError("refused by this host");
  if (!disk.is_block_device && disk.real_path.empty()) {
    return absl::FailedPreconditionError(Concat(Printable(path), ": the system does not say where it lies"));
  }
  return disk;
}

v1::FileMetadata MetadataOf(const OpenedDisk& disk) {
  v1::FileMetadata metadata;
  metadata.set_mode(disk.mode);
  metadata.set_inode(disk.inode);
  metadata.set_device(disk.device);
  metadata.set_size_bytes(disk.size_bytes);
  metadata.set_modified_unix_ns(disk.modified_unix_ns);
  metadata.set_changed_unix_ns(disk.changed_unix_ns);
  return metadata;
}

}  // namespace hozen
