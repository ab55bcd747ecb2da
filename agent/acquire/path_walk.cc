#include "agent/acquire/path_walk.h"

#include <algorithm>

#include "agent/acquire/failure.h"
#include "agent/acquire/link_way.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// So many names are sorted, so that two walks of one folder go the same way. What is beyond comes as the file system
// gives it, and only a batch of it is held.
constexpr size_t kSortedNames = 100'000;
constexpr size_t kSortedNamesInAll = 400'000;
constexpr int kMaxLinks = 40;

std::string OrRoot(const std::string& path) { return path.empty() ? "/" : path; }

// Gives back what it took when a folder is done.
class NamesHeld {
 public:
  explicit NamesHeld(size_t& total) : total_(total) {}
  ~NamesHeld() { total_ -= count_; }
  bool Add(size_t count) {
    count_ += count;
    total_ += count;
    return count_ < kSortedNames && total_ < kSortedNamesInAll;
  }

 private:
  size_t& total_;
  size_t count_ = 0;
};

}  // namespace

absl::Status PathWalk::Run() {
  const std::vector<Glob::Part>& parts = glob_.parts();
  size_t fixed = 0;
  while (fixed < parts.size() && parts[fixed].kind == Glob::Part::Kind::kLiteral) ++fixed;
  // The last part is what is looked for, not where.
  if (fixed == parts.size() && fixed > 0) --fixed;
  std::vector<std::string> names;
  Folder folder;
  for (size_t i = 0; i < fixed; ++i) {
    names.push_back(parts[i].text);
    folder.path = PathIn(folder.path, parts[i].text, tree_.separator());
  }
  const std::string named = glob_.is_literal() && !parts.empty()
                                ? PathIn(folder.path, parts.back().text, tree_.separator())
                                : OrRoot(folder.path);
  const v1::Item::Kind kind = glob_.is_literal() ? v1::Item::KIND_FILE : v1::Item::KIND_DIRECTORY;
  if (std::optional<v1::Failure> refused = borders_.RefusedWithParents(folder.path); refused.has_value()) {
    return items_.Failed(named, kind, *std::move(refused), nullptr);
  }
  // A person may have put a folder of theirs there; who names a drive that is another machine's means it.
  if (!tree_.drive().empty() && !names.empty() && !options_.named_by_hand) {
    std::optional<v1::Failure> border = borders_.BeginsAt(names.front());
    if (border.has_value() && border->cause() == v1::CAUSE_REMOTE_FILE_SYSTEM) {
      return items_.Failed(named, kind, *std::move(border), nullptr);
    }
  }
  v1::Failure failure;
  std::optional<ResolvedFolder> resolved = ResolveOrDetour(names, failure);
  if (!resolved.has_value()) {
    // A definition is written for many hosts; that this one lacks a folder is no failure. A person meant this one.
    if (failure.cause() == v1::CAUSE_NOT_FOUND && !options_.named_by_hand) return absl::OkStatus();
    return items_.Failed(named, kind, std::move(failure), nullptr);
  }
  if (!resolved->access_time_kept) items_.Touched(OrRoot(folder.path), resolved->real_path);
  folder.handle = std::move(resolved->folder);
  folder.real_path = std::move(resolved->real_path);
  // Where case is ignored, the names are those that the folders bear.
  if (tree_.ignores_case()) folder.path = folder.real_path;
  const v1::FileMetadata& metadata = folder.handle->metadata();
  ancestors_ = {{metadata.device(), metadata.inode()}};
  if (parts.empty()) {
    WalkedEntry root;
    root.entry.type = FileType::kFolder;
    root.entry.metadata = metadata;
    root.path = root.real_path = "/";
    return items_.Complete(*folder.handle, root);
  }
  HOZEN_RETURN_IF_ERROR(WalkFolder(folder, PatternStates(glob_, fixed)));
  // A name that was asked for by itself has its failure already.
  const bool missed = glob_.is_literal() && options_.named_by_hand && !options_.unseen_only && !answered_;
  return missed ? items_.Failed(named, kind, MakeFailure(v1::CAUSE_NOT_FOUND, "nothing has this name, nor had it"),
                                nullptr)
                : absl::OkStatus();
}

