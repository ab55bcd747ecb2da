#include <sys/stat.h>

#include <cerrno>

#include "agent/platform/trusted_program.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"

namespace hozen {

absl::Status CheckTrustedProgram(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) return ErrnoStatus(errno, Concat("Looking at ", Printable(path)));
  if (!S_ISREG(found.st_mode)) return absl::FailedPreconditionError(Concat(Printable(path), " is no program"));
  if (found.st_uid != 0 || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(
        Concat(Printable(path), " can be replaced by others than root; it was not run"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ProgramPath(const std::string& command) {
  if (command.find('/') != std::string::npos) return command;
  return ErrnoStatus(ENOENT,
                     Concat(Printable(command), " names no folder, and this system has none for such programs"));
}

}  // namespace hozen
