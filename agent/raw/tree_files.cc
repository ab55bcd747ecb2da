#include "agent/raw/tree_files.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agent/acquire/borders.h"
#include "agent/acquire/link_way.h"
#include "agent/acquire/path_resolver.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr int kMaxLinks = 8;

// A tree that is no running system has no mounts and no policy.
absl::StatusOr<Borders> NoBorders() {
  return Borders::Create(
      {.refused_paths = {}, .state_folder = "", .root = "", .read_mounts = []() -> absl::StatusOr<MountTable> {
         return MountTable();
       }});
}

absl::Status NotFound(std::string_view path, const v1::Failure& failure) {
  return absl::NotFoundError(Concat(Printable(path), ": ", failure.detail()));
}

}  // namespace

absl::StatusOr<ResolvedEntry> ResolveInTree(FileTree& tree, std::string_view named) {
  std::vector<std::string> parts = PathParts(named, tree.separator());
  HOZEN_ASSIGN_OR_RETURN(const Borders borders, NoBorders());
  for (int links = 0; links < kMaxLinks; ++links) {
    if (parts.empty()) return absl::NotFoundError("the root is no file");
    const std::string name = std::move(parts.back());
    parts.pop_back();
    v1::Failure failure;
    std::optional<ResolvedFolder> folder = ResolveFolder(tree, parts, borders, failure);
    if (!folder.has_value()) return NotFound(named, failure);
    HOZEN_ASSIGN_OR_RETURN(TreeEntry entry, folder->folder->Find(name));
    if (entry.type != FileType::kSymbolicLink) {
      return ResolvedEntry{.folder = std::move(folder->folder), .entry = std::move(entry)};
    }
    const absl::StatusOr<LinkTarget> target = folder->folder->ReadLink(entry);
    if (!target.ok()) return target.status();
    std::optional<LinkWay> way = WayOfLink(tree, borders, target->path, failure);
    if (!way.has_value()) return NotFound(target->path, failure);
    parts = PartsFromRoot(*std::move(way), folder->real_path, tree.separator());
  }
  return absl::NotFoundError(Concat(Printable(named), ": too many symbolic links"));
}

std::vector<std::string> TreeFolders(FileTree& tree, std::string_view path, size_t most) {
  std::vector<std::string> names;
  const absl::StatusOr<Borders> borders = NoBorders();
  if (!borders.ok()) return names;
  v1::Failure failure;
  const std::optional<ResolvedFolder> folder =
      ResolveFolder(tree, PathParts(path, tree.separator()), *borders, failure);
  if (!folder.has_value()) return names;
  const std::unique_ptr<TreeReader> reader = folder->folder->List(/*deleted=*/false);
  while (names.size() < most) {
    const absl::StatusOr<std::vector<TreeEntry>> batch = reader->Next();
    if (!batch.ok() || batch->empty()) break;
    for (const TreeEntry& entry : *batch) {
      if (entry.type == FileType::kFolder) names.push_back(entry.name);
    }
  }
  return names;
}

absl::StatusOr<std::string> ReadTreeFile(FileTree& tree, std::string_view path, size_t most_bytes) {
  HOZEN_ASSIGN_OR_RETURN(ResolvedEntry found, ResolveInTree(tree, path));
  HOZEN_ASSIGN_OR_RETURN(OpenedContents contents, found.folder->OpenFile(found.entry));
  if (contents.source->size_bytes() > most_bytes) {
    return absl::DataLossError(Concat(Printable(path), " has more than ", most_bytes, " bytes"));
  }
  std::string bytes;
  while (bytes.size() < contents.source->size_bytes()) {
    HOZEN_ASSIGN_OR_RETURN(const std::string piece,
                           contents.source->Read(bytes.size(), contents.source->size_bytes() - bytes.size()));
    if (piece.empty()) return absl::DataLossError(Concat(Printable(path), " ends early"));
    bytes += piece;
  }
  return bytes;
}

bool IsInTree(FileTree& tree, std::string_view path) { return ResolveInTree(tree, path).ok(); }

}  // namespace hozen
