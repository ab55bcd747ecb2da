#include "agent/run/collect_target.h"

#include <utility>

#include "agent/imaging/image_disk.h"
#include "agent/raw/plan_trees.h"
#include "agent/volatile/collect_state.h"

namespace hozen {

absl::StatusOr<v1::TargetOutcome> CollectByKind(const v1::Target& target, const AcquireOptions& options,
                                                ItemSink& sink) {
  switch (target.what_case()) {
    case v1::Target::kFile:
      return AcquireFiles(target, options, sink);
    case v1::Target::kPath:
      return AcquirePaths(target, options, sink);
    case v1::Target::kCommand:
      return AcquireCommand(target, options, sink);
    case v1::Target::kDisk:
      return ImageDisk(target, options, sink);
    case v1::Target::kState:
      return CollectState(target, options, sink);
    case v1::Target::kListing:
      return AcquireListing(target, options, sink);
    case v1::Target::kRegistry:
      return AcquireRegistry(target, options, sink);
    case v1::Target::kWmi:
      return AcquireWmi(target, options, sink);
    case v1::Target::WHAT_NOT_SET:
      break;
  }
  v1::TargetOutcome outcome;
  outcome.mutable_failure()->set_cause(v1::CAUSE_NOT_SUPPORTED);
  outcome.mutable_failure()->set_detail("this agent does not know this kind of target; update it");
  return outcome;
}

std::shared_ptr<TreeProvider> TreesOf(const v1::Plan& plan, const RunnerOptions& options) {
  PlanTreesOptions trees;
  trees.reader_executable = options.reader_executable;
  trees.rules.refused_paths.assign(options.policy.refused_paths().begin(), options.policy.refused_paths().end());
  trees.rules.state_folder = options.state_folder.string();
  if (options.policy.refuse_disks()) trees.why_no_disks = "this host's local policy refuses to have disks read";
  if (plan.has_offline_disk()) trees.offline_disk = plan.offline_disk();
  return NewPlanTrees(std::move(trees));
}

}  // namespace hozen
