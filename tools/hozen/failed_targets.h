// The targets of an acquisition that were not carried out, for whoever shows the acquisition.
#ifndef HOZEN_TOOLS_HOZEN_FAILED_TARGETS_H_
#define HOZEN_TOOLS_HOZEN_FAILED_TARGETS_H_

#include <cstddef>
#include <vector>

#include "proto/hozen/v1/operators.pb.h"
#include "tools/hozen/collector.h"
#include "tools/hozen/console.h"

namespace hozen {

// So many are named where an acquisition is shown; `hozen items ID --failed` lists all.
inline constexpr size_t kMostShownTargets = 5;

// The first ones; asks the collector only where the manifest counts any. An acquisition can be shown without them, so
// that they cannot be had (an auditor may not read evidence; the link broke) is a note and no error.
std::vector<v1::TargetOutcome> FirstFailedTargets(Collector& collector, Console& console,
                                                  const v1::Acquisition& acquisition);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_FAILED_TARGETS_H_
