#include "agent/acquire/path_parts.h"

#include "absl/strings/str_split.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"

namespace hozen {

std::vector<std::string> PathParts(std::string_view path, char separator) {
  std::vector<std::string> parts;
  if (const size_t device = separator == '\\' ? DeviceRootSize(path) : 0; device > 0) {
    parts.emplace_back(path.substr(0, device));
    path.remove_prefix(device);
  }
  for (absl::string_view part : absl::StrSplit(AbslView(path), separator, absl::SkipEmpty())) {
    if (part != ".") parts.emplace_back(part);
  }
  return parts;
}

std::string PathIn(std::string_view folder_path, std::string_view name, char separator) {
  if (folder_path.empty() && separator == '\\') return std::string(name);  // a drive, a device
  return Concat(folder_path, std::string_view(&separator, 1), name);
}

}  // namespace hozen
