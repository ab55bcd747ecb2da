#include "agent/platform/wmi.h"

namespace hozen {

absl::Status AskWmi(const WmiQuestion& /*question*/, const std::function<absl::Status(WmiObject)>& /*on_object*/,
                    const std::function<bool()>& /*keep_on*/) {
  return absl::UnimplementedError("only Windows has WMI");
}

}  // namespace hozen
