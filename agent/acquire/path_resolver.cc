#include "agent/acquire/path_resolver.h"

#include <deque>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "agent/acquire/failure.h"
#include "agent/platform/file_access.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr int kMaxLinks = 40;      // as the kernel
constexpr size_t kMaxDepth = 512;  // folders open at one time

class Resolver {
 public:
  Resolver(const Borders& borders, const std::vector<std::string>& parts)
      : borders_(borders), pending_(parts.begin(), parts.end()) {}

  std::optional<v1::Failure> Start(const std::string& root) {
    absl::StatusOr<OpenedFile> opened = OpenRootFolder(root);
    if (!opened.ok()) return FailureOf(opened.status());
    return Push(*std::move(opened), "");
  }

  // One part further; false at the end.
  bool HasMore() const { return !pending_.empty(); }

  std::optional<v1::Failure> Advance() {
    const std::string name = std::move(pending_.front());
    pending_.pop_front();
    if (name == "..") {
      if (path_.size() > 1) path_.pop_back();
      return std::nullopt;
    }
    const int folder = path_.back().fd.get();
    std::string real_path = Concat(path_.back().real_path, "/", name);
    if (std::optional<v1::Failure> refused = borders_.RefusedByPolicy(real_path); refused.has_value()) return refused;
    const absl::StatusOr<v1::FileMetadata> found = StatEntry(folder, name);
    if (!found.ok()) return FailureOf(found.status());
    switch (FileTypeOf(*found)) {
      case FileType::kSymbolicLink:
        return Follow(folder, name);
      case FileType::kFolder:
        break;
      default:
        return MakeFailure(v1::CAUSE_NOT_FOUND, Concat(Printable(real_path), " is no folder"));
    }
    absl::StatusOr<OpenedFile> opened = OpenFolder(folder, name);
    if (!opened.ok()) return FailureOf(opened.status(), v1::CAUSE_VANISHED);
    return Push(*std::move(opened), std::move(real_path));
  }

  ResolvedFolder Last() && { return std::move(path_.back()); }

 private:
  std::optional<v1::Failure> Push(OpenedFile opened, std::string real_path) {
    if (std::optional<v1::Failure> refused = borders_.RefusedFolder(opened.metadata); refused.has_value()) {
      return refused;
    }
    if (path_.size() >= kMaxDepth) return MakeFailure(v1::CAUSE_LIMIT_DEPTH, "too many folders below each other");
    access_time_kept_ = access_time_kept_ && opened.access_time_kept;
    path_.push_back({.fd = std::move(opened.fd),
                     .metadata = std::move(opened.metadata),
                     .real_path = std::move(real_path),
                     .access_time_kept = access_time_kept_});
    return std::nullopt;
  }

  std::optional<v1::Failure> Follow(int folder, const std::string& name) {
    if (++links_ > kMaxLinks) return MakeFailure(v1::CAUSE_LOOP, "too many symbolic links on the way");
    const absl::StatusOr<std::string> target = ReadLinkTarget(folder, name);
    if (!target.ok()) return FailureOf(target.status(), v1::CAUSE_VANISHED);
    if (!target->empty() && target->front() == '/') path_.resize(1);
    const std::vector<std::string> parts = PathParts(*target);
    pending_.insert(pending_.begin(), parts.begin(), parts.end());
    return std::nullopt;
  }

  const Borders& borders_;
  std::deque<std::string> pending_;
  std::vector<ResolvedFolder> path_;
  int links_ = 0;
  bool access_time_kept_ = true;
};

}  // namespace

std::vector<std::string> PathParts(std::string_view path) {
  std::vector<std::string> parts;
  for (absl::string_view part : absl::StrSplit(AbslView(path), '/', absl::SkipEmpty())) {
    if (part != ".") parts.emplace_back(part);
  }
  return parts;
}

std::optional<ResolvedFolder> ResolveFolder(const std::string& root, const std::vector<std::string>& parts,
                                            const Borders& borders, v1::Failure& failure) {
  Resolver resolver(borders, parts);
  std::optional<v1::Failure> failed = resolver.Start(root);
  while (!failed.has_value() && resolver.HasMore()) failed = resolver.Advance();
  if (failed.has_value()) {
    failure = *std::move(failed);
    return std::nullopt;
  }
  return std::move(resolver).Last();
}

}  // namespace hozen
