#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/live_registry_walk.h"
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
  explicit RunningWindows(HostVolumes* volumes) : volumes_(volumes) {
    facts_ = ReadWindowsFacts(SystemFolder(), [this](const HivePlace& place) { return AllKeysAt(*this, place); });
    for (const std::string& problem : facts_.problems) Log(Severity::kWarning, Printable(problem));
  }

  const WindowsValues* windows() const override { return &facts_.values; }
  absl::StatusOr<std::vector<std::string>> Expand(std::string_view pattern) const override {
    return ExpandWindowsVariables(pattern, facts_.values);
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
  HostVolumes* const volumes_;
  WindowsFacts facts_;
};

}  // namespace

std::unique_ptr<SystemFacts> ReadRunningFacts(HostVolumes* volumes) {
  return std::make_unique<RunningWindows>(volumes);
}

}  // namespace hozen
