#include "agent/acquire/path_walk.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "agent/acquire/failure.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

// So many names are sorted, so that two walks of one folder go the same way. What is beyond comes as the file system
// gives it, and only a batch of it is held.
constexpr size_t kSortedNames = 100'000;
constexpr size_t kSortedNamesInAll = 400'000;
constexpr int kMaxLinks = 40;

v1::Item::Kind KindOf(FileType type) {
  switch (type) {
    case FileType::kFolder:
      return v1::Item::KIND_DIRECTORY;
    case FileType::kSymbolicLink:
      return v1::Item::KIND_SYMBOLIC_LINK;
    case FileType::kOther:
      return v1::Item::KIND_OTHER;
    case FileType::kRegular:
    case FileType::kUnknown:
      break;
  }
  return v1::Item::KIND_FILE;
}

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
    folder.path += Concat("/", parts[i].text);
  }
  const std::string named =
      glob_.is_literal() && !parts.empty() ? Concat(folder.path, "/", parts.back().text) : OrRoot(folder.path);
  const v1::Item::Kind kind = glob_.is_literal() ? v1::Item::KIND_FILE : v1::Item::KIND_DIRECTORY;
  if (std::optional<v1::Failure> refused = borders_.RefusedWithParents(folder.path); refused.has_value()) {
    return RecordFailed(named, kind, *std::move(refused), nullptr);
  }
  v1::Failure failure;
  std::optional<ResolvedFolder> resolved = ResolveFolder(options_.root, names, borders_, failure);
  if (!resolved.has_value()) {
    // A definition is written for many hosts; that this one lacks a folder is no failure. A person meant this one.
    if (failure.cause() == v1::CAUSE_NOT_FOUND && !options_.named_by_hand) return absl::OkStatus();
    return RecordFailed(named, kind, std::move(failure), nullptr);
  }
  if (!resolved->access_time_kept) Touched(OrRoot(folder.path), resolved->real_path);
  folder.fd = std::move(resolved->fd);
  folder.real_path = std::move(resolved->real_path);
  folder.metadata = std::move(resolved->metadata);
  ancestors_ = {{folder.metadata.device(), folder.metadata.inode()}};
  if (parts.empty()) {
    return RecordComplete({.name = "", .path = "/", .real_path = "/", .type = FileType::kFolder, .matched = true},
                          v1::Item::KIND_DIRECTORY, folder.metadata);
  }
  return WalkFolder(folder, PatternStates(glob_, fixed));
}

absl::Status PathWalk::WalkFolder(const Folder& folder, const PatternStates& states) {
  if (const std::optional<std::vector<std::string>> names = states.OnlyNames(); names.has_value()) {
    for (const std::string& name : *names) {
      HOZEN_RETURN_IF_ERROR(Visit(folder, states, name, FileType::kUnknown, false));
    }
    return absl::OkStatus();
  }
  return WalkListed(folder, states);
}

