#include "agent/imaging/volume_guide.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr char kByFile[] = "file";
constexpr char kByPosition[] = "position";
constexpr uint64_t kTableBytes = uint64_t{1} << 20;
constexpr uint8_t kTableRank = 1;
constexpr size_t kLeastRuns = 4096;
// Runs of a zone: whoever cuts holds them beside ours.
constexpr size_t kZoneRuns = size_t{1} << 16;

uint64_t EndOf(const ByteRange& range) { return range.offset_bytes + range.size_bytes; }

void CutByPosition(v1::Partition& partition, std::string_view why) {
  partition.set_cut(kByPosition);
  // MakeFailure keeps what a hostile disk may have had a say in printable and short.
  partition.set_cut_note(MakeFailure(v1::CAUSE_UNSPECIFIED, why).detail());
}

// The part of [run] that lies in the range, counted from the range's beginning.
template <typename Run>
bool MoveInto(const ByteRange& range, Run& run) {
  if (run.offset_bytes >= EndOf(range)) return false;
  if (run.offset_bytes < range.offset_bytes) {
    const uint64_t before = range.offset_bytes - run.offset_bytes;
    if (run.size_bytes <= before) return false;
    Advance(before, run);
  }
  run.size_bytes = std::min(run.size_bytes, EndOf(range) - run.offset_bytes);
  run.offset_bytes -= range.offset_bytes;
  return true;
}

template <typename Run>
void MoveAllInto(const ByteRange& range, std::vector<Run>& runs) {
  std::erase_if(runs, [&range](Run& run) { return !MoveInto(range, run); });
}

}  // namespace

VolumeGuide::VolumeGuide(VolumeGuideOptions options, StartVolumeReader start_reader)
    : options_(options), start_reader_(std::move(start_reader)) {}

template <typename Run>
std::vector<Run> VolumeGuide::Held<Run>::TakeUntil(uint64_t end) {
  std::vector<Run> taken;
  while (next < runs.size() && runs[next].offset_bytes < end) {
    Run run = runs[next];
    const uint64_t before = end - run.offset_bytes;
    if (run.size_bytes > before) {
      run.size_bytes = before;
      taken.push_back(run);
      Advance(before, runs[next]);
      break;
    }
    taken.push_back(run);
    ++next;
  }
  from_bytes = end;
  if (next == runs.size()) {
    runs = {};
    next = 0;
  }
  return taken;
}

void VolumeGuide::Survey(google::protobuf::RepeatedPtrField<v1::Partition>& partitions) {
  std::vector<v1::Partition*> sorted;
  for (v1::Partition& partition : partitions) sorted.push_back(&partition);
  std::stable_sort(sorted.begin(), sorted.end(), [](const v1::Partition* a, const v1::Partition* b) {
    return a->offset_bytes() < b->offset_bytes();
  });
  uint64_t free_from = 0;
  for (v1::Partition* partition : sorted) {
    Volume volume;
    volume.range = {.offset_bytes = partition->offset_bytes(), .size_bytes = partition->size_bytes()};
    volume.files_end_bytes = partition->offset_bytes();
    const bool outside =
        volume.range.offset_bytes >= EndOf(options_.range) || EndOf(volume.range) <= options_.range.offset_bytes;
    if (partition->size_bytes() == 0 || outside) continue;
    if (partition->offset_bytes() < free_from) {
      CutByPosition(*partition, "it begins inside another partition");
      continue;
    }
    free_from = EndOf(volume.range);
    SurveyVolume(*partition, volume);
    volumes_.push_back(std::move(volume));
  }
  FindTables();
}

void VolumeGuide::SurveyVolume(v1::Partition& partition, Volume& volume) {
  if (partition.file_system().empty()) {
    return CutByPosition(partition, partition.note().empty() ? "no file system was recognised" : partition.note());
  }
  const uint64_t from = std::max(volume.range.offset_bytes, options_.range.offset_bytes);
  absl::Status asked = AskFiles(volume, from);
  if (asked.ok() && options_.leave_out_free) asked = AskFree(volume, from);
  if (!asked.ok()) {
    volume.files = {};
    volume.free = {};
    volume.files_end_bytes = volume.range.offset_bytes;
    return CutByPosition(partition, std::string(asked.message()));
  }
  partition.set_cut(kByFile);
  if (volume.files.end_bytes < volume.files_end_bytes) {
    const absl::StatusOr<std::unique_ptr<VolumeReader>> reader = start_reader_();
    absl::StatusOr<FoundRuns<FileRun>> found = reader.status();
    if (reader.ok()) {
      found = (*reader)->FindFileRuns({.offset_bytes = volume.range.offset_bytes,
                                       .from_bytes = from,
                                       .most_runs = options_.most_runs / 4,
                                       .valuable_only = true});
    }
    if (found.ok()) volume.valuable = std::move(found->runs);
  } else {
    for (const FileRun& run : volume.files.runs) {
      if (run.rank != 0) volume.valuable.push_back(run);
    }
  }
  held_runs_ += volume.files.runs.size() + volume.free.runs.size() + volume.valuable.size();
}

