#include "agent/imaging/allowed_disk.h"

#include <filesystem>
#include <system_error>

#include "agent/acquire/borders.h"
#include "agent/acquire/failure.h"
#include "agent/platform/file_access.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

// Local policy's refused paths and the agent's own folder hold for what is named as a disk too: it may be any file.
// `real_path` is empty where there is nothing.
std::optional<v1::Failure> RefusedByHost(const std::string& path, const std::string& real_path,
                                         const HostRules& rules) {
  const absl::StatusOr<Borders> borders =
      Borders::Create({.refused_paths = rules.refused_paths, .state_folder = rules.state_folder, .root = rules.root});
  if (!borders.ok()) return MakeFailure(v1::CAUSE_REFUSED_BY_POLICY, StdView(borders.status().message()));
  for (const std::string& name : {path, real_path}) {
    if (std::optional<v1::Failure> refused = borders->RefusedWithParents(name); refused.has_value()) return refused;
  }
  for (size_t end = real_path.find('/', 1); end != std::string::npos; end = real_path.find('/', end + 1)) {
    const absl::StatusOr<OpenedFile> folder = OpenRootFolder(Concat(rules.root, real_path.substr(0, end)));
    if (!folder.ok()) continue;
    if (std::optional<v1::Failure> refused = borders->RefusedFolder(folder->metadata); refused.has_value()) {
      return refused;
    }
  }
  return std::nullopt;
}

// Without symbolic links and without `root`; empty where there is nothing.
std::string RealPath(const std::string& root, const std::string& path) {
  std::error_code error;
  const std::string real_path = std::filesystem::canonical(Concat(root, path), error).string();
  if (error) return "";
  const std::string real_root = root.empty() ? "" : std::filesystem::canonical(root, error).string();
  return real_path.compare(0, real_root.size(), real_root) == 0 ? real_path.substr(real_root.size()) : real_path;
}

}  // namespace

absl::StatusOr<OpenedDisk> OpenAllowedDisk(const std::string& path, const HostRules& rules,
                                           std::optional<v1::Failure>& refused) {
  const std::string real_path = RealPath(rules.root, path);
  refused = RefusedByHost(path, real_path, rules);
  if (refused.has_value()) return absl::PermissionDeniedError("refused by this host");
  absl::StatusOr<OpenedDisk> disk = OpenDisk(Concat(rules.root, path));
  if (disk.ok() && RealPath(rules.root, path) != real_path) {
    return absl::FailedPreconditionError(Concat(Printable(path), " led elsewhere while it was opened"));
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
