#include "agent/raw/hive_file.h"

#include <utility>

#include "agent/raw/tree_files.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr const char* kLogEndings[] = {".LOG1", ".LOG2", ".LOG"};

}  // namespace

absl::StatusOr<RegistryEnd> ReadHiveFile(FileTree& tree, const FindRawVolume& volume_of, const HivePlace& place,
                                         const std::optional<std::string>& value, const SystemFacts::OnKey& on_key) {
  if (place.file.empty()) return absl::NotFoundError(Concat(Printable(place.root), " is in no file"));
  HOZEN_ASSIGN_OR_RETURN(const ResolvedEntry hive, ResolveInTree(tree, place.file));
  RawVolume* const volume = volume_of(hive.entry.metadata->device());
  if (volume == nullptr || hive.entry.type != FileType::kRegular) {
    return absl::NotFoundError(Concat(Printable(place.file), " is no file"));
  }
  RegistryQuery query;
  query.hive.address = hive.entry.metadata->inode();
  query.key = place.key;
  query.value = value;
  for (const char* ending : kLogEndings) {
    const absl::StatusOr<TreeEntry> log = hive.folder->Find(Concat(hive.entry.name, ending));
    if (log.ok() && log->type == FileType::kRegular) query.logs.push_back({.address = log->metadata->inode()});
  }
  return volume->ReadRegistry(std::move(query), on_key);
}

}  // namespace hozen
