#include <system_error>

#include "agent/platform/private_folder.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"

namespace hozen {

absl::StatusOr<bool> IsPrivateFolder(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(folder, error);
  if (error) return ErrnoStatus(error.value(), folder.native());
  const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  return (status.permissions() & others) == std::filesystem::perms::none;
}

absl::Status MakeFolderPrivate(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) return ErrnoStatus(error.value(), PrivateFolderCommand(folder));
  return absl::OkStatus();
}

std::string PrivateFolderCommand(const std::filesystem::path& folder) { return Concat("chmod 700 ", folder.native()); }

}  // namespace hozen
