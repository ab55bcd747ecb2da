// Watching an acquisition or a hunt until it has ended, over a link that may break.
#ifndef HOZEN_TOOLS_HOZEN_FOLLOW_H_
#define HOZEN_TOOLS_HOZEN_FOLLOW_H_

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/hozen/v1/hunt.pb.h"
#include "proto/hozen/v1/operators.pb.h"
#include "tools/hozen/collector.h"
#include "tools/hozen/console.h"
#include "tools/hozen/exit_code.h"

namespace hozen {

struct FollowOptions {
  // How long the collector may be out of reach before we give up.
  absl::Duration patience = absl::Minutes(30);
  // Called with the time to wait between attempts; sleeps where it is empty.
  std::function<void(absl::Duration)> pause;
  // Called for each change, where set, in place of the progress bar.
  std::function<void(const v1::Acquisition&)> on_change;
};

// The acquisition as it ended. Draws its progress; says so when the link breaks and asks again. Unavailable where the
// collector stayed out of reach.
absl::StatusOr<v1::Acquisition> FollowAcquisition(Collector& collector, Console& console,
                                                  std::string_view acquisition_id, const FollowOptions& options = {});

// The same of a hunt; `on_change` is called for each change, where it is set, in place of the progress bar.
absl::StatusOr<v1::Hunt> FollowHunt(Collector& collector, Console& console, std::string_view hunt_id,
                                    const std::function<void(const v1::Hunt&)>& on_change,
                                    const FollowOptions& options = {});

bool HasEnded(v1::Acquisition::State state);

// kOk, kCompleteWithFailures or kNoEvidence.
ExitCode ExitCodeOf(v1::Acquisition::State state);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_FOLLOW_H_
