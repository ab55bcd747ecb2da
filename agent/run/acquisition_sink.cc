#include "agent/run/acquisition_sink.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/run/disk_taker.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"
#include "core/chunk/content_cutter.h"

namespace hozen {
namespace {

constexpr uint64_t kMostTraces = 256;
// Far below a record's limit: what a hostile host puts into one item must not stop the journal.
constexpr size_t kMaxItemBytes = 512 << 10;
// How far a file may have grown when we come to its end: one that is written as fast as it is read has none. Files that
// the kernel makes up do not say how long they are.
constexpr uint64_t kMostGrowthBytes = 64 << 20;
constexpr uint64_t kMostUnannouncedBytes = uint64_t{1} << 30;
constexpr char kValueOrder[] = "value";
constexpr char kWrittenMeanwhile[] = "it was written while it was read: its bytes may be of different moments";
constexpr uint32_t kModeTypeMask = 0170000;
constexpr uint32_t kModeBlockDevice = 0060000;

bool IsBoundByFileLimit(const v1::Item& item) {
  return item.kind() == v1::Item::KIND_FILE || item.kind() == v1::Item::KIND_ATTRIBUTE ||
         item.kind() == v1::Item::KIND_COMMAND_OUTPUT;
}

uint64_t GrowthLimit(const v1::Item& item) {
  constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();
  const uint64_t size = item.file().size_bytes();
  if (item.kind() != v1::Item::KIND_FILE || size > kNone - kMostGrowthBytes) return kNone;
  return size == 0 ? kMostUnannouncedBytes : size + kMostGrowthBytes;
}

// What is made anew each time, a listing, a command's output, has no file that could be the same.
bool IsMadeAnew(const v1::Item& item) {
  return item.kind() == v1::Item::KIND_LISTING || item.kind() == v1::Item::KIND_STATE ||
         item.kind() == v1::Item::KIND_COMMAND_OUTPUT || item.kind() == v1::Item::KIND_WMI;
}

void ShortenDisk(v1::DiskMetadata& disk) {
  const std::string note =
      Concat("the descriptions of its ", disk.partitions_size(), " partitions are too long to keep");
  disk.clear_partitions();
  v1::Partition& whole = *disk.add_partitions();
  whole.set_size_bytes(disk.size_bytes());
  whole.set_type("whole disk");
  whole.set_note(note);
}

}  // namespace

bool IsSameFile(const v1::FileMetadata& a, const v1::FileMetadata& b) {
  if (a.inode() != b.inode() || a.device() != b.device() || a.size_bytes() != b.size_bytes() ||
      (a.mode() & kModeTypeMask) != (b.mode() & kModeTypeMask)) {
    return false;
  }
  if ((a.mode() & kModeTypeMask) == kModeBlockDevice) return true;
  return a.modified_unix_ns() == b.modified_unix_ns() && a.changed_unix_ns() == b.changed_unix_ns();
}

AcquisitionSink::AcquisitionSink(const v1::Limits& limits, ProgressSoFar& begun, StreamPipeline& pipeline, Pace& pace,
                                 Ending& ending, const Clock& clock)
    : limits_(limits),
      begun_(begun),
      pipeline_(pipeline),
      pace_(pace),
      ending_(ending),
      clock_(clock),
      items_(begun.items),
      taken_bytes_(begun.stream_bytes),
      next_stream_number_(begun.last_stream_number + 1),
      traces_(begun.traces.size()) {
  absl::MutexLock lock(&mutex_);
  snapshot_.read_bytes = taken_bytes_;
}

void AcquisitionSink::BeginTarget(uint32_t index, const v1::Target& target) {
  target_index_ = index;
  artifact_ = target.artifact();
  const auto before = begun_.items_of_target.find(index);
  target_items_ = before == begun_.items_of_target.end() ? 0 : before->second;
}

absl::Status AcquisitionSink::EndTarget(v1::TargetOutcome outcome) {
  HOZEN_RETURN_IF_ERROR(TakeUpLostStreams());
  outcome.set_target_index(target_index_);
  outcome.set_artifact(artifact_);
  // Counted here, because only the journal knows what runs before this one have found.
  outcome.set_matched_items(target_items_);
  return pipeline_.AddOutcome(std::move(outcome));
}

absl::Status AcquisitionSink::TakeUpLostStreams() {
  const std::optional<v1::Failure> early = ending_.ended_early();
  for (const auto& [key, stream] : begun_.unfinished) {
    if (stream.item.target_index() != target_index_) continue;
    ++items_;
    ++target_items_;
    taken_bytes_ += stream.offset_bytes;
    HOZEN_RETURN_IF_ERROR(pipeline_.Begin(stream.item, stream.number, &stream));
    HOZEN_RETURN_IF_ERROR(pipeline_.End(
        early.value_or(MakeFailure(v1::CAUSE_VANISHED, "it was no longer there when the agent took it up again")),
        clock_.NowUnixNs()));
  }
  begun_.unfinished.clear();
  return absl::OkStatus();
}

absl::Status AcquisitionSink::Finish() {
  if (more_traces_ == 0) return absl::OkStatus();
  v1::Trace trace;
  trace.set_what(Concat("and ", more_traces_, " more like these"));
  return pipeline_.AddTrace(std::move(trace));
}

void AcquisitionSink::Stamp(v1::Item& item) {
  item.set_target_index(target_index_);
  item.set_artifact(artifact_);
  if (item.started_unix_ns() == 0) item.set_started_unix_ns(clock_.NowUnixNs());
}

absl::Status AcquisitionSink::LimitReached(v1::Cause cause, std::string detail) {
  ending_.EndEarly(MakeFailure(cause, std::move(detail)));
  return ending_.collecting();
}

absl::Status AcquisitionSink::CountItem() {
  if (limits_.items() > 0 && items_ >= limits_.items()) {
    return LimitReached(v1::CAUSE_LIMIT_ITEMS, Concat("the plan's limit of ", limits_.items(), " items"));
  }
  ++items_;
  ++target_items_;
  return absl::OkStatus();
}

absl::Status AcquisitionSink::Poll() { return pace_.Poll(); }

bool AcquisitionSink::AlreadyTaken(uint32_t target_index, const std::string& name) const {
  return !begun_.taken.empty() && begun_.taken.contains(ItemKey(target_index, name));
}

bool AcquisitionSink::WasRecorded(const v1::Item& item) const {
  if (item.kind() != v1::Item::KIND_DIRECTORY || item.state() != v1::Item::STATE_FAILED) {
    return AlreadyTaken(target_index_, NameAmongTaken(item));
  }
  return begun_.taken.contains(FolderFailureKey(target_index_, NameAmongTaken(item)));
}

void AcquisitionSink::NoteTrace(v1::Trace trace) {
  if (traces_ >= kMostTraces) {
    ++more_traces_;
    return;
  }
  ++traces_;
  // Where it fails the acquisition ends, and the next call of the source says so.
  const absl::Status added = pipeline_.AddTrace(std::move(trace));
  if (!added.ok()) Log(Severity::kDebug, Concat("a trace was not noted: ", added.message()));
}

absl::Status AcquisitionSink::Record(v1::Item item) {
  HOZEN_RETURN_IF_ERROR(pace_.Poll());
  if (WasRecorded(item)) return absl::OkStatus();
  HOZEN_RETURN_IF_ERROR(CountItem());
  Stamp(item);
  item.set_has_stream(false);
  item.clear_extents();
  item.set_finished_unix_ns(clock_.NowUnixNs());
  if (item.ByteSizeLong() > kMaxItemBytes) {
    item.clear_disk();
    item.clear_command();
    item.set_state(v1::Item::STATE_FAILED);
    *item.mutable_failure() = MakeFailure(v1::CAUSE_NOT_SUPPORTED, "its description is too long for a record");
  }
  {
    absl::MutexLock lock(&mutex_);
    snapshot_.current_path = item.path();
  }
  return pipeline_.AddItem(std::move(item));
}

absl::StatusOr<uint64_t> AcquisitionSink::BeginStream(v1::Item& item, uint64_t source_size_bytes, bool until_end) {
  HOZEN_RETURN_IF_ERROR(CountItem());
  if (item.ByteSizeLong() > kMaxItemBytes) ShortenDisk(*item.mutable_disk());

  std::optional<UnfinishedStream> resumed;
  const auto begun = begun_.unfinished.find(ItemKey(target_index_, NameAmongTaken(item)));
  if (begun != begun_.unfinished.end()) {
    // What is made anew each time (a listing, a command's output) has no file that could be the same.
    const bool is_file = item.kind() == v1::Item::KIND_FILE || item.kind() == v1::Item::KIND_DISK ||
                         item.kind() == v1::Item::KIND_ATTRIBUTE;
    if (is_file && begun->second.item.kind() == item.kind() && IsSameFile(begun->second.item.file(), item.file()) &&
        (until_end || begun->second.offset_bytes <= source_size_bytes)) {
      resumed = std::move(begun->second);
      item = resumed->item;
    }
    begun_.unfinished.erase(begun);
  }
  Stamp(item);
  {
    absl::MutexLock lock(&mutex_);
    snapshot_.current_path = item.path();
    snapshot_.expected_bytes = until_end ? 0 : taken_bytes_ + source_size_bytes;
  }
  const uint64_t offset_bytes = resumed.has_value() ? resumed->offset_bytes : 0;
  made_.clear();
  AddRead(offset_bytes);
  HOZEN_RETURN_IF_ERROR(pipeline_.Begin(item, resumed.has_value() ? resumed->number : next_stream_number_++,
                                        resumed.has_value() ? &*resumed : nullptr));
  return offset_bytes;
}

absl::Status AcquisitionSink::Take(v1::Item item, Source& source, bool until_end) {
  HOZEN_RETURN_IF_ERROR(pace_.Poll());
  if (AlreadyTaken(target_index_, NameAmongTaken(item))) return absl::OkStatus();
  PieceReaderOptions options;
  HOZEN_ASSIGN_OR_RETURN(options.offset_bytes, BeginStream(item, source.size_bytes(), until_end));
  options.until_end = until_end;
  options.expected_size_bytes = item.file().size_bytes();
  options.poll = [this] { return pace_.Poll(); };
  PieceReader reader(source, options);
  std::optional<v1::Failure> cut;
  const absl::Status status = ReadStream(item, reader, cut);
  if (!status.ok() && !cut.has_value()) cut = ending_.ended_early();
  // Stopped or failed: the stream stays begun, for the next start.
  HOZEN_RETURN_IF_ERROR(ending_.delivering());
  HOZEN_RETURN_IF_ERROR(EndMade());
  if (!cut.has_value()) cut = EndFault(item, reader, source, until_end);
  // What its source knew before the first byte.
  if (!cut.has_value() && item.has_failure()) cut = item.failure();
  HOZEN_RETURN_IF_ERROR(pipeline_.End(std::move(cut), clock_.NowUnixNs()));
  return status;
}

absl::Status AcquisitionSink::TakeDisk(v1::Item item, Source& source, DiskGuide& guide) {
  HOZEN_RETURN_IF_ERROR(pace_.Poll());
  if (AlreadyTaken(target_index_, NameAmongTaken(item))) return absl::OkStatus();
  DiskTakerOptions options;
  HOZEN_ASSIGN_OR_RETURN(options.begin_bytes, BeginStream(item, source.size_bytes(), /*until_end=*/false));
  if (limits_.total_bytes() > 0) {
    options.most_bytes = limits_.total_bytes() - std::min(limits_.total_bytes(), taken_bytes_);
    options.limit_detail = Concat("the limit of ", limits_.total_bytes(), " bytes in all was reached");
  }
  if (item.disk().sector_size_bytes() > 0) options.sector_size_bytes = item.disk().sector_size_bytes();
  options.valuable_first = item.disk().order() == kValueOrder;
  DiskTaker taker(options, source, guide, pipeline_, pace_, ending_, clock_,
                  [this](uint64_t bytes) { AddRead(bytes); });
  std::optional<v1::Failure> cut;
  const absl::Status status = taker.Take(cut);
  // Stopped or failed: the stream stays begun, for the next start.
  HOZEN_RETURN_IF_ERROR(ending_.delivering());
  if (!cut.has_value() && source.WasWritten()) cut = MakeFailure(v1::CAUSE_CHANGED_WHILE_READ, kWrittenMeanwhile);
  HOZEN_RETURN_IF_ERROR(pipeline_.End(std::move(cut), clock_.NowUnixNs()));
  return status;
}

absl::Status AcquisitionSink::ReadStream(const v1::Item& item, PieceReader& reader, std::optional<v1::Failure>& cut) {
  constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();
  const uint64_t file_limit = limits_.file_bytes() > 0 && IsBoundByFileLimit(item) ? limits_.file_bytes() : kNone;
  const uint64_t growth_limit = GrowthLimit(item);
  const uint64_t total_limit = limits_.total_bytes() > 0 ? limits_.total_bytes() : kNone;
  while (true) {
    const uint64_t file_left = file_limit - std::min(file_limit, reader.offset_bytes());
    const uint64_t total_left = total_limit - std::min(total_limit, taken_bytes_);
    if (total_left == 0) {
      if (reader.AtEnd()) return absl::OkStatus();
      const absl::Status status =
          LimitReached(v1::CAUSE_LIMIT_TOTAL_BYTES, Concat("the limit of ", total_limit, " bytes in all was reached"));
      cut = ending_.ended_early();
      return status;
    }
    if (file_left == 0) {
      if (reader.AtEnd()) return absl::OkStatus();
      cut = MakeFailure(v1::CAUSE_LIMIT_FILE_BYTES,
                        Concat("cut off at the plan's limit of ", file_limit, " bytes for one file"));
      return absl::OkStatus();
    }
    if (reader.offset_bytes() >= growth_limit) {
      if (reader.AtEnd()) return absl::OkStatus();
      cut = MakeFailure(v1::CAUSE_CHANGED_WHILE_READ,
                        Concat("it was ", item.file().size_bytes(), " bytes long and did not end; cut off at ",
                               reader.offset_bytes()));
      return absl::OkStatus();
    }
    const uint64_t most = std::min<uint64_t>({file_left, total_left, kMaxChunkSizeBytes});
    HOZEN_RETURN_IF_ERROR(pace_.BeforeRead(0));
    HOZEN_ASSIGN_OR_RETURN(std::optional<Piece> piece, reader.Next(most));
    if (!piece.has_value()) return absl::OkStatus();
    const uint64_t size = piece->size_bytes;
    HOZEN_RETURN_IF_ERROR(IsMadeAnew(item) ? AddMade(*std::move(piece)) : pipeline_.Add(*std::move(piece)));
    AddRead(size);
    // What was read is paid for before the next read.
    HOZEN_RETURN_IF_ERROR(pace_.BeforeRead(size));
  }
}

absl::Status AcquisitionSink::AddMade(Piece piece) {
  if (piece.kind != Piece::Kind::kBytes) {
    HOZEN_RETURN_IF_ERROR(EndMade());
    return pipeline_.Add(std::move(piece));
  }
  made_ += piece.bytes;
  while (const size_t size = FirstContentChunk(made_)) {
    // What is not taken stays, for EndMade.
    HOZEN_RETURN_IF_ERROR(pipeline_.Add(Piece::Read(made_.substr(0, size))));
    made_.erase(0, size);
  }
  return absl::OkStatus();
}

absl::Status AcquisitionSink::EndMade() {
  if (made_.empty()) return absl::OkStatus();
  // It was read, so it is taken, also where collecting was ended since.
  pipeline_.GoOnPastEarlyEnd();
  return pipeline_.Add(Piece::Read(std::exchange(made_, "")));
}

std::optional<v1::Failure> AcquisitionSink::EndFault(const v1::Item& item, const PieceReader& reader, Source& source,
                                                     bool until_end) const {
  if (reader.failure().has_value()) return reader.failure();
  const uint64_t expected = item.file().size_bytes();
  // Files that the kernel makes up (sysfs) announce a page, occupy no blocks and hold a few bytes: nothing is missing.
  const bool made_up = item.file().allocated_bytes() == 0 && reader.offset_bytes() > 0;
  if (until_end && reader.offset_bytes() < expected && !made_up && item.kind() == v1::Item::KIND_FILE) {
    return MakeFailure(v1::CAUSE_CHANGED_WHILE_READ,
                       Concat("it was ", expected, " bytes long and ended at ", reader.offset_bytes()));
  }
  if (source.WasWritten()) {
    return MakeFailure(v1::CAUSE_CHANGED_WHILE_READ,
                       Concat("it was written while it was read (", expected, " bytes before, ", reader.offset_bytes(),
                              " read): its bytes may be of different moments"));
  }
  return std::nullopt;
}

void AcquisitionSink::AddRead(uint64_t bytes) {
  taken_bytes_ += bytes;
  absl::MutexLock lock(&mutex_);
  snapshot_.read_bytes = taken_bytes_;
}

AcquisitionSink::Snapshot AcquisitionSink::snapshot() const {
  absl::MutexLock lock(&mutex_);
  return snapshot_;
}

}  // namespace hozen
