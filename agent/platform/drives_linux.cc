#include "agent/platform/drives.h"

namespace hozen {

char SystemSeparator() { return '/'; }

std::vector<std::string> ListDrives() { return {}; }

std::string SystemDrive() { return ""; }

std::string WindowsFolder() { return ""; }

std::optional<std::string> PathOfVolume(std::string_view /*name*/) { return std::nullopt; }

std::string SystemProgramsFolder() { return ""; }

}  // namespace hozen
