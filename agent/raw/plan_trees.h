// The trees beside the running system that a plan's files are looked for in: its host's volumes read raw, or the
// offline disk that it names.
#ifndef HOZEN_AGENT_RAW_PLAN_TREES_H_
#define HOZEN_AGENT_RAW_PLAN_TREES_H_

#include <memory>
#include <optional>
#include <string>

#include "agent/acquire/tree_provider.h"
#include "agent/imaging/allowed_disk.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

struct PlanTreesOptions {
  std::string reader_executable;  // for volume readers
  HostRules rules;
  std::string why_no_disks;  // where the host's policy allows none; empty where it does
  std::optional<v1::OfflineDisk> offline_disk;
};

// Opens nothing before the first target asks. An offline disk that cannot be opened is tried once; its reason is then
// that of every target.
std::shared_ptr<TreeProvider> NewPlanTrees(PlanTreesOptions options);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_PLAN_TREES_H_
