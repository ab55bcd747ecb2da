// What people type for hosts and acquisitions -> the one that is meant.
#ifndef HOZEN_TOOLS_HOZEN_ID_PREFIX_H_
#define HOZEN_TOOLS_HOZEN_ID_PREFIX_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/hozen/v1/operators.pb.h"
#include "tools/hozen/collector.h"

namespace hozen {

// 16 hexadecimal digits: an id that need not be looked up.
bool IsWholeId(std::string_view text);
// 1 to 16 hexadecimal digits, or "last".
bool LooksLikeAcquisitionId(std::string_view text);

// The one id that starts with `prefix`, an exact one before all others. NotFound for none, with `none` as its message;
// InvalidArgument, naming some of them, for several.
absl::StatusOr<std::string> PickByPrefix(std::string_view prefix, const std::vector<std::string>& ids,
                                         std::string_view none);

// A whole id, the start of one, or "last" for the newest acquisition. Asks the collector only where it must.
absl::StatusOr<std::string> ResolveAcquisition(Collector& collector, std::string_view text);

// The same of hunts.
absl::StatusOr<std::string> ResolveHunt(Collector& collector, std::string_view text);

// The one host with this id, hostname or label, or whose id starts so: in that order, the first kind that fits anything
// decides. NotFound for none, InvalidArgument naming them for several.
absl::StatusOr<v1::Host> PickHost(std::string_view text, const v1::ListHostsResponse& hosts);
absl::StatusOr<v1::Host> ResolveHost(Collector& collector, std::string_view text);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_ID_PREFIX_H_