absl::Status PathWalk::WalkListed(const Folder& folder, const PatternStates& states) {
  FolderReader reader(folder.fd.get());
  NamesHeld held(names_held_);
  bool at_end = false;
  bool may_hold_more = true;
  while (!at_end) {
    std::vector<FolderEntry> entries;
    absl::Status broken;
    do {
      HOZEN_RETURN_IF_ERROR(sink_.Poll());
      absl::StatusOr<std::vector<FolderEntry>> batch = reader.Next();
      if (!batch.ok()) broken = batch.status();
      at_end = !batch.ok() || batch->empty();
      if (at_end) break;
      if (may_hold_more) may_hold_more = held.Add(batch->size());
      std::move(batch->begin(), batch->end(), std::back_inserter(entries));
    } while (may_hold_more);
    std::sort(entries.begin(), entries.end(),
              [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
    for (FolderEntry& entry : entries) {
      HOZEN_RETURN_IF_ERROR(Visit(folder, states, std::move(entry.name), entry.type, true));
    }
    if (!broken.ok()) {
      return RecordFailed(OrRoot(folder.path), v1::Item::KIND_DIRECTORY, FailureOf(broken, v1::CAUSE_VANISHED),
                          &folder.metadata);
    }
  }
  return absl::OkStatus();
}

absl::Status PathWalk::Visit(const Folder& folder, const PatternStates& states, std::string name, FileType type,
                             bool listed) {
  HOZEN_RETURN_IF_ERROR(sink_.Poll());
  Entry entry = {.name = std::move(name), .path = "", .real_path = "", .type = type, .listed = listed};
  const PatternStates next = states.Enter(entry.name, entry.matched);
  if (!entry.matched && next.empty()) return absl::OkStatus();
  // What is listed as something else can hold nothing.
  if (!entry.matched && type != FileType::kUnknown && type != FileType::kFolder) return absl::OkStatus();
  entry.path = Concat(folder.path, "/", entry.name);
  entry.real_path = Concat(folder.real_path, "/", entry.name);
  std::optional<v1::Failure> refused = borders_.RefusedByPolicy(entry.path);
  if (!refused.has_value()) refused = borders_.RefusedByPolicy(entry.real_path);
  if (refused.has_value()) return RecordFailed(entry.path, KindOf(type), *std::move(refused), nullptr);
  // Asked of the table, not of the folder: a mount whose server is gone would hold us for ever.
  if (std::optional<v1::Failure> border = borders_.BeginsAt(entry.real_path); border.has_value()) {
    if (!next.empty() || border->cause() == v1::CAUSE_REMOTE_FILE_SYSTEM) {
      return RecordFailed(entry.path, v1::Item::KIND_DIRECTORY, *std::move(border), nullptr);
    }
  }
  absl::StatusOr<v1::FileMetadata> metadata = StatEntry(folder.fd.get(), entry.name);
  if (!metadata.ok()) {
    v1::Failure failure = FailureOf(metadata.status(), listed ? v1::CAUSE_VANISHED : v1::CAUSE_NOT_FOUND);
    if (failure.cause() == v1::CAUSE_NOT_FOUND && !(options_.named_by_hand && glob_.is_literal())) {
      return absl::OkStatus();
    }
    return RecordFailed(entry.path, KindOf(type), std::move(failure), nullptr);
  }
  entry.type = FileTypeOf(*metadata);
  return VisitFound(folder, next, entry, *std::move(metadata));
}

absl::Status PathWalk::VisitFound(const Folder& folder, const PatternStates& next, const Entry& entry,
                                  v1::FileMetadata metadata) {
  if (entry.type == FileType::kFolder) return VisitFolder(folder, next, entry, std::move(metadata));
  if (!entry.matched) return absl::OkStatus();
  switch (entry.type) {
    case FileType::kSymbolicLink:
      return RecordLink(folder, entry, std::move(metadata));
    case FileType::kRegular:
      if (options_.contents) return TakeFile(folder.fd.get(), entry, std::move(metadata));
      break;
    default:
      break;
  }
  return RecordComplete(entry, KindOf(entry.type), std::move(metadata));
}

absl::Status PathWalk::VisitFolder(const Folder& parent, const PatternStates& next, const Entry& entry,
                                   v1::FileMetadata metadata) {
  constexpr v1::Item::Kind kKind = v1::Item::KIND_DIRECTORY;
  if (std::optional<v1::Failure> refused = borders_.RefusedFolder(metadata); refused.has_value()) {
    return RecordFailed(entry.path, kKind, *std::move(refused), nullptr);
  }
  if (next.empty()) return RecordComplete(entry, kKind, std::move(metadata));
  if (IsAncestor(metadata)) {
    return RecordFailed(entry.path, kKind, MakeFailure(v1::CAUSE_LOOP, "it is a folder that it lies in"), &metadata);
  }
  if (CrossesIntoUnknown(parent, metadata, entry.real_path)) {
    borders_.LookAgain();
    if (std::optional<v1::Failure> border = borders_.BeginsAt(entry.real_path); border.has_value()) {
      return RecordFailed(entry.path, kKind, *std::move(border), &metadata);
    }
  }
  if (parent.depth >= std::min(options_.depth, kMaxWalkDepth)) {
    return RecordFailed(entry.path, kKind, MakeFailure(v1::CAUSE_LIMIT_DEPTH, "what lies in it was not looked at"),
                        &metadata);
  }
  absl::StatusOr<OpenedFile> opened = OpenFolder(parent.fd.get(), entry.name);
  if (!opened.ok()) {
    return RecordFailed(entry.path, kKind, FailureOf(opened.status(), v1::CAUSE_VANISHED), &metadata);
  }
  if (std::optional<v1::Failure> refused = borders_.RefusedFolder(opened->metadata); refused.has_value()) {
    return RecordFailed(entry.path, kKind, *std::move(refused), nullptr);
  }
  if (!opened->access_time_kept) Touched(entry.path, entry.real_path);
  if (entry.matched) HOZEN_RETURN_IF_ERROR(RecordComplete(entry, kKind, opened->metadata));
  const Folder folder = {.fd = std::move(opened->fd),
                         .path = entry.path,
                         .real_path = entry.real_path,
                         .metadata = std::move(opened->metadata),
                         .depth = parent.depth + 1};
  ancestors_.emplace_back(folder.metadata.device(), folder.metadata.inode());
  const absl::Status status = WalkFolder(folder, next);
  ancestors_.pop_back();
  return status;
}

absl::Status PathWalk::RecordLink(const Folder& folder, const Entry& entry, v1::FileMetadata metadata) {
  absl::StatusOr<std::string> target = ReadLinkTarget(folder.fd.get(), entry.name);
  if (!target.ok()) {
    // A link of /proc may stay and lead to nothing: a thread of the kernel has no executable.
    const bool is_there = StatEntry(folder.fd.get(), entry.name).ok();
    return RecordFailed(entry.path, v1::Item::KIND_SYMBOLIC_LINK,
                        FailureOf(target.status(), is_there ? v1::CAUSE_NOT_FOUND : v1::CAUSE_VANISHED), &metadata);
  }
  Touched(entry.path, entry.real_path);
  metadata.set_link_target(*target);
  HOZEN_RETURN_IF_ERROR(RecordComplete(entry, v1::Item::KIND_SYMBOLIC_LINK, std::move(metadata)));
  if (!options_.contents || !glob_.is_literal()) return absl::OkStatus();
  return FollowLink(folder.real_path, *std::move(target));
}

// Where all of a pattern is fixed and a link stands at its end, what the link leads to is meant too. It is an item of
// its own, under the path where it lies.
absl::Status PathWalk::FollowLink(std::string real_folder, std::string target) {
  for (int links = 0; links < kMaxLinks; ++links) {
    const bool absolute = !target.empty() && target.front() == '/';
    std::vector<std::string> parts = PathParts(absolute ? target : Concat(real_folder, "/", target));
    if (parts.empty() || parts.back() == "..") return absl::OkStatus();
    Entry entry = {.name = std::move(parts.back()), .path = "", .real_path = "", .matched = true, .listed = true};
    parts.pop_back();
    v1::Failure failure;
    const std::optional<ResolvedFolder> folder = ResolveFolder(options_.root, parts, borders_, failure);
    // The link is recorded with its target, so one that leads nowhere has been told.
    if (!folder.has_value() && failure.cause() == v1::CAUSE_NOT_FOUND) return absl::OkStatus();
    if (!folder.has_value()) return RecordFailed(target, v1::Item::KIND_FILE, std::move(failure), nullptr);
    entry.path = entry.real_path = Concat(folder->real_path, "/", entry.name);
    if (std::optional<v1::Failure> refused = borders_.RefusedByPolicy(entry.path); refused.has_value()) {
      return RecordFailed(entry.path, v1::Item::KIND_FILE, *std::move(refused), nullptr);
    }
    absl::StatusOr<v1::FileMetadata> metadata = StatEntry(folder->fd.get(), entry.name);
    if (!metadata.ok()) return absl::OkStatus();
    entry.type = FileTypeOf(*metadata);
    if (entry.type == FileType::kRegular) return TakeFile(folder->fd.get(), entry, *std::move(metadata));
    if (entry.type != FileType::kSymbolicLink) return absl::OkStatus();
    absl::StatusOr<std::string> further = ReadLinkTarget(folder->fd.get(), entry.name);
    if (!further.ok()) return absl::OkStatus();
    Touched(entry.path, entry.real_path);
    real_folder = folder->real_path;
    target = *std::move(further);
  }
  return absl::OkStatus();
}

absl::Status PathWalk::TakeFile(int folder, const Entry& entry, v1::FileMetadata metadata) {
  if (sink_.AlreadyTaken(options_.target_index, entry.path)) {
    ++tally_.matched;
    return absl::OkStatus();
  }
  if (std::optional<v1::Failure> endless = borders_.Endless(entry.real_path); endless.has_value()) {
    ++tally_.matched;
    return RecordFailed(entry.path, v1::Item::KIND_FILE, *std::move(endless), &metadata);
  }
  absl::StatusOr<OpenedFile> opened = OpenRegularFile(folder, entry.name);
  ++tally_.matched;
  if (!opened.ok()) {
    return RecordFailed(entry.path, v1::Item::KIND_FILE, FailureOf(opened.status(), v1::CAUSE_VANISHED), &metadata);
  }
  if (!opened->access_time_kept) Touched(entry.path, entry.real_path);
  v1::Item item = NewItem(entry.path, v1::Item::KIND_FILE);
  const uint64_t size_bytes = opened->metadata.size_bytes();
  *item.mutable_file() = std::move(opened->metadata);
  const std::unique_ptr<Source> source = NewFdSource(std::move(opened->fd), size_bytes);
  return sink_.Take(std::move(item), *source, true);
}

bool PathWalk::IsAncestor(const v1::FileMetadata& folder) const {
  const std::pair<uint64_t, uint64_t> identity(folder.device(), folder.inode());
  return std::find(ancestors_.begin(), ancestors_.end(), identity) != ancestors_.end();
}

// Another device, and the table knows of no mount: it came since, or it is a subvolume.
bool PathWalk::CrossesIntoUnknown(const Folder& parent, const v1::FileMetadata& folder,
                                  const std::string& real_path) const {
  return folder.device() != parent.metadata.device() && !borders_.IsMountPoint(real_path);
}

v1::Item PathWalk::NewItem(const std::string& path, v1::Item::Kind kind) const {
  v1::Item item;
  item.set_kind(kind);
  item.set_path(path);
  item.set_target_index(options_.target_index);
  item.set_artifact(options_.artifact);
  return item;
}

absl::Status PathWalk::RecordComplete(const Entry& entry, v1::Item::Kind kind, v1::FileMetadata metadata) {
  ++tally_.matched;
  if (sink_.AlreadyTaken(options_.target_index, entry.path)) return absl::OkStatus();
  v1::Item item = NewItem(entry.path, kind);
  item.set_state(v1::Item::STATE_COMPLETE);
  *item.mutable_file() = std::move(metadata);
  return sink_.Record(std::move(item));
}

absl::Status PathWalk::RecordFailed(const std::string& path, v1::Item::Kind kind, v1::Failure failure,
                                    const v1::FileMetadata* metadata) {
  v1::Item item = NewItem(path, kind);
  item.set_state(v1::Item::STATE_FAILED);
  *item.mutable_failure() = std::move(failure);
  if (metadata != nullptr) *item.mutable_file() = *metadata;
  return sink_.Record(std::move(item));
}

void PathWalk::Touched(const std::string& path, const std::string& real_path) {
  if (borders_.IsPseudo(real_path)) return;
  if (tally_.touched++ == 0) tally_.first_touched = path;
}

}  // namespace hozen
