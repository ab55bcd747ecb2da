#include "core/base/native_error.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"

namespace hozen {

absl::Status SystemStatus(int error_number, std::string_view message) {
  const absl::Status same = ErrnoStatus(error_number, "");
  absl::Status status(same.code(), AbslView(message));
  same.ForEachPayload(
      [&status](absl::string_view type_url, const absl::Cord& payload) { status.SetPayload(type_url, payload); });
  return status;
}

int NativeErrorOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kWin32ErrorPayload);
  int win32 = 0;
  if (payload.has_value() && absl::SimpleAtoi(std::string(*payload), &win32)) return win32;
  return SystemErrorOf(status);
}

}  // namespace hozen
