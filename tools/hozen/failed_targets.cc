#include "tools/hozen/failed_targets.h"

#include "core/base/concat.h"
#include "core/base/language.h"

namespace hozen {

std::vector<v1::TargetOutcome> FirstFailedTargets(Collector& collector, Console& console,
                                                  const v1::Acquisition& acquisition) {
  std::vector<v1::TargetOutcome> first;
  if (acquisition.manifest().failed_targets() == 0) return first;
  v1::ListTargetsRequest request;
  request.set_acquisition_id(acquisition.acquisition_id());
  request.set_failed_only(true);
  bool enough = false;
  const absl::Status status = collector.ListTargets(request, [&](const v1::TargetOutcome& outcome) {
    first.push_back(outcome);
    enough = first.size() >= kMostShownTargets;
    // The body behind them may be long.
    return enough ? absl::CancelledError("these are enough") : absl::OkStatus();
  });
  if (!status.ok() && !enough) {
    console.Note(Concat(Say("Which targets failed is not known here: ", "失敗した対象を取得できません: "),
                        StdView(status.message())));
  }
  return first;
}

}  // namespace hozen
