#include "tools/hozen/progress_bar.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"

namespace hozen {
namespace {

constexpr absl::Duration kRateWindow = absl::Seconds(15);
constexpr size_t kBarCells = 24;

std::string Bar(double part) {
  const size_t full = static_cast<size_t>(std::floor(part * kBarCells));
  return Concat("[", std::string(full, '#'), std::string(kBarCells - full, '.'), "]");
}

// Cuts at a character's border.
std::string FitTo(std::string text, size_t columns) {
  while (!text.empty() && DisplayWidth(text) > columns) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
    if (!text.empty()) text.pop_back();
  }
  return text;
}

}  // namespace

std::string RenderProgress(const ProgressSnapshot& snapshot, double bytes_per_s, size_t columns) {
  std::string line = snapshot.label;
  if (!line.empty()) line += "  ";
  const uint64_t expected = snapshot.expected_bytes;
  if (expected > 0) {
    const double part = std::min(1.0, static_cast<double>(snapshot.done_bytes) / static_cast<double>(expected));
    // 100 % is for what is finished.
    const int percent = snapshot.done_bytes >= expected ? 100 : std::min(99, static_cast<int>(part * 100));
    absl::StrAppendFormat(&line, "%3d %% ", percent);
    if (columns >= 70) line += Concat(Bar(part), " ");
    line += Concat(FormatSize(snapshot.done_bytes), "/", FormatSize(expected));
  } else {
    line += Concat(FormatSize(snapshot.done_bytes));
  }
  if (bytes_per_s >= 1) {
    line += Concat("  ", FormatSize(static_cast<uint64_t>(bytes_per_s)), "/s");
    if (expected > snapshot.done_bytes) {
      const double seconds = static_cast<double>(expected - snapshot.done_bytes) / bytes_per_s;
      if (seconds < 1e8) {
        line += Concat("  ", Say("left ", "残り "), ShortDuration(absl::Seconds(std::ceil(seconds))));
      }
    }
  }
  if (snapshot.deduplicated_bytes > 0) {
    line += Concat("  ", Say("dedup ", "重複排除 "), FormatSize(snapshot.deduplicated_bytes));
  }
  if (snapshot.items > 0) line += Concat("  ", FormatCount(snapshot.items), Say(" items", " 件"));
  if (snapshot.failed_items > 0) {
    line += Concat("  ", FormatCount(snapshot.failed_items), Say(" failed", " 件失敗"));
  }
  if (!snapshot.note.empty()) line += Concat("  ", snapshot.note);
  return FitTo(std::move(line), columns);
}

ProgressBar::ProgressBar(std::ostream& out, Mode mode, size_t columns, const Clock& clock)
    : out_(out), mode_(mode), columns_(std::max<size_t>(columns, 20)), clock_(clock) {}

void ProgressBar::Update(const ProgressSnapshot& snapshot) {
  if (mode_ == Mode::kOff) return;
  const absl::Duration now = clock_.Monotonic();
  // Another job, or one that started over: its rate has nothing to do with what was before.
  if (!samples_.empty() && snapshot.done_bytes < samples_.back().second) samples_.clear();
  samples_.emplace_back(now, snapshot.done_bytes);
  while (samples_.size() > 2 && now - samples_.front().first > kRateWindow) samples_.pop_front();
  const absl::Duration pause = mode_ == Mode::kBar ? absl::Milliseconds(100) : absl::Seconds(10);
  const bool finished = snapshot.expected_bytes > 0 && snapshot.done_bytes >= snapshot.expected_bytes;
  if (now - last_drawn_ < pause && !(finished && mode_ == Mode::kBar)) return;
  last_drawn_ = now;
  if (mode_ == Mode::kBar) {
    out_ << '\r' << RenderProgress(snapshot, BytesPerSecond(), columns_ - 1) << "\x1b[K" << std::flush;
    drawn_ = true;
  } else {
    out_ << RenderProgress(snapshot, BytesPerSecond(), 1000) << std::endl;
  }
}

void ProgressBar::Clear() {
  if (!drawn_) return;
  out_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
  last_drawn_ = -absl::InfiniteDuration();
}

double ProgressBar::BytesPerSecond() const {
  if (samples_.size() < 2) return 0;
  const double seconds = absl::ToDoubleSeconds(samples_.back().first - samples_.front().first);
  if (seconds < 0.2) return 0;
  return static_cast<double>(samples_.back().second - samples_.front().second) / seconds;
}

}  // namespace hozen
