#include "agent/acquire/live_registry_walk.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/plan/glob.h"
#include "core/plan/pattern_states.h"

namespace hozen {
namespace {

constexpr int kMaxDepth = 512;  // Windows' own limit
constexpr size_t kMaxChildren = 1'000'000;
constexpr size_t kPartBytes = 256 << 10;  // where a record of a key with much is ended

class LiveWalk {
 public:
  LiveWalk(const std::optional<std::string>& value, const OnRegistryKey& on_key) : on_key_(on_key) {
    if (value.has_value()) value_ = absl::AsciiStrToLower(*value);
  }

  absl::Status HandOn(const LiveRegistryKey& key, const std::string& path) {
    v1::RegistryKey record = NewRecord(key, path);
    size_t part_bytes = 0;
    bool handed_on = false;
    std::string problem;
    for (size_t i = 0; i < kMaxChildren; ++i) {
      absl::StatusOr<LiveRegistryValue> value = key.ValueAt(i, kMaxRegistryValueBytes);
      if (absl::IsNotFound(value.status())) break;
      if (!value.ok()) {
        ++end_.errors;
        problem = Concat("value ", i, " of its values cannot be read: ", StdView(value.status().message()));
        // One that is too large leaves the others readable; of a key that is gone there are none.
        if (absl::IsResourceExhausted(value.status())) continue;
        break;
      }
      if (value_.has_value() && !MatchesLoosely(*value_, absl::AsciiStrToLower(value->name))) continue;
      if (part_bytes > kPartBytes) {
        record.set_continued(true);
        HOZEN_RETURN_IF_ERROR(on_key_(record));
        record = NewRecord(key, path);
        handed_on = true;
        part_bytes = 0;
      }
      part_bytes += value->name.size() + value->data.size() + 64;
      v1::RegistryValue& added = *record.add_values();
      added.set_name(std::move(value->name));
      added.set_type(value->type);
      added.set_size_bytes(value->size_bytes);
      added.set_data(std::move(value->data));
    }
    if (!problem.empty()) record.set_problem(std::move(problem));
    if (value_.has_value() && !handed_on && record.values().empty() && record.problem().empty()) {
      return absl::OkStatus();
    }
    ++end_.keys;
    return on_key_(record);
  }

  absl::Status Below(const LiveRegistryKey& key, const std::string& path, const PatternStates& states, int depth) {
    if (states.empty()) return absl::OkStatus();
    if (depth == kMaxDepth) return SayProblem(path, "keys below it are too deep to be read");
    std::optional<std::vector<std::string>> names = states.OnlyNames();
    if (!names.has_value()) {
      absl::StatusOr<std::vector<std::string>> listed = key.Subkeys(kMaxChildren);
      if (!listed.ok()) {
        return SayProblem(path, Concat("its subkeys cannot be listed: ", StdView(listed.status().message())));
      }
      names = *std::move(listed);
    }
    for (const std::string& name : *names) HOZEN_RETURN_IF_ERROR(Enter(key, path, name, states, depth));
    return absl::OkStatus();
  }

  RegistryEnd end() const { return end_; }

 private:
  absl::Status Enter(const LiveRegistryKey& key, const std::string& path, const std::string& name,
                     const PatternStates& states, int depth) {
    bool matched = false;
    const PatternStates next = states.Enter(name, matched);
    if (!matched && next.empty()) return absl::OkStatus();
    const std::string subpath = Concat(path, "\\", name);
    const absl::StatusOr<LiveRegistryKey> subkey = key.OpenSubkey(name);
    // One that a pattern names may not be there, and one that was listed may be gone.
    if (absl::IsNotFound(subkey.status())) return absl::OkStatus();
    if (!subkey.ok()) return SayProblem(subpath, Concat("it cannot be read: ", StdView(subkey.status().message())));
    if (matched) HOZEN_RETURN_IF_ERROR(HandOn(*subkey, subpath));
    return Below(*subkey, subpath, next, depth + 1);
  }

  absl::Status SayProblem(const std::string& path, std::string problem) {
    ++end_.errors;
    v1::RegistryKey record;
    record.set_path(path);
    record.set_problem(std::move(problem));
    return on_key_(record);
  }

  static v1::RegistryKey NewRecord(const LiveRegistryKey& key, const std::string& path) {
    v1::RegistryKey record;
    record.set_path(path);
    record.set_last_written_unix_ns(key.LastWrittenUnixNs().value_or(0));
    return record;
  }

  const OnRegistryKey& on_key_;
  std::optional<std::string> value_;  // in lower case
  RegistryEnd end_;
};

}  // namespace

absl::StatusOr<RegistryEnd> WalkLiveRegistry(const LiveRegistryKey& hive, std::string_view pattern,
                                             const std::optional<std::string>& value, const OnRegistryKey& on_key) {
  HOZEN_ASSIGN_OR_RETURN(const Glob glob, Glob::Parse(pattern, '\\', /*ignore_case=*/true));
  LiveWalk walk(value, on_key);
  if (glob.parts().empty()) HOZEN_RETURN_IF_ERROR(walk.HandOn(hive, ""));
  HOZEN_RETURN_IF_ERROR(walk.Below(hive, "", PatternStates(glob, 0), 0));
  return walk.end();
}

}  // namespace hozen