absl::Status PathWalk::WalkFolder(Folder& folder, const PatternStates& states) {
  // A name that is known need not be listed, but what was deleted is found by listing alone.
  const std::optional<std::vector<std::string>> names = options_.deleted ? std::nullopt : states.OnlyNames();
  if (!names.has_value()) return WalkListed(folder, states);
  for (const std::string& name : *names) {
    TreeEntry entry;
    entry.name = name;
    HOZEN_RETURN_IF_ERROR(Visit(folder, states, std::move(entry), false));
  }
  return absl::OkStatus();
}

absl::Status PathWalk::WalkListed(Folder& folder, const PatternStates& states) {
  const std::unique_ptr<TreeReader> reader = folder.handle->List(options_.deleted);
  NamesHeld held(names_held_);
  bool at_end = false;
  bool may_hold_more = !reader->in_stable_order();
  while (!at_end) {
    std::vector<TreeEntry> entries;
    absl::Status broken;
    do {
      HOZEN_RETURN_IF_ERROR(sink_.Poll());
      absl::StatusOr<std::vector<TreeEntry>> batch = reader->Next();
      if (!batch.ok()) broken = batch.status();
      at_end = !batch.ok() || batch->empty();
      if (at_end) break;
      if (may_hold_more) may_hold_more = held.Add(batch->size());
      std::move(batch->begin(), batch->end(), std::back_inserter(entries));
    } while (may_hold_more);
    if (!reader->in_stable_order()) {
      std::sort(entries.begin(), entries.end(), [](const TreeEntry& a, const TreeEntry& b) { return a.name < b.name; });
    }
    for (TreeEntry& entry : entries) HOZEN_RETURN_IF_ERROR(Visit(folder, states, std::move(entry), true));
    if (!broken.ok()) {
      answered_ = true;  // what was asked for may be in the rest
      return items_.Failed(OrRoot(folder.path), v1::Item::KIND_DIRECTORY, FailureToRead(broken),
                           &folder.handle->metadata());
    }
  }
  return absl::OkStatus();
}

absl::Status PathWalk::Visit(Folder& folder, const PatternStates& states, TreeEntry entry, bool listed) {
  HOZEN_RETURN_IF_ERROR(sink_.Poll());
  WalkedEntry walked;
  walked.listed = listed;
  const PatternStates next = states.Enter(entry.name, walked.matched);
  answered_ = answered_ || walked.matched;
  if (!walked.matched && next.empty()) return absl::OkStatus();
  // What is listed as something else can hold nothing.
  if (!walked.matched && entry.type != FileType::kUnknown && entry.type != FileType::kFolder) {
    // But a volume that is mounted in a folder of Windows, which is listed as a link.
    const bool is_link = entry.type == FileType::kSymbolicLink && tree_.separator() == '\\';
    if (!is_link || !borders_.IsMountPoint(PathIn(folder.real_path, entry.name, tree_.separator()))) {
      return absl::OkStatus();
    }
  }
  walked.entry = std::move(entry);
  walked.path = PathIn(folder.path, walked.entry.name, tree_.separator());
  walked.real_path = PathIn(folder.real_path, walked.entry.name, tree_.separator());
  std::optional<v1::Failure> refused = borders_.RefusedByPolicy(walked.path);
  if (!refused.has_value()) refused = borders_.RefusedByPolicy(walked.real_path);
  if (refused.has_value()) {
    return items_.Failed(walked.path, KindOf(walked.entry.type), *std::move(refused), nullptr);
  }
  // Asked of the table, not of the folder: a mount whose server is gone would hold us for ever.
  if (std::optional<v1::Failure> border = borders_.BeginsAt(walked.real_path); border.has_value()) {
    if (!next.empty() || border->cause() == v1::CAUSE_REMOTE_FILE_SYSTEM) {
      return items_.Failed(walked.path, v1::Item::KIND_DIRECTORY, *std::move(border), nullptr);
    }
  }
  HOZEN_ASSIGN_OR_RETURN(const bool is_there, Describe(folder, next, walked));
  return is_there ? VisitFound(folder, next, walked) : absl::OkStatus();
}

