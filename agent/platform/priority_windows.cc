#include <windows.h>

#include "agent/platform/priority.h"
#include "core/base/windows_error.h"

namespace hozen {

// Not PROCESS_MODE_BACKGROUND_BEGIN: it also takes the memory priority, and a busy host would then page us out in the
// middle of an acquisition whose deadline is a promise too.
absl::Status LowerPriority() {
  const DWORD now = ::GetPriorityClass(::GetCurrentProcess());
  if (now == IDLE_PRIORITY_CLASS || now == BELOW_NORMAL_PRIORITY_CLASS) return absl::OkStatus();
  if (!::SetPriorityClass(::GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS)) {
    return Win32Status(::GetLastError(), "Lowering our own priority");
  }
  return absl::OkStatus();
}

}  // namespace hozen
