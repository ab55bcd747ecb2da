#include "collector/custody/custody_entry.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/evidence/merkle.h"
#include "core/json/json.h"

namespace hozen {
namespace {

constexpr std::array<std::string_view, 7> kFixedMembers = {"version", "index",          "time",   "kind",
                                                           "actor",   "acquisition_id", "host_id"};

bool IsMemberName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

absl::Status CheckEvent(const CustodyEvent& event) {
  if (event.kind.empty() || event.actor.empty()) {
    return absl::InvalidArgumentError("a custody event needs a kind and an actor");
  }
  std::vector<std::string_view> names(kFixedMembers.begin(), kFixedMembers.end());
  for (const auto& [name, value] : event.details) {
    if (!IsMemberName(name)) {
      return absl::InvalidArgumentError(Concat("a custody event cannot have a member named ", Printable(name)));
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return absl::InvalidArgumentError(Concat("a custody event has two members named ", name));
    }
    names.push_back(name);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> EncodeCustodyEntry(const CustodyEvent& event, uint64_t index, absl::Time time) {
  if (absl::Status status = CheckEvent(event); !status.ok()) return status;
  Json entry;
  entry["version"] = 1;
  entry["index"] = index;
  entry["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", time, absl::UTCTimeZone());
  entry["kind"] = Printable(event.kind);
  entry["actor"] = Printable(event.actor);
  if (!event.acquisition_id.empty()) entry["acquisition_id"] = Printable(event.acquisition_id);
  if (!event.host_id.empty()) entry["host_id"] = Printable(event.host_id);
  std::vector<std::pair<std::string, std::string>> details = event.details;
  std::sort(details.begin(), details.end());
  for (const auto& [name, value] : details) entry[name] = Printable(value);
  std::string bytes = JsonText(entry);
  if (bytes.size() > kMaxLogEntryBytes) {
    return absl::InvalidArgumentError(
        Concat("a custody entry may have ", kMaxLogEntryBytes, " bytes, this one would have ", bytes.size()));
  }
  return bytes;
}

}  // namespace hozen
