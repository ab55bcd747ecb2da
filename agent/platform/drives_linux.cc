#include "agent/platform/drives.h"

namespace hozen {

char SystemSeparator() { return '/'; }

std::vector<std::string> ListDrives() { return {}; }

bool IsEmptyDrive(const std::string& /*drive*/) { return false; }

std::string SystemDrive() { return ""; }

std::optional<std::string> PathOfVolume(std::string_view /*name*/) { return std::nullopt; }

std::vector<std::string> ListVolumesWithoutDrive() { return {}; }

std::string WindowsFolder() { return ""; }

std::string SystemProgramsFolder() { return ""; }

}  // namespace hozen
