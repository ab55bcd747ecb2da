#include "core/chunk/cutter.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace hozen {
namespace {

constexpr uint64_t kChunk = kMaxChunkSizeBytes;

// The end of what begins at `offset`, not behind `most`; sizes may be anything.
uint64_t EndOf(uint64_t offset, uint64_t size, uint64_t most) {
  return size > most - std::min(offset, most) ? most : offset + size;
}

}  // namespace

void Cutter::AddZone(uint64_t end_bytes, std::vector<FileRun> runs, std::vector<ByteRange> left_out) {
  end_ = std::max(end_bytes, at_);
  runs_ = std::move(runs);
  left_out_ = std::move(left_out);
  const auto by_offset = [](const auto& a, const auto& b) { return a.offset_bytes < b.offset_bytes; };
  // Stable, so that the same list is always cut in the same way.
  std::stable_sort(runs_.begin(), runs_.end(), by_offset);
  std::stable_sort(left_out_.begin(), left_out_.end(), by_offset);
  run_ = 0;
  left_out_at_ = 0;
  TrimRuns();
  PlaceGroups();
}

void Cutter::TrimRuns() {
  uint64_t free_from = at_;
  size_t kept = 0;
  for (FileRun run : runs_) {
    const uint64_t end = EndOf(run.offset_bytes, run.size_bytes, end_);
    const uint64_t begin = std::max(run.offset_bytes, free_from);
    if (begin >= end) continue;
    run.size_bytes = end - run.offset_bytes;
    Advance(begin - run.offset_bytes, run);
    free_from = end;
    runs_[kept++] = run;
  }
  runs_.resize(kept);
}

void Cutter::PlaceGroups() {
  struct Open {
    size_t first;
    size_t last;
    uint64_t chunk;
    uint64_t size_bytes;
  };
  absl::flat_hash_map<uint32_t, Open> open;
  places_.assign(runs_.size(), Place());
  for (size_t i = 0; i < runs_.size(); ++i) {
    const FileRun& run = runs_[i];
    if (run.group == 0) continue;
    const auto found = open.find(run.group);
    const bool goes_on = found != open.end() && i - found->second.first < kMaxSpanParts &&
                         run.offset_bytes - runs_[found->second.first].offset_bytes <= kMaxSpanBytes &&
                         run.size_bytes <= kChunk - found->second.size_bytes;
    if (goes_on) {
      Open& group = found->second;
      places_[group.last].last = false;
      places_[group.first].whole = false;
      places_[i].whole = false;
      places_[i].chunk = group.chunk;
      group.last = i;
      group.size_bytes += run.size_bytes;
    } else if (run.size_bytes <= kChunk) {
      places_[i].chunk = next_chunk_;
      open[run.group] = {.first = i, .last = i, .chunk = next_chunk_++, .size_bytes = run.size_bytes};
    }
  }
}

std::optional<CutPart> Cutter::Next() {
  if (at_ >= end_) return std::nullopt;
  while (run_ < runs_.size() && runs_[run_].offset_bytes + runs_[run_].size_bytes <= at_) ++run_;
  CutPart part;
  if (run_ < runs_.size() && runs_[run_].offset_bytes <= at_) {
    part = NextOfRun(runs_[run_]);
  } else {
    part = NextOfGap(run_ < runs_.size() ? runs_[run_].offset_bytes : end_);
  }
  at_ += part.size_bytes;
  return part;
}

CutPart Cutter::NextOfRun(const FileRun& run) {
  CutPart part;
  part.rank = run.rank;
  const uint64_t left = run.offset_bytes + run.size_bytes - at_;
  if (const Place& place = places_[run_]; place.chunk != 0) {
    part.size_bytes = left;
    part.chunk = place.chunk;
    part.position = run.file_offset_bytes;
    part.whole = place.whole;
    part.last = place.last;
    return part;
  }
  const uint64_t in_file = run.file_offset_bytes + (at_ - run.offset_bytes);
  part.size_bytes = std::min(left, kChunk - in_file % kChunk);
  part.chunk = next_chunk_++;
  return part;
}

CutPart Cutter::NextOfGap(uint64_t gap_end) {
  while (left_out_at_ < left_out_.size() &&
         EndOf(left_out_[left_out_at_].offset_bytes, left_out_[left_out_at_].size_bytes, end_) <= at_) {
    ++left_out_at_;
  }
  CutPart part;
  if (left_out_at_ < left_out_.size()) {
    const ByteRange& range = left_out_[left_out_at_];
    if (range.offset_bytes <= at_) {
      part.left_out = true;
      part.size_bytes = std::min(gap_end, EndOf(range.offset_bytes, range.size_bytes, end_)) - at_;
      return part;
    }
    gap_end = std::min(gap_end, range.offset_bytes);
  }
  part.size_bytes = std::min(gap_end - at_, kChunk - at_ % kChunk);
  part.chunk = next_chunk_++;
  return part;
}

}  // namespace hozen
