// A custody event as the bytes that are logged. Format: docs/formats/custody-log.md.
#ifndef HOZEN_COLLECTOR_CUSTODY_CUSTODY_ENTRY_H_
#define HOZEN_COLLECTOR_CUSTODY_CUSTODY_ENTRY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "collector/custody/custody_log.h"

namespace hozen {

// InvalidArgument for an event without a kind or an actor, a further member whose name is not lower-case letters,
// digits and '_', is taken, or stands twice, and for one that is too long.
absl::StatusOr<std::string> EncodeCustodyEntry(const CustodyEvent& event, uint64_t index, absl::Time time);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CUSTODY_CUSTODY_ENTRY_H_
