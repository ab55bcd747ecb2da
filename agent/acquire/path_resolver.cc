#include "agent/acquire/path_resolver.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/status/statusor.h"
#include "agent/acquire/failure.h"
#include "agent/acquire/link_way.h"
#include "agent/platform/host_mounts.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr int kMaxLinks = 40;      // as the kernel
constexpr size_t kMaxDepth = 512;  // folders open at one time

class Resolver {
 public:
  Resolver(FileTree& tree, const Borders& borders, const std::vector<std::string>& parts)
      : tree_(tree), borders_(borders), pending_(parts.begin(), parts.end()) {}

  std::optional<v1::Failure> Start() {
    absl::StatusOr<std::unique_ptr<TreeFolder>> root = tree_.OpenRoot();
    if (!root.ok()) return FailureOf(root.status());
    return Push(*std::move(root), "");
  }

  // One part further; false at the end.
  bool HasMore() const { return !pending_.empty(); }

  std::optional<v1::Failure> Advance() {
    const std::string name = std::move(pending_.front());
    pending_.pop_front();
    if (name == "..") {
      if (path_.size() > DriveSize()) path_.pop_back();
      return std::nullopt;
    }
    TreeFolder& folder = *path_.back().folder;
    // Who names a folder of another machine means it; who made the link may have meant something else.
    if (links_ > 0) {
      const std::optional<v1::Failure> border =
          borders_.BeginsAt(PathIn(path_.back().real_path, name, tree_.separator()));
      if (border.has_value() && border->cause() == v1::CAUSE_REMOTE_FILE_SYSTEM) return border;
    }
    const absl::StatusOr<TreeEntry> found = folder.Find(name);
    std::string real_path = PathIn(path_.back().real_path, found.ok() ? found->name : name, tree_.separator());
    if (std::optional<v1::Failure> refused = borders_.RefusedByPolicy(real_path); refused.has_value()) return refused;
    if (!found.ok()) return FailureOf(found.status());
    switch (found->type) {
      case FileType::kSymbolicLink:
        return Follow(folder, *found);
      case FileType::kFolder:
        break;
      default:
        return MakeFailure(v1::CAUSE_NOT_FOUND, Concat(Printable(real_path), " is no folder"));
    }
    absl::StatusOr<std::unique_ptr<TreeFolder>> opened = folder.OpenFolder(*found);
    if (!opened.ok()) return FailureOf(opened.status(), v1::CAUSE_VANISHED);
    return Push(*std::move(opened), std::move(real_path));
  }

  ResolvedFolder Last() && { return std::move(path_.back()); }

 private:
  std::optional<v1::Failure> Push(std::unique_ptr<TreeFolder> folder, std::string real_path) {
    if (std::optional<v1::Failure> refused = borders_.RefusedFolder(folder->metadata()); refused.has_value()) {
      return refused;
    }
    if (path_.size() >= kMaxDepth) return MakeFailure(v1::CAUSE_LIMIT_DEPTH, "too many folders below each other");
    access_time_kept_ = access_time_kept_ && folder->access_time_kept();
    path_.push_back(
        {.folder = std::move(folder), .real_path = std::move(real_path), .access_time_kept = access_time_kept_});
    return std::nullopt;
  }

  std::optional<v1::Failure> Follow(TreeFolder& folder, const TreeEntry& entry) {
    if (++links_ > kMaxLinks) return MakeFailure(v1::CAUSE_LOOP, "too many symbolic links on the way");
    const absl::StatusOr<LinkTarget> target = folder.ReadLink(entry);
    if (!target.ok()) return FailureOf(target.status(), v1::CAUSE_VANISHED);
    v1::Failure failure;
    std::optional<LinkWay> way = WayOfLink(tree_, borders_, target->path, failure);
    if (!way.has_value()) return failure;
    std::vector<std::string> parts = std::move(way->parts);
    // Who asks for /proc/mounts, a link to self/mounts, means the host's and not those that the agent was given.
    if (path_.back().real_path == "/proc" && entry.name == "self" && OpenHostMounts().valid()) parts = {"1"};
    if (way->start == LinkWay::Start::kRoot) path_.resize(1);
    if (way->start == LinkWay::Start::kDrive) path_.resize(std::min(path_.size(), DriveSize()));
    pending_.insert(pending_.begin(), parts.begin(), parts.end());
    return std::nullopt;
  }

  // How many folders a path begins with that nothing leads out of: the root, and the drive where there are drives.
  size_t DriveSize() const { return tree_.drive().empty() ? 1 : 2; }

  FileTree& tree_;
  const Borders& borders_;
  std::deque<std::string> pending_;
  std::vector<ResolvedFolder> path_;
  int links_ = 0;
  bool access_time_kept_ = true;
};

}  // namespace

std::optional<ResolvedFolder> ResolveFolder(FileTree& tree, const std::vector<std::string>& parts,
                                            const Borders& borders, v1::Failure& failure) {
  Resolver resolver(tree, borders, parts);
  std::optional<v1::Failure> failed = resolver.Start();
  while (!failed.has_value() && resolver.HasMore()) failed = resolver.Advance();
  if (failed.has_value()) {
    failure = *std::move(failed);
    return std::nullopt;
  }
  return std::move(resolver).Last();
}

std::optional<ResolvedEntry> ResolveEntry(FileTree& tree, std::string_view real_path, const Borders& borders,
                                          v1::Failure& failure) {
  std::vector<std::string> parts = PathParts(real_path, tree.separator());
  if (parts.empty()) {
    failure = MakeFailure(v1::CAUSE_NOT_FOUND, "the root is an entry of no folder");
    return std::nullopt;
  }
  const std::string name = std::move(parts.back());
  parts.pop_back();
  std::optional<ResolvedFolder> folder = ResolveFolder(tree, parts, borders, failure);
  if (!folder.has_value()) return std::nullopt;
  absl::StatusOr<TreeEntry> entry = folder->folder->Find(name);
  if (!entry.ok()) {
    failure = FailureOf(entry.status());
    return std::nullopt;
  }
  // By the name that it really has, where case is ignored.
  if (std::optional<v1::Failure> refused =
          borders.RefusedByPolicy(PathIn(folder->real_path, entry->name, tree.separator()));
      refused.has_value()) {
    failure = *std::move(refused);
    return std::nullopt;
  }
  return ResolvedEntry{.folder = std::move(folder->folder), .entry = *std::move(entry)};
}

}  // namespace hozen
