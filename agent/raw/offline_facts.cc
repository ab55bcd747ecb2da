#include "agent/raw/offline_facts.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "agent/acquire/variables.h"
#include "agent/acquire/windows_registry.h"
#include "agent/platform/users.h"
#include "agent/raw/hive_file.h"
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

class LinuxFacts final : public SystemFacts {
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

class OfflineWindows final : public SystemFacts {
 public:
  OfflineWindows(FileTree& tree, const std::vector<OfflineVolume>& volumes) : tree_(tree), volumes_(volumes) {
    facts_ = ReadWindowsFacts(Concat(tree.drive(), "\\Windows"),
                              [this](const HivePlace& place) { return AllKeysAt(*this, place); });
    for (const std::string& problem : facts_.problems) Log(Severity::kWarning, Printable(problem));
  }

  const WindowsFacts& facts() const { return facts_; }
  const WindowsValues* windows() const override { return &facts_.values; }
  absl::StatusOr<std::vector<std::string>> Expand(std::string_view pattern) const override {
    return ExpandWindowsVariables(pattern, facts_.values);
  }

  absl::StatusOr<RegistryEnd> ReadKeys(const HivePlace& place, const std::optional<std::string>& value,
                                       const OnKey& on_key) override {
    const auto volume_of = [this](uint64_t device) {
      const auto found = std::find_if(volumes_.begin(), volumes_.end(),
                                      [device](const OfflineVolume& one) { return one.volume->device() == device; });
      return found == volumes_.end() ? nullptr : found->volume;
    };
    return ReadHiveFile(tree_, volume_of, place, value, on_key);
  }

 private:
  FileTree& tree_;
  const std::vector<OfflineVolume> volumes_;
  WindowsFacts facts_;
};

}  // namespace

std::unique_ptr<SystemFacts> ReadOfflineFacts(FileTree& tree, const std::vector<OfflineVolume>& volumes,
                                              v1::FoundSystem& found) {
  if (found.system() != "windows") return std::make_unique<LinuxFacts>(tree);
  auto windows = std::make_unique<OfflineWindows>(tree, volumes);
  found.set_hostname(Printable(windows->facts().hostname));
  found.set_system_version(Printable(windows->facts().version));
  return windows;
}

}  // namespace hozen
