// Questions to Windows Management Instrumentation of this machine.
#ifndef HOZEN_AGENT_PLATFORM_WMI_H_
#define HOZEN_AGENT_PLATFORM_WMI_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/platform/wmi_object.h"

namespace hozen {

struct WmiQuestion {
  std::string name_space;                      // "root\\cimv2", UTF-8
  std::string query;                           // WQL, UTF-8
  absl::Duration silence = absl::Seconds(60);  // so long without an answer, and the provider is taken to hang
};

// Gives each object of the answer to `on_object`, in WMI's order; an error of it ends the question and is returned.
// Both functions are called on the caller's thread; `keep_on` several times a second while nothing comes, and where it
// says no, the end is Cancelled. At most 4 MiB of objects wait for `on_object`.
//   NotFound           there is no such namespace or class
//   PermissionDenied   the agent may not ask there
//   Unimplemented      not a query, or not one that its provider answers; WMI is disabled; this is no Windows
//   DeadlineExceeded   nothing came for as long as `silence`; what hangs there may be left behind
//   others             as WMI says, its number by NativeErrorOf
// Thread-safe.
absl::Status AskWmi(const WmiQuestion& question, const std::function<absl::Status(WmiObject)>& on_object,
                    const std::function<bool()>& keep_on);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_WMI_H_
