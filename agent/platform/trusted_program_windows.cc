#include <windows.h>

#include <string>

#include "agent/platform/drives.h"
#include "agent/platform/trusted_program.h"
#include "core/base/concat.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

namespace hozen {

// The system's own folder belongs to TrustedInstaller; nothing below it may be written by others than administrators,
// but for a few folders that hold no programs.
absl::Status CheckTrustedProgram(const std::string& path) {
  const std::wstring name = ExtendedPath(PathOf(path));
  const DWORD attributes = ::GetFileAttributesW(name.c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) {
    return Win32Status(::GetLastError(), Concat("Looking at ", Printable(path)));
  }
  if ((attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) != 0) {
    return absl::FailedPreconditionError(Concat(Printable(path), " is no program"));
  }
  const std::wstring system = ExtendedPath(PathOf(SystemProgramsFolder()));
  const size_t last = name.rfind(L'\\');
  if (last == std::wstring::npos || ::CompareStringOrdinal(name.data(), static_cast<int>(last), system.data(),
                                                           static_cast<int>(system.size()), TRUE) != CSTR_EQUAL) {
    return absl::FailedPreconditionError(
        Concat(Printable(path), " is not in the system's own folder and may be another's; it was not run"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ProgramPath(const std::string& command) {
  // "C:cmd.exe" is in whatever folder is current there.
  if (command.find_first_of("\\/:") != std::string::npos) return command;
  return Concat(SystemProgramsFolder(), "\\", command);
}

}  // namespace hozen
