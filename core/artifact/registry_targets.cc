#include "core/artifact/registry_targets.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "core/artifact/pattern_check.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/plan/variable_names.h"

namespace hozen {
namespace {

// A root that people write -> where what it shows is kept.
struct Root {
  std::string_view name;
  std::vector<std::string_view> kept_in;
};

const std::vector<Root>& Roots() {
  static const auto* const roots = new std::vector<Root>{
      {"HKEY_LOCAL_MACHINE", {"HKEY_LOCAL_MACHINE"}},
      {"HKLM", {"HKEY_LOCAL_MACHINE"}},
      {"HKEY_USERS", {"HKEY_USERS"}},
      {"HKU", {"HKEY_USERS"}},
      {"HKEY_CURRENT_USER", {"HKEY_USERS\\%%users.sid%%"}},
      {"HKCU", {"HKEY_USERS\\%%users.sid%%"}},
      {"HKEY_CLASSES_ROOT", {"HKEY_LOCAL_MACHINE\\Software\\Classes", "HKEY_USERS\\%%users.sid%%\\Software\\Classes"}},
      {"HKCR", {"HKEY_LOCAL_MACHINE\\Software\\Classes", "HKEY_USERS\\%%users.sid%%\\Software\\Classes"}},
  };
  return *roots;
}

// Hives below HKEY_LOCAL_MACHINE that are files of the Windows folder.
constexpr std::string_view kMachineHives[] = {"drivers", "sam", "security", "software", "system", "components"};

struct Keys {
  std::vector<std::string> patterns;
  std::string reason;  // why there are none
};

// Of the running system alone.
constexpr std::string_view kMemoryHives[] = {"bcd00000000", "hardware"};

std::string WhyNotOfTheMachine(std::string_view key, std::string_view below, HostState state) {
  const std::string hive = absl::AsciiStrToLower(AbslView(below.substr(0, below.find('\\'))));
  if (std::find(std::begin(kMemoryHives), std::end(kMemoryHives), hive) != std::end(kMemoryHives)) {
    return state == HostState::kRunning ? "" : Concat("\"", Printable(key), "\" is only there while Windows runs");
  }
  const bool known = std::find(std::begin(kMachineHives), std::end(kMachineHives), hive) != std::end(kMachineHives);
  if (!known && hive.find_first_of("*?[") == std::string::npos) {
    return Concat("\"", Printable(key), "\" is in no hive that this version looks into");
  }
  return "";
}

Keys KeysOf(std::string_view key, HostState state) {
  const size_t end = std::min(key.find('\\'), key.size());
  const auto root = std::find_if(Roots().begin(), Roots().end(), [&](const Root& one) {
    return absl::EqualsIgnoreCase(AbslView(one.name), AbslView(key.substr(0, end)));
  });
  if (root == Roots().end()) {
    return {.patterns = {}, .reason = Concat("\"", Printable(key), "\" begins with no root whose hives are files")};
  }
  std::string_view below = key.substr(std::min(end + 1, key.size()));
  while (below.ends_with('\\')) below.remove_suffix(1);
  Keys keys;
  for (const std::string_view kept_in : root->kept_in) {
    keys.patterns.push_back(below.empty() ? std::string(kept_in) : Concat(kept_in, "\\", below));
  }
  if (root->kept_in.front() == "HKEY_LOCAL_MACHINE") keys.reason = WhyNotOfTheMachine(key, below, state);
  if (keys.reason.empty()) {
    keys.reason = WhyNotPattern(Concat("\\", keys.patterns.front()), "\\", kWindowsVariableNames, "Windows");
  }
  if (!keys.reason.empty()) keys.patterns.clear();
  return keys;
}

// Run\* is what stands in Run: keys, and values, which are Run's own.
std::string KeyItself(const std::string& pattern) {
  const size_t last = pattern.find_last_of('\\');
  const bool all = last != std::string::npos &&
                   pattern.substr(last + 1).find_first_not_of("*0123456789") == std::string::npos &&
                   pattern[last + 1] == '*';
  return all ? pattern.substr(0, last) : "";
}

void AddTarget(std::string key, const ArtifactSource::RegistryValue* value, SourceTargets& found) {
  v1::Target::RegistryPattern& registry = *found.targets.emplace_back().mutable_registry();
  registry.set_key(std::move(key));
  if (value == nullptr) return;
  registry.set_value(value->value);
  registry.set_one_value(true);
}

void AddKey(const std::string& key, const ArtifactSource::RegistryValue* value, HostState state, SourceTargets& found) {
  Keys keys = KeysOf(key, state);
  if (!keys.reason.empty()) found.reasons.push_back(std::move(keys.reason));
  for (std::string& pattern : keys.patterns) {
    if (std::string itself = value == nullptr ? KeyItself(pattern) : ""; !itself.empty()) {
      AddTarget(std::move(itself), nullptr, found);
    }
    AddTarget(std::move(pattern), value, found);
  }
}

}  // namespace

SourceTargets RegistryTargets(const ArtifactSource& source, HostState state) {
  SourceTargets found;
  for (const std::string& key : source.keys) AddKey(key, nullptr, state, found);
  for (const ArtifactSource::RegistryValue& value : source.values) AddKey(value.key, &value, state, found);
  return found;
}

}  // namespace hozen
