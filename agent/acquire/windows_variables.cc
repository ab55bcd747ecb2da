#include "agent/acquire/windows_variables.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/plan/variable_names.h"

namespace hozen {
namespace {

constexpr size_t kMaxValueBytes = 4096;
constexpr std::string_view kUserPrefix = "users.";

// What may stand between % and % in a value of the registry, and the variable that has it.
struct Environment {
  std::string_view name;
  std::string_view variable;
};
constexpr Environment kEnvironment[] = {
    {"allusersprofile", "environ_allusersprofile"},
    {"appdata", "users.appdata"},
    {"localappdata", "users.localappdata"},
    {"programdata", "environ_programdata"},
    {"programfiles", "environ_programfiles"},
    {"programfiles(x86)", "environ_programfilesx86"},
    {"public", "environ_public"},
    {"systemdrive", "environ_systemdrive"},
    {"systemroot", "environ_systemroot"},
    {"userprofile", "users.userprofile"},
    {"windir", "environ_windir"},
};

const std::string* ValueOf(std::string_view name, const VariableRow& row) {
  for (const Environment& one : kEnvironment) {
    if (!absl::EqualsIgnoreCase(AbslView(one.name), AbslView(name))) continue;
    const auto value = row.find(one.variable);
    return value == row.end() ? nullptr : &value->second;
  }
  return nullptr;
}

// `text` with what stands between % filled in, once; nullopt where it then cannot be a path.
std::optional<std::string> Filled(std::string_view text, const VariableRow& row) {
  std::string filled;
  while (true) {
    const size_t open = text.find('%');
    const size_t close = open == std::string_view::npos ? open : text.find('%', open + 1);
    if (close == std::string_view::npos) break;
    const std::string* const value = ValueOf(text.substr(open + 1, close - open - 1), row);
    if (value == nullptr) return std::nullopt;
    filled += text.substr(0, open);
    filled += *value;
    if (filled.size() > kMaxValueBytes) return std::nullopt;
    text.remove_prefix(close + 1);
  }
  filled += text;
  while (filled.ends_with('\\')) filled.pop_back();
  const bool usable = !filled.empty() && filled.size() <= kMaxValueBytes && filled.find('\0') == std::string::npos;
  return usable ? std::optional(std::move(filled)) : std::nullopt;
}

// `otherwise` where the value is empty or cannot be a path.
void Add(std::string_view variable, std::string_view value, std::string_view otherwise, VariableRow& row) {
  std::optional<std::string> filled = Filled(value, row);
  if (!filled.has_value()) filled = Filled(otherwise, row);
  if (filled.has_value()) row.emplace(variable, *std::move(filled));
}

bool BeginsWithDrive(std::string_view path) {
  return path.size() > 2 && absl::ascii_isalpha(static_cast<unsigned char>(path[0])) && path[1] == ':' &&
         path[2] == '\\';
}

// A person may write there what they like; what no path can be must not keep anybody's from being looked for.
bool IsFolder(std::string_view path) {
  if (!BeginsWithDrive(path) && !IsOnAnotherMachine(path)) return false;
  for (const absl::string_view part : absl::StrSplit(AbslView(path), '\\')) {
    if (part == "..") return false;
  }
  return true;
}

// As Add, of a folder that a person may have put elsewhere.
void AddFolder(std::string_view variable, std::string_view value, std::string_view otherwise, VariableRow& row) {
  const std::optional<std::string> said = Filled(value, row);
  const std::optional<std::string> usual = Filled(otherwise, row);
  const bool same = said.has_value() && usual.has_value() && absl::EqualsIgnoreCase(*said, *usual);
  if (said.has_value() && !same && IsFolder(*said)) {
    row.emplace(variable, *said);
  } else if (usual.has_value()) {
    row.emplace(variable, *usual);
  }
}

bool AddPerson(const WindowsProfile& profile, VariableRow& row) {
  Add("users.userprofile", profile.path, "", row);
  const auto path = row.find("users.userprofile");
  if (path == row.end()) return false;
  row.emplace("users.homedir", path->second);
  Add("users.username", profile.user_name, path->second.substr(path->second.find_last_of('\\') + 1), row);
  Add("users.sid", profile.sid, "", row);
  AddFolder("users.appdata", profile.appdata, "%USERPROFILE%\\AppData\\Roaming", row);
  AddFolder("users.localappdata", profile.localappdata, "%USERPROFILE%\\AppData\\Local", row);
  Add("users.localappdata_low", "", "%USERPROFILE%\\AppData\\LocalLow", row);
  AddFolder("users.temp", profile.temp, "%LOCALAPPDATA%\\Temp", row);
  AddFolder("users.desktop", profile.desktop, "%USERPROFILE%\\Desktop", row);
  AddFolder("users.personal", profile.documents, "%USERPROFILE%\\Documents", row);
  AddFolder("users.recent", profile.recent, "%APPDATA%\\Microsoft\\Windows\\Recent", row);
  AddFolder("users.startup", profile.startup, "%APPDATA%\\Microsoft\\Windows\\Start Menu\\Programs\\Startup", row);
  Add("users.cookies", "", "%LOCALAPPDATA%\\Microsoft\\Windows\\INetCookies", row);
  Add("users.internet_cache", "", "%LOCALAPPDATA%\\Microsoft\\Windows\\INetCache", row);
  return true;
}

WindowsProfile AsIsUsual(const WindowsProfile& profile) {
  return {.sid = profile.sid, .path = profile.path, .user_name = profile.user_name};
}

}  // namespace

bool IsOnAnotherMachine(std::string_view path) {
  return path.starts_with("\\\\") && path.size() > 2 && path[2] != '?' && path[2] != '.';
}

VariableRow WindowsSystemRow(const WindowsValues& values) {
  VariableRow row;
  Add("environ_systemdrive", values.system_drive, "C:", row);
  Add("environ_systemroot", values.system_root, "%SystemDrive%\\Windows", row);
  Add("environ_windir", "%SystemRoot%", "", row);
  Add("environ_temp", "%SystemRoot%\\Temp", "", row);
  Add("environ_profilesdirectory", values.profiles_directory, "%SystemDrive%\\Users", row);
  Add("environ_programfiles", values.program_files, "%SystemDrive%\\Program Files", row);
  Add("environ_programfilesx86", values.program_files_x86, "%SystemDrive%\\Program Files (x86)", row);
  Add("environ_commonprogramfiles", "%ProgramFiles%\\Common Files", "", row);
  Add("environ_commonprogramfilesx86", "%ProgramFiles(x86)%\\Common Files", "", row);
  Add("environ_programdata", values.program_data, "%SystemDrive%\\ProgramData", row);
  Add("environ_allusersappdata", "%ProgramData%", "", row);
  Add("environ_allusersprofile", "%ProgramData%", "", row);
  Add("environ_public", values.public_folder, "%SystemDrive%\\Users\\Public", row);
  Add("current_control_set", values.control_set, "ControlSet001", row);
  return row;
}

std::vector<VariableRow> WindowsPersonRows(const WindowsValues& values) {
  const VariableRow system = WindowsSystemRow(values);
  std::vector<VariableRow> rows;
  for (const WindowsProfile& profile : values.profiles) {
    VariableRow row = system;
    if (AddPerson(AsIsUsual(profile), row)) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<VariableRow> WindowsFolderRows(const WindowsValues& values) {
  const VariableRow system = WindowsSystemRow(values);
  std::vector<VariableRow> rows = WindowsPersonRows(values);
  for (const WindowsProfile& profile : values.profiles) {
    VariableRow row = system;
    if (AddPerson(profile, row)) rows.push_back(std::move(row));
  }
  return rows;
}

absl::StatusOr<std::vector<std::string>> ExpandWindowsVariables(std::string_view pattern, const WindowsValues& values,
                                                                EscapeValue escape) {
  const PatternVariables variables(pattern);
  HOZEN_RETURN_IF_ERROR(variables.Check(kWindowsVariableNames));
  const bool of_people = std::any_of(
      std::begin(kWindowsVariableNames), std::end(kWindowsVariableNames),
      [&](std::string_view name) { return name.substr(0, kUserPrefix.size()) == kUserPrefix && variables.Asks(name); });
  return variables.Expand(of_people ? WindowsFolderRows(values) : std::vector{WindowsSystemRow(values)}, escape);
}

}  // namespace hozen
