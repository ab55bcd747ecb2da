#include <cstdint>

#include "agent/platform/mounts.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kMountInfoBytes = 64 << 20;

}  // namespace

absl::StatusOr<MountTable> MountTable::Read() {
  HOZEN_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile("/proc/self/mountinfo", kMountInfoBytes));
  return FromMountInfo(text);
}

const Mount* MountTable::Of(std::string_view path) const {
  while (true) {
    if (const Mount* mount = At(path.empty() ? "/" : path); mount != nullptr) return mount;
    if (path.empty() || path == "/") return nullptr;
    const size_t slash = path.rfind('/');
    path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  }
}

}  // namespace hozen
