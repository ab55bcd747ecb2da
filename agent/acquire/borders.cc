#include "agent/acquire/borders.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "agent/acquire/failure.h"
#include "agent/platform/drives.h"
#include "agent/platform/file_access.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// kcore and mem are address spaces, pagemap and kpage* as long as one; kmsg and trace pipes hand out each line once,
// and the host's own logger would miss it.
constexpr std::array<std::string_view, 8> kEndlessInProc = {"kcore",   "kmsg",       "vmcore",     "mem",
                                                            "pagemap", "kpagecount", "kpageflags", "kpagecgroup"};
constexpr std::array<std::string_view, 2> kOnceInTracing = {"trace_pipe", "trace_pipe_raw"};

std::string_view LastPart(std::string_view path) { return path.substr(path.rfind('/') + 1); }

template <typename Names>
bool Holds(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

absl::StatusOr<Borders> Borders::Create(BorderOptions options) {
  Borders borders(std::move(options));
  for (const std::string& pattern : borders.options_.refused_paths) {
    absl::StatusOr<Glob> glob = Glob::Parse(pattern, SystemSeparator(), /*ignore_case=*/SystemSeparator() == '\\');
    if (!glob.ok()) return WithContext(glob.status(), "Reading the local policy's refused_paths");
    borders.refused_.push_back(*std::move(glob));
  }
  if (!borders.options_.state_folder.empty()) {
    const absl::StatusOr<OpenedFile> folder = OpenRootFolder(borders.options_.state_folder);
    if (folder.ok()) {
      borders.has_state_folder_ = true;
      borders.state_device_ = folder->metadata.device();
      borders.state_inode_ = folder->metadata.inode();
    } else if (!absl::IsNotFound(folder.status())) {
      return WithContext(folder.status(), "Looking at the agent's own state folder");
    }
  }
  HOZEN_ASSIGN_OR_RETURN(borders.mounts_, borders.options_.read_mounts());
  return borders;
}

std::optional<v1::Failure> Borders::RefusedByPolicy(std::string_view path) const {
  if (refused_.empty()) return std::nullopt;
  // What the owner keeps from us on a drive, a shadow copy does not give away: it may be one of any.
  if (const size_t device = SystemSeparator() == '\\' ? DeviceRootSize(path) : 0; device > 0 && device < path.size()) {
    for (const std::string& drive : ListDrives()) {
      if (std::optional<v1::Failure> refused = RefusedAsIs(Concat(drive, path.substr(device))); refused.has_value()) {
        return refused;
      }
    }
  }
  // The same of a volume that is mounted in a folder.
  if (SystemSeparator() == '\\' && BeginsWithVolume(path)) {
    const size_t device = DeviceRootSize(path);
    for (const Mount& mount : mounts_.List()) {
      if (!absl::EqualsIgnoreCase(mount.source, AbslView(path.substr(0, device)))) continue;
      if (std::optional<v1::Failure> refused = RefusedAsIs(Concat(mount.path, path.substr(device)));
          refused.has_value()) {
        return refused;
      }
    }
  }
  return RefusedAsIs(path);
}

std::optional<v1::Failure> Borders::RefusedAsIs(std::string_view path) const {
  for (size_t i = 0; i < refused_.size(); ++i) {
    if (refused_[i].Matches(path)) {
      return MakeFailure(v1::CAUSE_REFUSED_BY_POLICY,
                         Concat("this host's policy refuses ", Printable(options_.refused_paths[i])));
    }
  }
  return std::nullopt;
}

std::optional<v1::Failure> Borders::RefusedWithParents(std::string_view path) const {
  if (refused_.empty()) return std::nullopt;
  const char separator = SystemSeparator();
  for (size_t end = path.find(separator, 1); end != std::string_view::npos; end = path.find(separator, end + 1)) {
    if (std::optional<v1::Failure> refused = RefusedByPolicy(path.substr(0, end)); refused.has_value()) return refused;
  }
  return RefusedByPolicy(path);
}

std::optional<v1::Failure> Borders::RefusedFolder(const v1::FileMetadata& folder) const {
  if (!has_state_folder_ || folder.inode() != state_inode_ || folder.device() != state_device_) return std::nullopt;
  return MakeFailure(v1::CAUSE_REFUSED_BY_POLICY, "it is the agent's own state folder");
}

std::optional<v1::Failure> Borders::BeginsAt(std::string_view real_path) const {
  const Mount* mount = mounts_.At(Concat(options_.root, real_path));
  if (mount == nullptr || mount->kind == MountKind::kLocal) return std::nullopt;
  return MakeFailure(mount->kind == MountKind::kRemote ? v1::CAUSE_REMOTE_FILE_SYSTEM : v1::CAUSE_PSEUDO_FILE_SYSTEM,
                     Concat("a file system of type ", Printable(mount->file_system),
                            " begins here; name this folder, or one in it, to have it collected"));
}

bool Borders::IsMountPoint(std::string_view real_path) const {
  return mounts_.At(Concat(options_.root, real_path)) != nullptr;
}

bool Borders::IsPseudo(std::string_view real_path) const {
  const Mount* mount = mounts_.Of(Concat(options_.root, real_path));
  return mount != nullptr && mount->kind == MountKind::kPseudo;
}

void Borders::LookAgain() {
  if (absl::StatusOr<MountTable> mounts = options_.read_mounts(); mounts.ok()) mounts_ = *std::move(mounts);
}

std::optional<v1::Failure> Borders::Endless(std::string_view real_path) const {
  const Mount* mount = mounts_.Of(Concat(options_.root, real_path));
  if (mount == nullptr) return std::nullopt;
  const std::string_view name = LastPart(real_path);
  if (mount->file_system == "proc" && Holds(kEndlessInProc, name)) {
    return MakeFailure(v1::CAUSE_NOT_SUPPORTED, "it has no end, or reading it takes from others what it says");
  }
  if ((mount->file_system == "tracefs" || mount->file_system == "debugfs") && Holds(kOnceInTracing, name)) {
    return MakeFailure(v1::CAUSE_NOT_SUPPORTED, "reading it takes from others what it says");
  }
  return std::nullopt;
}

}  // namespace hozen
