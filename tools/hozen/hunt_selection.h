// Which hosts a hunt is for, and how fast it goes over them, as people say it.
#ifndef HOZEN_TOOLS_HOZEN_HUNT_SELECTION_H_
#define HOZEN_TOOLS_HOZEN_HUNT_SELECTION_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

struct HuntSelection {
  std::vector<std::string> labels;
  std::vector<std::string> names;  // ids, their starts, names: as ResolveHost takes them
  std::string system;              // "linux", "windows"; empty for any
};

// Hosts with one of the labels, and those named; all where neither is given; of them those of the system. In the list's
// order, none twice. NotFound where a name or a label fits no host, or no host is left; InvalidArgument where a name
// fits several, nothing at all was chosen by, or the hosts are of different systems, for which one plan cannot be made.
absl::StatusOr<std::vector<v1::Host>> SelectHosts(const HuntSelection& selection, const v1::ListHostsResponse& hosts);

// One name a line; blank lines and what follows a '#' are passed over. Errors as ReadWholeFile.
absl::StatusOr<std::vector<std::string>> ReadHostsFile(const std::filesystem::path& file);

// "--label office --system linux", at most 1,024 bytes: what the hunt remembers.
std::string SelectionInWords(const HuntSelection& selection);

// "60/min", "2/s", "100/h": starts in an hour. InvalidArgument for anything else, for 0 and for over a thousand a
// second.
absl::StatusOr<uint32_t> ParseStartRate(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_HUNT_SELECTION_H_
