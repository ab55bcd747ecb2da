#include "tools/hozen/follow.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "tools/hozen/hunt_rendering.h"
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

// What is watched, by streams that may break.
struct Followed {
  // One stream, to its end; calls `heard` for each message.
  std::function<absl::Status(ProgressBar& bar, const std::function<void()>& heard)> watch;
  std::function<bool()> ended;
  std::string_view goes_on;  // said when the link breaks
};

absl::Status Follow(Console& console, const Followed& followed, const FollowOptions& options) {
  const Clock& clock = Clock::Real();
  const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
  absl::Duration heard_at = clock.Monotonic();
  absl::Duration wait = absl::Seconds(1);
  bool complained = false;
  const auto heard = [&] {
    heard_at = clock.Monotonic();
    wait = absl::Seconds(1);
    if (!complained) return;
    bar->Clear();
    console.Note(Say("The collector answers again.", "コレクタとの接続が回復しました。"));
    complained = false;
  };
  while (true) {
    const absl::Status status = followed.watch(*bar, heard);
    if (followed.ended()) return absl::OkStatus();
    if (!status.ok() && !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
    const absl::Duration silent = clock.Monotonic() - heard_at;
    if (!status.ok() && silent > options.patience) return status;
    if (!status.ok() && !complained) {
      bar->Clear();
      console.Note(Concat(StdView(status.message()), "\n", followed.goes_on));
      complained = true;
    }
    // A stream that ended although the thing has not is asked for again as well.
    if (options.pause) {
      options.pause(wait);
    } else {
      absl::SleepFor(wait);
    }
    wait = std::min(wait * 2, absl::Seconds(15));
  }
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
  v1::GetAcquisitionRequest request;
  request.set_acquisition_id(std::string(acquisition_id));
  v1::Acquisition last;
  Followed followed;
  followed.goes_on =
      Say("The acquisition goes on by itself; asking again.", "取得は継続しています。再接続を試みます。");
  followed.ended = [&last] { return HasEnded(last.state()); };
  followed.watch = [&](ProgressBar& bar, const std::function<void()>& heard) {
    return collector.WatchAcquisition(request, [&](const v1::Acquisition& acquisition) {
      last = acquisition;
      heard();
      if (options.on_change) {
        options.on_change(acquisition);
      } else {
        bar.Update(SnapshotOf(acquisition));
      }
      return absl::OkStatus();
    });
  };
  if (const absl::Status status = Follow(console, followed, options); !status.ok()) return status;
  return last;
}

absl::StatusOr<v1::Hunt> FollowHunt(Collector& collector, Console& console, std::string_view hunt_id,
                                    const std::function<void(const v1::Hunt&)>& on_change,
                                    const FollowOptions& options) {
  v1::GetHuntRequest request;
  request.set_hunt_id(std::string(hunt_id));
  v1::Hunt last;
  Followed followed;
  followed.goes_on = Say("The hunt goes on by itself; asking again.", "ハントは継続しています。再接続を試みます。");
  followed.ended = [&last] { return IsOver(last); };
  followed.watch = [&](ProgressBar& bar, const std::function<void()>& heard) {
    return collector.WatchHunt(request, [&](const v1::Hunt& hunt) {
      last = hunt;
      heard();
      if (on_change) {
        on_change(hunt);
      } else {
        bar.Update(HuntSnapshot(hunt, Clock::Real().Now()));
      }
      return absl::OkStatus();
    });
  };
  if (const absl::Status status = Follow(console, followed, options); !status.ok()) return status;
  return last;
}

}  // namespace hozen
