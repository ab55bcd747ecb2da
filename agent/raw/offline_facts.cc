#include "agent/raw/offline_facts.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "agent/acquire/path_resolver.h"
#include "agent/acquire/variables.h"
#include "agent/acquire/windows_registry.h"
#include "agent/platform/users.h"
#include "agent/raw/tree_files.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// A hostile one may name millions.
constexpr size_t kPasswdBytes = 1 << 20;
constexpr size_t kMostHomes = 10'000;
constexpr char kSystemRoot[] = "C:\\Windows";
constexpr const char* kLogEndings[] = {".LOG1", ".LOG2", ".LOG"};

class LinuxFacts final : public OfflineFacts {
 public:
  explicit LinuxFacts(FileTree& tree) {
    users_ = ParsePasswd(ReadTreeFile(tree, "/etc/passwd", kPasswdBytes).value_or(""));
    std::set<std::string> homes;
    for (std::string& home : HomesSaid(users_)) {
      if (home == "/" || IsInTree(tree, home)) homes.insert(std::move(home));
    }
    // Of people of a directory service, and of those who were deleted.
    for (const std::string& name : TreeFolders(tree, "/home", kMostHomes)) {
      if (name != "lost+found") homes.insert(Concat("/home/", name));
    }
    homes_.assign(homes.begin(), homes.end());
  }

  absl::StatusOr<std::vector<std::string>> Expand(std::string_view pattern) const override {
    return ExpandVariables(pattern, users_, homes_);
  }
  absl::StatusOr<RegistryEnd> ReadKeys(const HivePlace&, const std::optional<std::string>&, const OnKey&) override {
    return absl::NotFoundError("this system has no registry");
  }

 private:
  std::vector<LocalUser> users_;
  std::vector<std::string> homes_;
};

class OfflineWindows final : public OfflineFacts {
 public:
  OfflineWindows(FileTree& tree, const std::vector<OfflineVolume>& volumes) : tree_(tree), volumes_(volumes) {
    facts_ = ReadWindowsFacts(kSystemRoot, [this](std::string_view file, std::string_view key) {
      return KeysOf({.file = std::string(file), .root = "", .key = std::string(key)});
    });
    for (const std::string& problem : facts_.problems) Log(Severity::kWarning, Printable(problem));
  }

  const WindowsFacts& facts() const { return facts_; }
  const WindowsValues* windows() const override { return &facts_.values; }
  absl::StatusOr<std::vector<std::string>> Expand(std::string_view pattern) const override {
    return ExpandWindowsVariables(pattern, facts_.values);
  }

  absl::StatusOr<RegistryEnd> ReadKeys(const HivePlace& place, const std::optional<std::string>& value,
                                       const OnKey& on_key) override {
    HOZEN_ASSIGN_OR_RETURN(const ResolvedEntry hive, ResolveInTree(tree_, place.file));
    const uint64_t device = hive.entry.metadata->device();
    const auto volume = std::find_if(volumes_.begin(), volumes_.end(),
                                     [device](const OfflineVolume& one) { return one.volume->device() == device; });
    if (volume == volumes_.end() || hive.entry.type != FileType::kRegular) {
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
    return volume->volume->ReadRegistry(std::move(query), on_key);
  }

 private:
  absl::StatusOr<std::vector<v1::RegistryKey>> KeysOf(const HivePlace& place) {
    std::vector<v1::RegistryKey> keys;
    HOZEN_RETURN_IF_ERROR(ReadKeys(place, std::nullopt, [&keys](const v1::RegistryKey& key) {
                            keys.push_back(key);
                            return absl::OkStatus();
                          }).status());
    return keys;
  }

  FileTree& tree_;
  const std::vector<OfflineVolume> volumes_;
  WindowsFacts facts_;
};

}  // namespace

std::unique_ptr<OfflineFacts> ReadOfflineFacts(FileTree& tree, const std::vector<OfflineVolume>& volumes,
                                               v1::FoundSystem& found) {
  if (found.system() != "windows") return std::make_unique<LinuxFacts>(tree);
  auto windows = std::make_unique<OfflineWindows>(tree, volumes);
  found.set_hostname(Printable(windows->facts().hostname));
  found.set_system_version(Printable(windows->facts().version));
  return windows;
}

}  // namespace hozen
