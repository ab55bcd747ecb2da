#include "agent/acquire/live_registry_walk.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/base/windows_text.h"
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

  absl::Status HandOn(const RegistryKey& key, const std::string& path) {
    v1::RegistryKey record = NewRecord(key, path);
    size_t part_bytes = 0;
    bool handed_on = false;
    absl::Status stopped;
    const auto add = [&](RegistryValue value) -> absl::Status {
      std::string name = Wtf8OfWide(value.name);
      if (value_.has_value() && !MatchesLoosely(*value_, absl::AsciiStrToLower(name))) return absl::OkStatus();
      if (part_bytes > kPartBytes) {
        record.set_continued(true);
        stopped = on_key_(record);
        if (!stopped.ok()) return stopped;
        record = NewRecord(key, path);
        handed_on = true;
        part_bytes = 0;
      }
      part_bytes += name.size() + value.data.size() + 64;
      AddValue(std::move(name), std::move(value), record);
      return absl::OkStatus();
    };
    const absl::Status listed = key.EachValue(kMaxChildren, add);
    if (!stopped.ok()) return stopped;
    if (!listed.ok()) {
      ++end_.errors;
      record.set_problem(Concat("not all of its values can be read: ", StdView(listed.message())));
    } else if (value_.has_value() && !handed_on && record.values().empty()) {
      return absl::OkStatus();
    }
    ++end_.keys;
    return on_key_(record);
  }

  absl::Status Below(const RegistryKey& key, const std::string& path, const PatternStates& states, int depth) {
    if (states.empty()) return absl::OkStatus();
    if (depth == kMaxDepth) return SayProblem(path, "keys below it are too deep to be read");
    std::optional<std::vector<std::string>> names = states.OnlyNames();
    if (!names.has_value()) {
      std::vector<std::wstring> found;
      const absl::Status listed = key.Names(kMaxChildren, found);
      if (!listed.ok()) {
        HOZEN_RETURN_IF_ERROR(
            SayProblem(path, Concat("not all its subkeys can be listed: ", StdView(listed.message()))));
      }
      names.emplace();
      for (const std::wstring& name : found) names->push_back(Wtf8OfWide(name));
    }
    for (const std::string& name : *names) HOZEN_RETURN_IF_ERROR(Enter(key, path, name, states, depth));
    return absl::OkStatus();
  }

  RegistryEnd end() const { return end_; }

 private:
  absl::Status Enter(const RegistryKey& key, const std::string& path, const std::string& name,
                     const PatternStates& states, int depth) {
    bool matched = false;
    const PatternStates next = states.Enter(name, matched);
    if (!matched && next.empty()) return absl::OkStatus();
    const std::string subpath = Concat(path, "\\", name);
    const absl::StatusOr<RegistryKey> subkey = key.OpenItself(WideOfWtf8(name));
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

  static v1::RegistryKey NewRecord(const RegistryKey& key, const std::string& path) {
    v1::RegistryKey record;
    record.set_path(path);
    record.set_last_written_unix_ns(key.changed_unix_ns());
    return record;
  }

  void AddValue(std::string name, RegistryValue value, v1::RegistryKey& record) {
    v1::RegistryValue& added = *record.add_values();
    added.set_name(std::move(name));
    added.set_type(value.type);
    added.set_size_bytes(value.size_bytes);
    if (value.data.size() < value.size_bytes) {
      added.set_problem(Concat("of its ", value.size_bytes, " bytes these are the first ", value.data.size(),
                               ", as much as is read of a value"));
      ++end_.errors;
    }
    added.set_data(std::move(value.data));
  }

  const OnRegistryKey& on_key_;
  std::optional<std::string> value_;  // in lower case
  RegistryEnd end_;
};

}  // namespace

absl::StatusOr<RegistryKey> OpenLiveHive(std::string_view root) {
  constexpr std::string_view kRoots[][2] = {{"HKEY_LOCAL_MACHINE", "\\Registry\\Machine"},
                                            {"HKEY_USERS", "\\Registry\\User"}};
  for (const auto& [name, kernels] : kRoots) {
    if (!absl::StartsWithIgnoreCase(AbslView(root), AbslView(name))) continue;
    return RegistryKey::Open(WideOfWtf8(Concat(kernels, root.substr(name.size()))));
  }
  return absl::NotFoundError(Concat(Printable(root), ": there is no such root"));
}

absl::StatusOr<RegistryEnd> WalkLiveRegistry(const RegistryKey& hive, std::string_view pattern,
                                             const std::optional<std::string>& value, const OnRegistryKey& on_key) {
  HOZEN_ASSIGN_OR_RETURN(const Glob glob, Glob::Parse(pattern, '\\', /*ignore_case=*/true));
  LiveWalk walk(value, on_key);
  if (glob.parts().empty()) HOZEN_RETURN_IF_ERROR(walk.HandOn(hive, ""));
  HOZEN_RETURN_IF_ERROR(walk.Below(hive, "", PatternStates(glob, 0), 0));
  return walk.end();
}

}  // namespace hozen
