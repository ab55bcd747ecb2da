// Which questions to Windows Management Instrumentation a plan may ask.
#ifndef HOZEN_CORE_PLAN_WMI_QUERY_H_
#define HOZEN_CORE_PLAN_WMI_QUERY_H_

#include <string>
#include <string_view>

#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// All are thread-safe.

// Empty for a question that only looks: a SELECT of WQL on this machine, with variables that Windows has. Else why it
// is none, in words. Classes whose answer changes the host are refused: to list Win32_Product, Windows Installer checks
// every package and repairs what it thinks is broken.
std::string WhyNotWmiQuery(const v1::Target::WmiQuery& query);

// Never empty.
std::string_view WmiNameSpaceOf(const v1::Target::WmiQuery& query);

// The path of the item with the answers: "wmi/root\cimv2/SELECT * FROM Win32_Service". It is no path of the host's;
// those are absolute.
std::string WmiItemPath(const v1::Target::WmiQuery& query);

}  // namespace hozen

#endif  // HOZEN_CORE_PLAN_WMI_QUERY_H_
