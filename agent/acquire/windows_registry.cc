#include "agent/acquire/windows_registry.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "agent/acquire/registry_lines.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMostProfiles = 10'000;
constexpr std::string_view kVersionKey = "\\Microsoft\\Windows NT\\CurrentVersion";
constexpr std::string_view kProfileListKey = "\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList";
constexpr std::string_view kShellFoldersKey =
    "\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders";

class FactsReader {
 public:
  FactsReader(std::string_view system_root, const RegistryLookup& lookup)
      : root_(system_root), drive_(root_.substr(0, root_.find('\\'))), lookup_(lookup) {}

  WindowsFacts Read() {
    facts_.values.system_root = root_;
    facts_.values.system_drive = drive_;
    ReadSoftware();
    ReadSystem();
    ReadProfiles();
    return std::move(facts_);
  }

 private:
  // Texts by their names in lower case.
  using Texts = std::map<std::string, std::string>;

  std::vector<v1::RegistryKey> Keys(HivePlace place, std::string_view key) {
    place.key = key;
    absl::StatusOr<std::vector<v1::RegistryKey>> keys = lookup_(place);
    if (keys.ok()) return *std::move(keys);
    // One that cannot be read cannot be read each time.
    const std::string problem = Concat(Printable(place.file), ": ", StdView(keys.status().message()));
    if (facts_.problems.empty() || facts_.problems.back() != problem) facts_.problems.push_back(problem);
    return {};
  }

  static Texts TextsOf(const v1::RegistryKey& key) {
    Texts texts;
    for (const v1::RegistryValue& value : key.values()) {
      if (std::optional<std::string> text = RegistryText(value)) {
        texts.emplace(absl::AsciiStrToLower(value.name()), *std::move(text));
      }
    }
    return texts;
  }

  Texts TextsAt(const HivePlace& hive, std::string_view key) {
    Texts texts;
    for (const v1::RegistryKey& found : Keys(hive, key)) texts.merge(TextsOf(found));
    return texts;
  }

  HivePlace Hive(std::string_view name) const {
    return {
        .file = Concat(root_, "\\System32\\config\\", name), .root = Concat("HKEY_LOCAL_MACHINE\\", name), .key = ""};
  }

  // With the letter that the system's drive has here.
  std::string Here(std::string path) const {
    const bool on_its_drive = !drive_then_.empty() && absl::StartsWithIgnoreCase(path, drive_then_) &&
                              (path.size() == drive_then_.size() || path[drive_then_.size()] == '\\');
    return on_its_drive ? Concat(drive_, path.substr(drive_then_.size())) : path;
  }

  void ReadSoftware() {
    const HivePlace hive = Hive("SOFTWARE");
    Texts version = TextsAt(hive, kVersionKey);
    if (const std::string& root_then = version["systemroot"]; root_then.size() > 2 && root_then[1] == ':') {
      drive_then_ = root_then.substr(0, 2);
    }
    facts_.version = version["productname"];
    if (!version["displayversion"].empty()) facts_.version += Concat(" ", version["displayversion"]);
    if (!version["currentbuildnumber"].empty()) facts_.version += Concat(" (", version["currentbuildnumber"], ")");
    Texts folders = TextsAt(hive, "\\Microsoft\\Windows\\CurrentVersion");
    facts_.values.program_files = Here(folders["programfilesdir"]);
    facts_.values.program_files_x86 = Here(folders["programfilesdir (x86)"]);
    Texts profiles = TextsAt(hive, kProfileListKey);
    facts_.values.profiles_directory = Here(profiles["profilesdirectory"]);
    facts_.values.program_data = Here(profiles["programdata"]);
    facts_.values.public_folder = Here(profiles["public"]);
  }

  void ReadSystem() {
    const HivePlace hive = Hive("SYSTEM");
    for (const v1::RegistryKey& select : Keys(hive, "\\Select")) {
      for (const v1::RegistryValue& value : select.values()) {
        const std::optional<uint64_t> number = RegistryNumber(value);
        if (!absl::EqualsIgnoreCase(value.name(), "Current") || !number.has_value() || *number > 999) continue;
        facts_.values.control_set = absl::StrFormat("ControlSet%03d", *number);
      }
    }
    const std::string set = facts_.values.control_set.empty() ? "ControlSet001" : facts_.values.control_set;
    facts_.hostname = TextsAt(hive, Concat("\\", set, "\\Control\\ComputerName\\ComputerName"))["computername"];
  }

  void ReadProfiles() {
    for (const v1::RegistryKey& key : Keys(Hive("SOFTWARE"), Concat(kProfileListKey, "\\*"))) {
      if (facts_.values.profiles.size() == kMostProfiles) {
        facts_.problems.push_back(Concat("there are more than ", kMostProfiles, " profiles"));
        return;
      }
      Texts texts = TextsOf(key);
      if (texts["profileimagepath"].empty()) continue;
      WindowsProfile& profile = facts_.values.profiles.emplace_back();
      profile.sid = key.path().substr(key.path().find_last_of('\\') + 1);
      profile.path = Here(texts["profileimagepath"]);
    }
    std::vector<VariableRow> rows = WindowsPersonRows(facts_.values);
    for (WindowsProfile& profile : facts_.values.profiles) {
      const auto row = std::find_if(rows.begin(), rows.end(), [&profile](const VariableRow& one) {
        const auto sid = one.find("users.sid");
        return sid != one.end() && sid->second == profile.sid;
      });
      if (row == rows.end()) continue;
      ReadFolders({.file = Concat(row->find("users.userprofile")->second, "\\NTUSER.DAT"),
                   .root = Concat("HKEY_USERS\\", profile.sid),
                   .key = ""},
                  profile);
    }
  }

  void ReadFolders(const HivePlace& hive, WindowsProfile& profile) {
    Texts folders = TextsAt(hive, kShellFoldersKey);
    for (const auto& [name, path] : folders) {
      if (!IsOnAnotherMachine(path)) continue;
      facts_.problems.push_back(Concat(Printable(profile.sid), " has the folder ", Printable(name),
                                       " on another machine, where it is not looked for: ", Printable(path)));
    }
    profile.appdata = Here(folders["appdata"]);
    profile.localappdata = Here(folders["local appdata"]);
    profile.desktop = Here(folders["desktop"]);
    profile.documents = Here(folders["personal"]);
    profile.recent = Here(folders["recent"]);
    profile.startup = Here(folders["startup"]);
    profile.temp = Here(TextsAt(hive, "\\Environment")["temp"]);
  }

  const std::string root_;
  const std::string drive_;
  const RegistryLookup& lookup_;
  std::string drive_then_;
  WindowsFacts facts_;
};

}  // namespace

WindowsFacts ReadWindowsFacts(std::string_view system_root, const RegistryLookup& lookup) {
  return FactsReader(system_root, lookup).Read();
}

}  // namespace hozen
