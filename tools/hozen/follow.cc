#include "tools/hozen/follow.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

ProgressSnapshot SnapshotOf(const v1::Acquisition& acquisition) {
  ProgressSnapshot snapshot;
  snapshot.label = StateInWords(acquisition.state());
  const v1::Progress& progress = acquisition.progress();
  snapshot.done_bytes = progress.read_bytes();
  snapshot.expected_bytes = progress.expected_bytes();
  snapshot.deduplicated_bytes = progress.deduplicated_bytes();
  snapshot.items = progress.items();
  snapshot.failed_items = progress.failed_items();
  if (progress.paused()) {
    snapshot.note = Say("paused: the collector is out of room", "一時停止中: コレクタの空き容量がありません");
  } else if (acquisition.cancel_requested()) {
    snapshot.note = Say("cancelling", "取り消し中");
  } else {
    snapshot.note = Printable(progress.current_path());
  }
  return snapshot;
}

}  // namespace

bool HasEnded(v1::Acquisition::State state) {
  return state != v1::Acquisition::STATE_UNSPECIFIED && state != v1::Acquisition::STATE_WAITING &&
         state != v1::Acquisition::STATE_RUNNING;
}

ExitCode ExitCodeOf(v1::Acquisition::State state) {
  switch (state) {
    case v1::Acquisition::STATE_COMPLETE:
      return ExitCode::kOk;
    case v1::Acquisition::STATE_COMPLETE_WITH_FAILURES:
      return ExitCode::kCompleteWithFailures;
    default:
      return ExitCode::kNoEvidence;
  }
}

absl::StatusOr<v1::Acquisition> FollowAcquisition(Collector& collector, Console& console,
                                                  std::string_view acquisition_id, const FollowOptions& options) {
  const Clock& clock = Clock::Real();
  const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
  v1::GetAcquisitionRequest request;
  request.set_acquisition_id(std::string(acquisition_id));
  v1::Acquisition last;
  absl::Duration heard = clock.Monotonic();
  absl::Duration wait = absl::Seconds(1);
  bool complained = false;
  while (true) {
    const absl::Status status = collector.WatchAcquisition(request, [&](const v1::Acquisition& acquisition) {
      last = acquisition;
      heard = clock.Monotonic();
      wait = absl::Seconds(1);
      if (complained) {
        bar->Clear();
        console.Note(Say("The collector answers again.", "コレクタとの接続が回復しました。"));
        complained = false;
      }
      if (options.on_change) {
        options.on_change(acquisition);
      } else {
        bar->Update(SnapshotOf(acquisition));
      }
      return absl::OkStatus();
    });
    if (HasEnded(last.state())) return last;
    if (!status.ok() && !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
    const absl::Duration silent = clock.Monotonic() - heard;
    if (!status.ok() && silent > options.patience) return status;
    if (!status.ok() && !complained) {
      bar->Clear();
      console.Note(Concat(StdView(status.message()), Say("\nThe acquisition goes on by itself; asking again.",
                                                         "\n取得は継続しています。再接続を試みます。")));
      complained = true;
    }
    // A stream that ended although the acquisition has not is asked for again as well.
    if (options.pause) {
      options.pause(wait);
    } else {
      absl::SleepFor(wait);
    }
    wait = std::min(wait * 2, absl::Seconds(15));
  }
}

}  // namespace hozen
