// The variables of ForensicArtifacts definitions for Windows, filled in from what its registry says about the system
// and its people (docs/formats/windows.md). Pure functions, thread-safe.
#ifndef HOZEN_AGENT_ACQUIRE_WINDOWS_VARIABLES_H_
#define HOZEN_AGENT_ACQUIRE_WINDOWS_VARIABLES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/acquire/pattern_variables.h"

namespace hozen {

// Values are as the registry has them, in UTF-8: %SystemRoot% and its like may stand in them. What is empty is where
// Windows puts it.
struct WindowsProfile {
  std::string sid;
  std::string path;       // ProfileImagePath; without it there is no profile
  std::string user_name;  // empty: the last part of the path
  // Folders of the person, from (User) Shell Folders; %USERPROFILE% may stand in them.
  std::string appdata;
  std::string localappdata;
  std::string desktop;
  std::string documents;
  std::string recent;
  std::string startup;
  std::string temp;
};

struct WindowsValues {
  std::string system_drive;  // "C:"
  std::string system_root;   // "C:\Windows"
  std::string program_files;
  std::string program_files_x86;
  std::string program_data;
  std::string profiles_directory;
  std::string public_folder;
  std::string control_set;  // the one that was current: "ControlSet001"
  std::vector<WindowsProfile> profiles;
};

// The system's variables.
VariableRow WindowsSystemRow(const WindowsValues& values);
// Does a path begin with the name of a machine, "\\server\share"?
bool IsOnAnotherMachine(std::string_view path);

// For each profile the system's and its person's, with folders where Windows puts them. A profile whose path cannot be
// a path (a variable that has no value, a NUL byte, over 4,096 bytes) has no row.
std::vector<VariableRow> WindowsPersonRows(const WindowsValues& values);
// Those, then the same with folders where each person has them: what lay in one before it was moved is there still.
std::vector<VariableRow> WindowsFolderRows(const WindowsValues& values);

// Every pattern that `pattern` stands for, sorted, each once; of the same person where several variables stand in it. A
// folder that is elsewhere than where Windows puts it stands for both places; one may be on another machine.
// Values are escaped. A pattern without variables is itself. Unimplemented for a variable that is not in
// kWindowsVariableNames; empty where nobody has what it asks for.
absl::StatusOr<std::vector<std::string>> ExpandWindowsVariables(std::string_view pattern, const WindowsValues& values,
                                                                EscapeValue escape = &EscapedForGlob);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_WINDOWS_VARIABLES_H_
