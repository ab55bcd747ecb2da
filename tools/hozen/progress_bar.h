// How far a long job has come, on standard error: one line that is drawn again on a terminal, a line now and then off
// it.
#ifndef HOZEN_TOOLS_HOZEN_PROGRESS_BAR_H_
#define HOZEN_TOOLS_HOZEN_PROGRESS_BAR_H_

#include <cstdint>
#include <deque>
#include <ostream>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "core/base/clock.h"

namespace hozen {

struct ProgressSnapshot {
  std::string label;  // what is under way, safe to show
  uint64_t done_bytes = 0;
  uint64_t expected_bytes = 0;  // 0 where nobody knows
  uint64_t deduplicated_bytes = 0;
  uint64_t items = 0;
  uint64_t failed_items = 0;
  std::string note;  // "paused: the collector is out of room"
};

// The line without its end, at most `columns` wide: percent, bar, bytes, rate, time left, deduplicated bytes, items.
// `bytes_per_s` of 0 says that no rate is known yet.
std::string RenderProgress(const ProgressSnapshot& snapshot, double bytes_per_s, size_t columns);

// Thread-compatible. Does nothing where it is off.
class ProgressBar {
 public:
  enum class Mode { kOff, kBar, kLines };
  // Both references must outlive it. `columns` matters to kBar.
  ProgressBar(std::ostream& out, Mode mode, size_t columns, const Clock& clock);
  // Leaves the terminal's line empty.
  ~ProgressBar() { Clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Draws at most ten times a second (kBar) or once in ten seconds (kLines).
  void Update(const ProgressSnapshot& snapshot);
  // Takes the bar away, so that something else can be printed; the next Update draws it again.
  void Clear();

 private:
  double BytesPerSecond() const;

  std::ostream& out_;
  const Mode mode_;
  const size_t columns_;
  const Clock& clock_;
  std::deque<std::pair<absl::Duration, uint64_t>> samples_;  // of the last 15 seconds
  absl::Duration last_drawn_ = -absl::InfiniteDuration();
  bool drawn_ = false;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_PROGRESS_BAR_H_
