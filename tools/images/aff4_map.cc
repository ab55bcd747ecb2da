#include "tools/images/aff4_map.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/status_macros.h"
#include "tools/images/little_endian.h"
#include "tools/images/read_exactly.h"

namespace hozen {
namespace {

constexpr uint64_t kRunBytes = 28;
constexpr uint64_t kRunsInWindow = 4096;

absl::Status Damaged(uint64_t index, std::string_view why) {
  return absl::DataLossError(Concat(Say("run ", "マップの項目 "), index, Say(" of the map: ", ": "), why));
}

}  // namespace

Aff4Map::Aff4Map(std::unique_ptr<Source> runs, uint64_t image_bytes, uint64_t targets)
    : runs_(std::move(runs)), image_bytes_(image_bytes), targets_(targets), count_(runs_->size_bytes() / kRunBytes) {}

absl::StatusOr<Aff4Map> Aff4Map::Create(std::unique_ptr<Source> runs, uint64_t image_bytes, uint64_t targets) {
  if (runs->size_bytes() % kRunBytes != 0) {
    return absl::DataLossError(AbslView(Say("the map has no whole number of runs", "マップのサイズが不正です")));
  }
  Aff4Map map(std::move(runs), image_bytes, targets);
  HOZEN_ASSIGN_OR_RETURN(const bool in_order, map.Check());
  if (in_order) return map;
  HOZEN_RETURN_IF_ERROR(map.Sort());
  HOZEN_ASSIGN_OR_RETURN(const bool without_overlaps, map.Check());
  if (without_overlaps) return map;
  return absl::DataLossError(
      AbslView(Say("two runs of the map say what the same bytes are", "マップの範囲が重複しています")));
}

absl::StatusOr<Aff4Map::Run> Aff4Map::RunAt(uint64_t index) {
  if (index < window_begin_ || index - window_begin_ >= window_.size() / kRunBytes) {
    // Going forwards needs what comes next, a search only what it looks at.
    const uint64_t begin = index;
    const uint64_t runs = std::min(kRunsInWindow, count_ - begin);
    HOZEN_ASSIGN_OR_RETURN(window_, ReadExactly(*runs_, begin * kRunBytes, static_cast<size_t>(runs * kRunBytes)));
    window_begin_ = begin;
  }
  const auto from = static_cast<size_t>((index - window_begin_) * kRunBytes);
  const Run run = {.at = TakeLittleEndian<uint64_t>(window_, from),
                   .size_bytes = TakeLittleEndian<uint64_t>(window_, from + 8),
                   .target_at = TakeLittleEndian<uint64_t>(window_, from + 16),
                   .target = TakeLittleEndian<uint32_t>(window_, from + 24)};
  if (run.at > image_bytes_ || run.size_bytes > image_bytes_ - run.at) {
    return Damaged(index, Say("it reaches out of the image", "イメージの範囲外です"));
  }
  if (run.target_at + run.size_bytes < run.target_at) {
    return Damaged(index, Say("it reaches out of its target", "参照先の範囲外です"));
  }
  if (run.target >= targets_) return Damaged(index, Say("it has no target", "参照先がありません"));
  return run;
}

absl::StatusOr<bool> Aff4Map::Check() {
  uint64_t end = 0;
  bool in_order = true;
  for (uint64_t index = 0; index < count_; ++index) {
    HOZEN_ASSIGN_OR_RETURN(const Run run, RunAt(index));
    in_order = in_order && run.at >= end;
    end = run.end();
  }
  return in_order;
}

absl::Status Aff4Map::Sort() {
  if (runs_->size_bytes() > kMostSortedBytes) {
    return absl::UnimplementedError(AbslView(Say("the map is not in order, and too long to be sorted in memory",
                                                 "マップが整列されておらず、メモリ上で並べ替えるには長すぎます")));
  }
  HOZEN_ASSIGN_OR_RETURN(const std::string bytes, ReadExactly(*runs_, 0, static_cast<size_t>(runs_->size_bytes())));
  std::vector<std::pair<uint64_t, size_t>> order;  // where it begins in the image, and where its bytes stand
  for (size_t from = 0; from < bytes.size(); from += kRunBytes) {
    if (TakeLittleEndian<uint64_t>(bytes, from + 8) == 0) continue;
    order.emplace_back(TakeLittleEndian<uint64_t>(bytes, from), from);
  }
  std::sort(order.begin(), order.end());
  std::string sorted;
  for (const auto& [at, from] : order) sorted.append(bytes, from, kRunBytes);
  count_ = order.size();
  window_.clear();
  runs_ = NewMemorySource(std::move(sorted));
  return absl::OkStatus();
}

absl::StatusOr<Aff4Map::Piece> Aff4Map::At(uint64_t offset_bytes) {
  // The last run that begins at or before the offset, by a search between `from` and `to`. Most often it is the one
  // that was found last, or the next.
  uint64_t from = 0;
  uint64_t to = count_;
  for (uint64_t near = last_; near < count_ && near <= last_ + 2; ++near) {
    HOZEN_ASSIGN_OR_RETURN(const Run run, RunAt(near));
    if (run.at > offset_bytes) {
      to = near;
      break;
    }
    from = near + 1;
  }
  while (from < to) {
    const uint64_t middle = from + (to - from) / 2;
    HOZEN_ASSIGN_OR_RETURN(const Run run, RunAt(middle));
    if (run.at <= offset_bytes) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  uint64_t gap_end = image_bytes_;
  if (from < count_) {
    HOZEN_ASSIGN_OR_RETURN(const Run next, RunAt(from));
    gap_end = next.at;
  }
  if (from > 0) {
    HOZEN_ASSIGN_OR_RETURN(const Run run, RunAt(from - 1));
    last_ = from - 1;
    if (run.at <= offset_bytes && offset_bytes < run.end()) {
      const uint64_t skipped = offset_bytes - run.at;
      return Piece{.size_bytes = run.size_bytes - skipped, .target = run.target, .target_at = run.target_at + skipped};
    }
  }
  if (gap_end <= offset_bytes) return absl::DataLossError("the map changed while it was read");
  return Piece{.size_bytes = gap_end - offset_bytes, .target = {}};
}

}  // namespace hozen
