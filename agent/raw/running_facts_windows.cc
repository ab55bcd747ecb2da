#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/call_once.h"
#include "agent/acquire/live_registry_walk.h"
#include "agent/acquire/pattern_variables.h"
#include "agent/acquire/windows_registry.h"
#include "agent/platform/drives.h"
#include "agent/raw/hive_file.h"
#include "agent/raw/running_facts.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

class RunningWindows final : public SystemFacts {
 public:
  explicit RunningWindows(HostVolumes* volumes)
      : volumes_(volumes), read_key_([this](const HivePlace& place) { return AllKeysAt(*this, place); }) {}

  const WindowsValues* windows() const override { return &Values(); }
  absl::StatusOr<std::vector<std::string>> Expand(std::string_view pattern) const override {
    if (PatternVariables(pattern).empty()) return std::vector<std::string>{std::string(pattern)};
    return ExpandWindowsVariables(pattern, Values());
  }

  absl::StatusOr<RegistryEnd> ReadKeys(const HivePlace& place, const std::optional<std::string>& value,
                                       const OnKey& on_key) override {
    const absl::StatusOr<RegistryKey> hive = OpenLiveHive(place.root);
    if (hive.ok()) return WalkLiveRegistry(*hive, place.key, value, on_key);
    if (!absl::IsNotFound(hive.status()) || place.file.empty()) return hive.status();
    if (volumes_ == nullptr) {
      return absl::UnavailableError(
          Concat(Printable(place.root), " is not loaded, and no disk may be read for ", Printable(place.file)));
    }
    return ReadHiveFile(
        volumes_->tree(), [this](uint64_t device) { return volumes_->VolumeOf(device); }, place, value, on_key);
  }

 private:
  // Hives of people who are not logged on are read for them, so no target pays for that which does not ask.
  const WindowsValues& Values() const {
    absl::call_once(once_, [this] {
      facts_ = ReadWindowsFacts(WindowsFolder(), read_key_);
      for (const std::string& problem : facts_.problems) Log(Severity::kWarning, Printable(problem));
    });
    return facts_.values;
  }

  HostVolumes* const volumes_;
  const RegistryLookup read_key_;
  mutable absl::once_flag once_;
  mutable WindowsFacts facts_;
};

}  // namespace

std::unique_ptr<SystemFacts> ReadRunningFacts(HostVolumes* volumes) {
  return std::make_unique<RunningWindows>(volumes);
}

}  // namespace hozen
