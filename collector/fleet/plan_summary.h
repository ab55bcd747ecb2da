// What a plan orders, in a few words, for lists of acquisitions.
#ifndef HOZEN_COLLECTOR_FLEET_PLAN_SUMMARY_H_
#define HOZEN_COLLECTOR_FLEET_PLAN_SUMMARY_H_

#include <string>

#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// "disk /dev/sda, LinuxAuthLogs, LinuxCronTabs and 3 more". Printable, whatever the plan holds.
std::string SummaryOf(const v1::Plan& plan);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_PLAN_SUMMARY_H_
