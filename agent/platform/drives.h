// How paths of this system begin and are parted.
#ifndef HOZEN_AGENT_PLATFORM_DRIVES_H_
#define HOZEN_AGENT_PLATFORM_DRIVES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// '/' on Linux, '\\' on Windows.
char SystemSeparator();

// "C:", "D:"; thread-safe. Empty where paths begin at one root for all.
std::vector<std::string> ListDrives();

// Is it a drive for media, without one? Thread-safe; of other machines' drives only their kind is asked.
bool IsEmptyDrive(const std::string& drive);

// The one that the system runs from; empty where there are none.
std::string SystemDrive();

// Where paths begin to the volume that Windows calls "Volume{...}": its drive, "D:", or where it has none its device,
// "\\?\Volume{...}". Without a value where there is no such volume. The volume itself is asked nothing.
std::optional<std::string> PathOfVolume(std::string_view name);

// The devices of volumes without a letter, "\\?\Volume{...}", be they mounted in a folder or nowhere. Thread-safe.
std::vector<std::string> ListVolumesWithoutDrive();

// Where Windows stands, "C:\Windows"; empty on Linux.
std::string WindowsFolder();

// Where its own programs stand, "C:\Windows\System32"; empty on Linux.
std::string SystemProgramsFolder();

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_DRIVES_H_