absl::StatusOr<bool> PathWalk::Describe(Folder& folder, const PatternStates& next, WalkedEntry& walked) {
  if (!walked.entry.metadata.has_value() && !walked.entry.problem.empty()) {
    const v1::Cause cause = walked.entry.is_deleted() ? v1::CAUSE_OVERWRITTEN : v1::CAUSE_IO_ERROR;
    HOZEN_RETURN_IF_ERROR(items_.Failed(*folder.handle, walked, MakeFailure(cause, walked.entry.problem)));
    return false;
  }
  if (!walked.entry.metadata.has_value()) {
    const FileType listed_as = walked.entry.type;
    absl::StatusOr<TreeEntry> found = folder.handle->Find(walked.entry.name);
    if (!found.ok()) {
      v1::Failure failure = FailureOf(found.status(), walked.listed ? v1::CAUSE_VANISHED : v1::CAUSE_NOT_FOUND);
      // Somebody named what the system does not show.
      const bool hidden = failure.cause() == v1::CAUSE_NOT_FOUND && options_.named_by_hand && glob_.is_literal();
      if (hidden || MayBeHadRaw(failure)) {
        HOZEN_RETURN_IF_ERROR(TakeOtherwise(folder, next, walked, hidden, std::move(failure)));
      } else if (failure.cause() != v1::CAUSE_NOT_FOUND) {
        HOZEN_RETURN_IF_ERROR(items_.Failed(walked.path, KindOf(listed_as), std::move(failure), nullptr));
      }
      return false;
    }
    if (found->name != walked.entry.name) {
      walked.path = PathIn(folder.path, found->name, tree_.separator());
      walked.real_path = PathIn(folder.real_path, found->name, tree_.separator());
      std::optional<v1::Failure> refused = borders_.RefusedByPolicy(walked.path);
      if (!refused.has_value()) refused = borders_.RefusedByPolicy(walked.real_path);
      if (refused.has_value()) {
        HOZEN_RETURN_IF_ERROR(items_.Failed(walked.path, KindOf(listed_as), *std::move(refused), nullptr));
        return false;
      }
    }
    walked.entry = *std::move(found);
  }
  walked.hidden = IsHidden(folder, walked);
  return true;
}

// What the system does not give. Where there is another way to look, it is asked.
absl::Status PathWalk::TakeOtherwise(const Folder& folder, const PatternStates& next, WalkedEntry walked, bool hidden,
                                     v1::Failure failure) {
  v1::Failure no_detour;
  std::optional<ResolvedEntry> found;
  if (options_.detour != nullptr) found = ResolveEntry(*options_.detour, walked.real_path, borders_, no_detour);
  if (!found.has_value()) {
    return items_.Failed(walked.path, KindOf(walked.entry.type), std::move(failure), nullptr);
  }
  walked.entry = std::move(found->entry);
  walked.hidden = hidden;
  Folder otherwise = {.handle = std::move(found->folder),
                      .path = folder.path,
                      .real_path = folder.real_path,
                      .depth = folder.depth,
                      .hidden = folder.hidden,
                      .shown = std::nullopt};
  return VisitFound(otherwise, next, walked);
}

absl::Status PathWalk::VisitFound(Folder& folder, const PatternStates& next, WalkedEntry& walked) {
  if (walked.entry.type == FileType::kFolder) return VisitFolder(folder, next, walked);
  // A volume that is mounted in a folder of Windows looks like a link.
  if (walked.entry.type == FileType::kSymbolicLink && !next.empty() &&
      (!walked.listed || borders_.IsMountPoint(walked.real_path))) {
    HOZEN_RETURN_IF_ERROR(EnterLink(folder, next, walked));
  }
  if (!walked.matched || IsSeenOtherwise(walked)) return absl::OkStatus();
  switch (walked.entry.type) {
    case FileType::kSymbolicLink:
      return RecordLink(folder, walked);
    case FileType::kRegular:
      if (!options_.contents) break;
      return options_.stream != nullptr ? items_.Streams(*folder.handle, walked) : items_.File(*folder.handle, walked);
    default:
      break;
  }
  return items_.Complete(*folder.handle, walked);
}