absl::Status VolumeGuide::AskFiles(Volume& volume, uint64_t from_bytes) {
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<VolumeReader> reader, start_reader_());
  const size_t room = options_.most_runs - std::min(options_.most_runs, held_runs_);
  const size_t most_runs = std::max(room, kLeastRuns);
  HOZEN_ASSIGN_OR_RETURN(FoundRuns<FileRun> found, reader->FindFileRuns({.offset_bytes = volume.range.offset_bytes,
                                                                         .from_bytes = from_bytes,
                                                                         .most_runs = most_runs}));
  const uint64_t end = std::min(found.end_bytes, EndOf(volume.range));
  volume.files.runs = std::move(found.runs);
  volume.files.next = 0;
  volume.files.from_bytes = from_bytes;
  volume.files.end_bytes = end;
  // Where there are more, the file system ends somewhere behind.
  volume.files_end_bytes = found.complete ? end : EndOf(volume.range);
  return absl::OkStatus();
}

absl::Status VolumeGuide::AskFree(Volume& volume, uint64_t from_bytes) {
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<VolumeReader> reader, start_reader_());
  const size_t most_runs = std::max(options_.most_runs / 2, kLeastRuns);
  HOZEN_ASSIGN_OR_RETURN(FoundRuns<ByteRange> found, reader->FindFreeRuns({.offset_bytes = volume.range.offset_bytes,
                                                                           .from_bytes = from_bytes,
                                                                           .most_runs = most_runs}));
  volume.free.runs = std::move(found.runs);
  volume.free.next = 0;
  volume.free.from_bytes = from_bytes;
  volume.free.end_bytes = std::min(found.end_bytes, EndOf(volume.range));
  return absl::OkStatus();
}

void VolumeGuide::FindTables() {
  const uint64_t first = volumes_.empty() || volumes_.front().files_end_bytes == volumes_.front().range.offset_bytes
                             ? options_.disk_size_bytes
                             : volumes_.front().range.offset_bytes;
  const uint64_t front = std::min({first, kTableBytes, options_.disk_size_bytes});
  if (front > 0) tables_.push_back({.offset_bytes = 0, .size_bytes = front, .rank = kTableRank});
  const uint64_t last = volumes_.empty() ? front : std::max(front, EndOf(volumes_.back().range));
  const uint64_t back = std::max(last, options_.disk_size_bytes - std::min(options_.disk_size_bytes, kTableBytes));
  if (back < options_.disk_size_bytes) {
    tables_.push_back({.offset_bytes = back, .size_bytes = options_.disk_size_bytes - back, .rank = kTableRank});
  }
}

DiskZone VolumeGuide::Look(uint64_t from_bytes) {
  DiskZone zone = LookAtDisk(options_.range.offset_bytes + from_bytes);
  zone.end_bytes = std::min(zone.end_bytes, EndOf(options_.range)) - options_.range.offset_bytes;
  MoveAllInto(options_.range, zone.runs);
  MoveAllInto(options_.range, zone.left_out);
  return zone;
}

DiskZone VolumeGuide::LookAtDisk(uint64_t from_bytes) {
  for (Volume& volume : volumes_) {
    if (EndOf(volume.range) <= from_bytes) continue;
    if (volume.range.offset_bytes <= from_bytes) {
      if (from_bytes < volume.files_end_bytes) return LookAtVolume(volume, from_bytes);
      return {.end_bytes = EndOf(volume.range), .runs = tables_, .left_out = {}};
    }
    return {.end_bytes = volume.range.offset_bytes, .runs = tables_, .left_out = {}};
  }
  return {.end_bytes = options_.disk_size_bytes, .runs = tables_, .left_out = {}};
}

DiskZone VolumeGuide::LookAtVolume(Volume& volume, uint64_t from_bytes) {
  absl::Status asked;
  if (!volume.files.Covers(from_bytes)) {
    volume.files = {};
    asked = AskFiles(volume, from_bytes);
  }
  if (asked.ok() && options_.leave_out_free && !volume.free.Covers(from_bytes)) asked = AskFree(volume, from_bytes);
  if (!asked.ok() || !volume.files.Covers(from_bytes)) {
    if (!asked.ok()) Log(Severity::kWarning, Concat("the rest of a volume is cut by position: ", asked.message()));
    volume.files_end_bytes = volume.range.offset_bytes;
    return {.end_bytes = EndOf(volume.range), .runs = {}, .left_out = {}};
  }
  DiskZone zone;
  zone.end_bytes = volume.files.end_bytes;
  if (const size_t last = volume.files.next + kZoneRuns; last < volume.files.runs.size()) {
    const uint64_t end = volume.files.runs[last].offset_bytes;
    if (end > from_bytes) zone.end_bytes = end;
  }
  if (volume.free.Covers(from_bytes)) {
    zone.end_bytes = std::min(zone.end_bytes, volume.free.end_bytes);
    zone.left_out = volume.free.TakeUntil(zone.end_bytes);
  }
  zone.runs = volume.files.TakeUntil(zone.end_bytes);
  return zone;
}

std::vector<FileRun> VolumeGuide::Valuable() {
  std::vector<FileRun> runs = tables_;
  for (const Volume& volume : volumes_) runs.insert(runs.end(), volume.valuable.begin(), volume.valuable.end());
  MoveAllInto(options_.range, runs);
  std::stable_sort(runs.begin(), runs.end(),
                   [](const FileRun& a, const FileRun& b) { return a.offset_bytes < b.offset_bytes; });
  return runs;
}

}  // namespace hozen
