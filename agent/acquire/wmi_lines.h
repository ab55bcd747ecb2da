// Objects of WMI as lines of JSON (docs/formats/wmi.md). Pure functions, thread-safe.
#ifndef HOZEN_AGENT_ACQUIRE_WMI_LINES_H_
#define HOZEN_AGENT_ACQUIRE_WMI_LINES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/platform/wmi_object.h"

namespace hozen {

// With its line feed; valid UTF-8 whatever stands in the object.
std::string WmiLine(const WmiObject& object);

// The last line: how many stand before it, and how many of them have problems.
std::string WmiEndLine(uint64_t records, uint64_t missing);

bool HasProblems(const WmiObject& object);

// A datetime of CIM as RFC 3339 in UTC; nullopt where it is no whole point in time.
std::optional<std::string> Rfc3339OfCim(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_WMI_LINES_H_