absl::Status PathWalk::VisitFolder(Folder& parent, const PatternStates& next, WalkedEntry& walked) {
  constexpr v1::Item::Kind kKind = v1::Item::KIND_DIRECTORY;
  const v1::FileMetadata metadata = *walked.entry.metadata;
  if (std::optional<v1::Failure> refused = borders_.RefusedFolder(metadata); refused.has_value()) {
    return items_.Failed(walked.path, kKind, *std::move(refused), nullptr);
  }
  if (walked.matched && options_.contents && !IsSeenOtherwise(walked)) {
    HOZEN_RETURN_IF_ERROR(items_.Streams(*parent.handle, walked));
  }
  const bool is_another_by_now = walked.entry.allocation == v1::ALLOCATION_REALLOCATED;
  const bool is_item = walked.matched && options_.stream == nullptr && !IsSeenOtherwise(walked);
  if (next.empty() || is_another_by_now) {
    return is_item ? items_.Complete(*parent.handle, walked) : absl::OkStatus();
  }
  if (IsAncestor(metadata)) {
    return items_.Failed(*parent.handle, walked, MakeFailure(v1::CAUSE_LOOP, "it is a folder that it lies in"));
  }
  if (WasEntered(parent, metadata)) {
    return items_.Failed(
        *parent.handle, walked,
        MakeFailure(v1::CAUSE_LOOP, "it is a folder that stands elsewhere too, and was entered there"));
  }
  if (CrossesIntoUnknown(parent, metadata, walked.real_path)) {
    borders_.LookAgain();
    if (std::optional<v1::Failure> border = borders_.BeginsAt(walked.real_path); border.has_value()) {
      return items_.Failed(walked.path, kKind, *std::move(border), &metadata);
    }
  }
  if (parent.depth >= std::min(options_.depth, kMaxWalkDepth)) {
    return items_.Failed(*parent.handle, walked,
                         MakeFailure(v1::CAUSE_LIMIT_DEPTH, "what lies in it was not looked at"));
  }
  absl::StatusOr<std::unique_ptr<TreeFolder>> opened = OpenOrDetour(parent, walked);
  if (!opened.ok()) return items_.Failed(*parent.handle, walked, FailureToRead(opened.status()));
  if (std::optional<v1::Failure> refused = borders_.RefusedFolder((*opened)->metadata()); refused.has_value()) {
    return items_.Failed(walked.path, kKind, *std::move(refused), nullptr);
  }
  if (!(*opened)->access_time_kept()) items_.Touched(walked.path, walked.real_path);
  walked.entry.metadata = (*opened)->metadata();
  if (is_item) HOZEN_RETURN_IF_ERROR(items_.Complete(**opened, walked));
  Folder folder = {.handle = *std::move(opened),
                   .path = walked.path,
                   .real_path = walked.real_path,
                   .depth = parent.depth + 1,
                   .hidden = walked.hidden,
                   .shown = std::nullopt};
  ancestors_.emplace_back(folder.handle->metadata().device(), folder.handle->metadata().inode());
  // A volume may well stand in two places.
  const bool is_volume = folder.handle->metadata().device() != parent.handle->metadata().device();
  absl::flat_hash_set<uint64_t> entered_outside;
  if (is_volume) entered_outside.swap(entered_);
  const absl::Status status = WalkFolder(folder, next);
  if (is_volume) entered_outside.swap(entered_);
  ancestors_.pop_back();
  return status;
}

std::optional<ResolvedFolder> PathWalk::ResolveOrDetour(const std::vector<std::string>& parts, v1::Failure& failure) {
  std::optional<ResolvedFolder> resolved = ResolveFolder(tree_, parts, borders_, failure);
  if (resolved.has_value() || options_.detour == nullptr || !MayBeHadRaw(failure)) return resolved;
  v1::Failure no_detour;
  return ResolveFolder(*options_.detour, parts, borders_, no_detour);
}

