// The names that %%...%% may have in patterns, by system: what plans may ask for and agents give values to. Sorted, in
// lower case; case does not matter in a pattern.
#ifndef HOZEN_CORE_PLAN_VARIABLE_NAMES_H_
#define HOZEN_CORE_PLAN_VARIABLE_NAMES_H_

#include <string_view>

namespace hozen {

inline constexpr std::string_view kPosixVariableNames[] = {"users.homedir", "users.uid", "users.username"};

inline constexpr std::string_view kWindowsVariableNames[] = {
    "current_control_set",
    "environ_allusersappdata",
    "environ_allusersprofile",
    "environ_commonprogramfiles",
    "environ_commonprogramfilesx86",
    "environ_programdata",
    "environ_programfiles",
    "environ_programfilesx86",
    "environ_profilesdirectory",
    "environ_public",
    "environ_systemdrive",
    "environ_systemroot",
    "environ_temp",
    "environ_windir",
    "users.appdata",
    "users.cookies",
    "users.desktop",
    "users.homedir",
    "users.internet_cache",
    "users.localappdata",
    "users.localappdata_low",
    "users.personal",
    "users.recent",
    "users.sid",
    "users.startup",
    "users.temp",
    "users.username",
    "users.userprofile",
};

}  // namespace hozen

#endif  // HOZEN_CORE_PLAN_VARIABLE_NAMES_H_
