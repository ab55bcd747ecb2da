#include "agent/volatile/linux/present_modules.h"

#include "absl/status/statusor.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr size_t kMaxBuiltinBytes = 4 << 20;

}  // namespace

PresentModules::PresentModules(const KernelFiles& files) : files_(files) {
  can_load_ = files.Exists("/proc/modules");
  const absl::StatusOr<std::string> release = files.ReadLine("/proc/sys/kernel/osrelease");
  if (!can_load_ || !release.ok()) return;
  const absl::StatusOr<KernelFiles::Text> text =
      files.Read(Concat("/lib/modules/", *release, "/modules.builtin"), kMaxBuiltinBytes);
  if (text.ok()) builtin_ = text->bytes;
}

bool PresentModules::IsThere(std::string_view module) const {
  if (!can_load_) return true;  // who is not there cannot come
  return files_.Exists(Concat("/sys/module/", module)) ||
         builtin_.find(Concat("/", module, ".ko")) != std::string::npos;
}

}  // namespace hozen