// A folder that the pattern names may stand behind a link, as in its fixed part. What is listed is not entered so.
absl::Status PathWalk::EnterLink(Folder& parent, const PatternStates& next, const WalkedEntry& walked) {
  const auto failed = [&](v1::Failure failure) {
    return items_.Failed(walked.path, v1::Item::KIND_DIRECTORY, std::move(failure), &*walked.entry.metadata);
  };
  v1::Failure failure;
  std::optional<ResolvedFolder> resolved = ResolveOrDetour(PathParts(walked.real_path, tree_.separator()), failure);
  if (!resolved.has_value()) {
    return failure.cause() == v1::CAUSE_NOT_FOUND ? absl::OkStatus() : failed(std::move(failure));
  }
  if (IsAncestor(resolved->folder->metadata())) {
    return failed(MakeFailure(v1::CAUSE_LOOP, "it leads to a folder that it lies in"));
  }
  if (parent.depth >= std::min(options_.depth, kMaxWalkDepth)) {
    return failed(MakeFailure(v1::CAUSE_LIMIT_DEPTH, "what lies in it was not looked at"));
  }
  if (!resolved->access_time_kept) items_.Touched(walked.path, resolved->real_path);
  Folder folder = {
      .handle = std::move(resolved->folder),
      .path = tree_.ignores_case() && !borders_.IsMountPoint(walked.real_path) ? resolved->real_path : walked.path,
      .real_path = resolved->real_path,
      .depth = parent.depth + 1,
      .hidden = walked.hidden,
      .shown = std::nullopt};
  ancestors_.emplace_back(folder.handle->metadata().device(), folder.handle->metadata().inode());
  // It may be elsewhere too, and be walked there; what is below it ends by its depth and by itself.
  absl::flat_hash_set<uint64_t> entered_outside;
  entered_outside.swap(entered_);
  const absl::Status status = WalkFolder(folder, next);
  entered_outside.swap(entered_);
  ancestors_.pop_back();
  return status;
}

absl::StatusOr<std::unique_ptr<TreeFolder>> PathWalk::OpenOrDetour(Folder& parent, const WalkedEntry& walked) {
  absl::StatusOr<std::unique_ptr<TreeFolder>> opened = parent.handle->OpenFolder(walked.entry);
  if (opened.ok() || options_.detour == nullptr || !MayBeHadRaw(FailureToRead(opened.status()))) return opened;
  v1::Failure no_detour;
  std::optional<ResolvedFolder> raw =
      ResolveFolder(*options_.detour, PathParts(walked.real_path, options_.detour->separator()), borders_, no_detour);
  if (!raw.has_value()) return opened;
  return std::move(raw->folder);
}

absl::Status PathWalk::RecordLink(Folder& folder, WalkedEntry& walked) {
  absl::StatusOr<LinkTarget> target = folder.handle->ReadLink(walked.entry);
  if (!target.ok()) {
    // A link of /proc may stay and lead to nothing: a thread of the kernel has no executable.
    const bool is_there = folder.handle->Find(walked.entry.name).ok();
    return items_.Failed(*folder.handle, walked,
                         FailureOf(target.status(), is_there ? v1::CAUSE_NOT_FOUND : v1::CAUSE_VANISHED));
  }
  if (!target->access_time_kept) items_.Touched(walked.path, walked.real_path);
  walked.entry.metadata->set_link_target(target->path);
  HOZEN_RETURN_IF_ERROR(items_.Complete(*folder.handle, walked));
  if (!options_.contents || !glob_.is_literal()) return absl::OkStatus();
  return FollowLink(folder.real_path, std::move(target->path));
}

