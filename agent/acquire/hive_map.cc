#include "agent/acquire/hive_map.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/match.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/plan/glob.h"

namespace hozen {
namespace {

constexpr std::string_view kMachine = "HKEY_LOCAL_MACHINE";
constexpr std::string_view kUsers = "HKEY_USERS";
constexpr std::string_view kSystemHive = "System";
// Their files have the same names, below System32\config.
constexpr std::string_view kMachineHives[] = {"COMPONENTS", "DRIVERS", "SAM", "Security", "Software", kSystemHive};
// No files of the Windows folder: the running system has made them, or loaded them from where it was started from.
constexpr std::string_view kMemoryHives[] = {"BCD00000000", "HARDWARE"};
constexpr std::string_view kConfig = "\\System32\\config\\";

using Part = Glob::Part;
using Parts = std::span<const Part>;

std::string TextOf(const Part& part) {
  if (part.kind != Part::Kind::kRecursive) return part.text;
  return part.max_depth == 0 ? "**" : Concat("**", part.max_depth);
}

std::string Joined(Parts parts) {
  if (parts.empty()) return "\\";
  std::string key;
  for (const Part& part : parts) key += Concat("\\", TextOf(part));
  return key;
}

// Does one part match a name? Not for parts of **.
bool Matches(const Part& part, std::string_view name) {
  const absl::StatusOr<Glob> glob = Glob::Parse(Concat("\\", part.text), '\\', /*ignore_case=*/true);
  return glob.ok() && glob->parts().size() == 1 && glob->MatchesPart(0, name);
}

// What is left of a pattern once a name has been gone into; each way that there is. ** takes the name and stays, or
// ends before it.
std::vector<std::vector<Part>> Below(Parts parts, std::string_view name) {
  std::vector<std::vector<Part>> ways;
  if (parts.empty()) return ways;
  const Part& first = parts.front();
  if (first.kind != Part::Kind::kRecursive) {
    if (Matches(first, name)) ways.emplace_back(parts.begin() + 1, parts.end());
    return ways;
  }
  std::vector<Part> stays(parts.begin(), parts.end());
  if (first.max_depth == 1) {
    stays.erase(stays.begin());
  } else if (first.max_depth > 1) {
    --stays.front().max_depth;
  }
  ways.push_back(std::move(stays));
  for (std::vector<Part>& way : Below(parts.subspan(1), name)) ways.push_back(std::move(way));
  return ways;
}

std::string ValueIn(const VariableRow& row, std::string_view variable) {
  const auto value = row.find(variable);
  return value == row.end() ? "" : value->second;
}

class Places {
 public:
  explicit Places(const WindowsValues& values)
      : system_(WindowsSystemRow(values)), people_(WindowsFolderRows(values)) {}

  void AddMachine(Parts parts) {
    for (const std::string_view hive : kMemoryHives) {
      for (const std::vector<Part>& below : Below(parts, hive)) {
        Add("", Concat(kMachine, "\\", hive), Joined(below));
      }
    }
    for (const std::string_view hive : kMachineHives) {
      for (const std::vector<Part>& below : Below(parts, hive)) {
        std::vector<Part> key = below;
        if (hive == kSystemHive) NameControlSet(key);
        Add(InConfig(hive), Concat(kMachine, "\\", hive), Joined(key));
      }
    }
  }

  void AddUsers(Parts parts) {
    for (const std::string_view name : {".DEFAULT", "S-1-5-18"}) {
      for (const std::vector<Part>& below : Below(parts, name)) {
        Add(InConfig("DEFAULT"), Concat(kUsers, "\\", name), Joined(below));
      }
    }
    for (const VariableRow& person : people_) {
      const std::string sid = ValueIn(person, "users.sid");
      // The system's own profile is the hive DEFAULT.
      if (!sid.empty() && sid != "S-1-5-18") AddPerson(parts, sid, person);
    }
  }

  std::vector<HivePlace> Release() && { return std::move(places_); }

 private:
  void AddPerson(Parts parts, const std::string& sid, const VariableRow& person) {
    const std::string root = Concat(kUsers, "\\", sid);
    const std::string hive = Concat(ValueIn(person, "users.userprofile"), "\\NTUSER.DAT");
    const std::string local = ValueIn(person, "users.localappdata");
    const std::string classes = local.empty() ? "" : Concat(local, "\\Microsoft\\Windows\\UsrClass.dat");
    for (const std::vector<Part>& below : Below(parts, sid)) {
      Add(hive, root, Joined(below));
      if (classes.empty()) continue;
      for (const std::vector<Part>& software : Below(below, "Software")) {
        for (const std::vector<Part>& key : Below(software, "Classes")) {
          Add(classes, Concat(root, "\\Software\\Classes"), Joined(key));
        }
      }
    }
    if (classes.empty()) return;
    for (const std::vector<Part>& below : Below(parts, Concat(sid, "_Classes"))) {
      Add(classes, Concat(root, "_Classes"), Joined(below));
    }
  }

  // A hive has no key of that name: it is what was current that is meant.
  void NameControlSet(std::vector<Part>& key) const {
    if (key.empty() || key.front().kind != Part::Kind::kLiteral) return;
    if (absl::EqualsIgnoreCase(key.front().text, "CurrentControlSet")) {
      key.front().text = ValueIn(system_, "current_control_set");
    }
  }

  std::string InConfig(std::string_view hive) const {
    return Concat(ValueIn(system_, "environ_systemroot"), kConfig, hive);
  }

  void Add(std::string file, std::string root, std::string key) {
    const bool there = std::any_of(places_.begin(), places_.end(), [&](const HivePlace& place) {
      return place.file == file && place.root == root && place.key == key;
    });
    if (!there) places_.push_back({.file = std::move(file), .root = std::move(root), .key = std::move(key)});
  }

  const VariableRow system_;
  const std::vector<VariableRow> people_;
  std::vector<HivePlace> places_;
};

}  // namespace

absl::StatusOr<std::vector<HivePlace>> HivesOf(std::string_view key, const WindowsValues& values) {
  HOZEN_ASSIGN_OR_RETURN(const Glob glob, Glob::Parse(Concat("\\", key), '\\', /*ignore_case=*/true));
  const Parts parts(glob.parts());
  Places places(values);
  if (!parts.empty() && parts.front().kind == Part::Kind::kLiteral) {
    if (absl::EqualsIgnoreCase(parts.front().text, AbslView(kMachine))) {
      places.AddMachine(parts.subspan(1));
      return std::move(places).Release();
    }
    if (absl::EqualsIgnoreCase(parts.front().text, AbslView(kUsers))) {
      places.AddUsers(parts.subspan(1));
      return std::move(places).Release();
    }
  }
  return absl::InvalidArgumentError(Concat("\"", Printable(key), "\" begins with neither ", kMachine, " nor ", kUsers));
}

}  // namespace hozen