// Where all of a pattern is fixed and a link stands at its end, what the link leads to is meant too. It is an item of
// its own, under the path where it lies.
absl::Status PathWalk::FollowLink(std::string real_folder, std::string target) {
  for (int links = 0; links < kMaxLinks; ++links) {
    v1::Failure failure;
    std::optional<LinkWay> way = WayOfLink(tree_, borders_, target, failure);
    if (!way.has_value()) return items_.Failed(target, v1::Item::KIND_FILE, std::move(failure), nullptr);
    std::vector<std::string> parts = PartsFromRoot(*std::move(way), real_folder, tree_.separator());
    if (parts.empty() || parts.back() == "..") return absl::OkStatus();
    const std::string name = std::move(parts.back());
    parts.pop_back();
    std::optional<ResolvedFolder> resolved = ResolveFolder(tree_, parts, borders_, failure);
    // The link is recorded with its target, so one that leads nowhere has been told.
    if (!resolved.has_value() && failure.cause() == v1::CAUSE_NOT_FOUND) return absl::OkStatus();
    if (!resolved.has_value()) return items_.Failed(target, v1::Item::KIND_FILE, std::move(failure), nullptr);
    Folder folder;
    folder.handle = std::move(resolved->folder);
    folder.path = folder.real_path = std::move(resolved->real_path);
    WalkedEntry walked;
    walked.path = walked.real_path = PathIn(folder.real_path, name, tree_.separator());
    walked.matched = walked.listed = true;
    if (std::optional<v1::Failure> refused = borders_.RefusedByPolicy(walked.path); refused.has_value()) {
      return items_.Failed(walked.path, v1::Item::KIND_FILE, *std::move(refused), nullptr);
    }
    absl::StatusOr<TreeEntry> found = folder.handle->Find(name);
    if (!found.ok()) return absl::OkStatus();
    walked.entry = *std::move(found);
    walked.hidden = IsHidden(folder, walked);
    if (walked.entry.type == FileType::kRegular) return items_.File(*folder.handle, walked);
    if (walked.entry.type != FileType::kSymbolicLink) return absl::OkStatus();
    absl::StatusOr<LinkTarget> further = folder.handle->ReadLink(walked.entry);
    if (!further.ok()) return absl::OkStatus();
    if (!further->access_time_kept) items_.Touched(walked.path, walked.real_path);
    real_folder = folder.real_path;
    target = std::move(further->path);
  }
  return absl::OkStatus();
}

// The volume has it and the running system does not show it.
bool PathWalk::IsHidden(Folder& folder, const WalkedEntry& walked) {
  if (options_.as_shown_by == nullptr || walked.entry.is_deleted() || IsMadeUp(walked.entry)) return false;
  if (folder.hidden) return true;
  if (!folder.shown.has_value()) {
    v1::Failure failure;
    std::optional<ResolvedFolder> shown =
        ResolveFolder(*options_.as_shown_by, PathParts(folder.real_path, tree_.separator()), borders_, failure);
    folder.shown = shown.has_value() ? std::move(shown->folder) : nullptr;
  }
  // A folder that the system denies says nothing about what is in it.
  return *folder.shown != nullptr && absl::IsNotFound((*folder.shown)->Find(walked.entry.name).status());
}

bool PathWalk::IsSeenOtherwise(const WalkedEntry& walked) const {
  return options_.unseen_only && !walked.hidden && !walked.entry.is_deleted();
}

bool PathWalk::IsAncestor(const v1::FileMetadata& folder) const {
  const std::pair<uint64_t, uint64_t> identity(folder.device(), folder.inode());
  // Folders that stand on no disk lead to volumes, and never back.
  if (identity == std::pair<uint64_t, uint64_t>(0, 0)) return false;
  return std::find(ancestors_.begin(), ancestors_.end(), identity) != ancestors_.end();
}

// The running system sees to that by itself, where it does not mean it.
bool PathWalk::WasEntered(const Folder& parent, const v1::FileMetadata& folder) {
  // The root of another volume: roots have the same number everywhere.
  if (options_.access != v1::ACCESS_RAW || folder.device() != parent.handle->metadata().device()) return false;
  // Folders that stand on no disk.
  if (folder.device() == 0 && folder.inode() == 0) return false;
  return !entered_.insert(folder.inode()).second;
}

// Another device, and the table knows of no mount: it came since, or it is a subvolume.
bool PathWalk::CrossesIntoUnknown(const Folder& parent, const v1::FileMetadata& folder,
                                  const std::string& real_path) const {
  return folder.device() != parent.handle->metadata().device() && !borders_.IsMountPoint(real_path);
}

}  // namespace hozen
