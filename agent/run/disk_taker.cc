#include "agent/run/disk_taker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "agent/acquire/failure.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// A part of this size is read by itself, and its bytes become the chunk without being copied.
constexpr uint64_t kReadAloneBytes = 128 << 10;
// Not worth a look whether a smaller run is a hole.
constexpr uint64_t kLeastHoleBytes = 64 << 10;
// What is kept for the valuable rest when a deadline comes near.
constexpr absl::Duration kLeastReserve = absl::Seconds(1);
constexpr double kReserveFactor = 1.5;
constexpr int kMostReserveShare = 4;

}  // namespace

DiskTaker::DiskTaker(DiskTakerOptions options, Source& source, DiskGuide& guide, StreamPipeline& pipeline, Pace& pace,
                     Ending& ending, const Clock& clock, std::function<void(uint64_t)> on_read)
    : options_(options),
      source_(source),
      guide_(guide),
      pipeline_(pipeline),
      pace_(pace),
      ending_(ending),
      clock_(clock),
      on_read_(std::move(on_read)),
      reader_(source, {.offset_bytes = options.begin_bytes,
                       .until_end = false,
                       .smallest_bytes = options.sector_size_bytes,
                       .aligned = false,
                       .poll = [this] { return only_valuable_ ? pace_.BeforeReadPastEarlyEnd(0) : pace_.Poll(); }}),
      cutter_(options.begin_bytes),
      began_(clock.Monotonic()),
      most_reserve_((pace.deadline() - clock.Now()) / kMostReserveShare) {}

absl::Status DiskTaker::Take(std::optional<v1::Failure>& cut) {
  absl::Status status;
  if (options_.valuable_first) status = SendValuableAhead();
  if (status.ok()) status = ReadOn();
  if (status.ok() && !early_.has_value()) return status;
  HOZEN_RETURN_IF_ERROR(ending_.delivering());
  cut = early_.has_value() ? early_ : ending_.ended_early();
  if (!cut.has_value()) return status;
  if (options_.valuable_first) {
    TurnToValuable();
    HOZEN_RETURN_IF_ERROR(ReadOn());
  }
  ending_.EndEarly(*cut);
  return ending_.collecting();
}

absl::Status DiskTaker::SendValuableAhead() {
  const std::vector<FileRun> runs = guide_.Valuable();
  uint8_t last_rank = 0;
  for (const FileRun& run : runs) {
    last_rank = std::max(last_rank, run.rank);
    const uint64_t end = run.offset_bytes + run.size_bytes;
    if (end > options_.begin_bytes) valuable_left_ += end - std::max(run.offset_bytes, options_.begin_bytes);
  }
  // What an earlier run of the agent has come past it has sent ahead before.
  if (options_.begin_bytes > 0) return absl::OkStatus();
  for (int rank = 1; rank <= last_rank; ++rank) {
    std::vector<FileRun> of_rank;
    for (const FileRun& run : runs) {
      if (run.rank == rank) of_rank.push_back(run);
    }
    HOZEN_RETURN_IF_ERROR(SendRankAhead(std::move(of_rank)));
  }
  return absl::OkStatus();
}

absl::Status DiskTaker::SendRankAhead(std::vector<FileRun> runs) {
  // Cut as the way front to back will cut them, so that the chunks are the same.
  Cutter cutter(0);
  cutter.AddZone(source_.size_bytes(), std::move(runs), {});
  absl::flat_hash_map<uint64_t, std::vector<std::pair<uint64_t, ByteRange>>> open;
  while (true) {
    const uint64_t at = cutter.offset_bytes();
    const std::optional<CutPart> part = cutter.Next();
    if (!part.has_value()) return absl::OkStatus();
    if (part->rank == 0) continue;
    auto& pieces = open[part->chunk];
    pieces.emplace_back(part->position, ByteRange{.offset_bytes = at, .size_bytes = part->size_bytes});
    if (!part->last) continue;
    std::sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<ByteRange> ranges;
    for (const auto& piece : pieces) ranges.push_back(piece.second);
    open.erase(part->chunk);
    HOZEN_RETURN_IF_ERROR(SendChunk(ranges));
  }
}

absl::Status DiskTaker::SendChunk(const std::vector<ByteRange>& pieces) {
  std::string bytes;
  for (const ByteRange& piece : pieces) {
    HOZEN_RETURN_IF_ERROR(pace_.BeforeRead(piece.size_bytes));
    const size_t had = bytes.size();
    bytes.resize(had + piece.size_bytes);
    const absl::StatusOr<size_t> read =
        source_.ReadAt(piece.offset_bytes, absl::MakeSpan(bytes.data() + had, piece.size_bytes));
    // The way front to back will meet the fault again, and find its way around it.
    if (!read.ok() || *read < piece.size_bytes) return absl::OkStatus();
  }
  return IsAllZero(bytes) ? absl::OkStatus() : pipeline_.SendAhead(std::move(bytes));
}

void DiskTaker::TurnToValuable() {
  only_valuable_ = true;
  early_.reset();
  pipeline_.GoOnPastEarlyEnd();
  if (next_.has_value()) given_back_.push_front(*std::exchange(next_, std::nullopt));
  given_back_.insert(given_back_.begin(), planned_.begin(), planned_.end());
  planned_.clear();
  planned_bytes_ = 0;
}

absl::Status DiskTaker::PassOverRest() {
  const uint64_t rest = source_.size_bytes() - reader_.offset_bytes();
  planned_.clear();
  planned_bytes_ = 0;
  given_back_.clear();
  next_.reset();
  cutter_ = Cutter(source_.size_bytes());
  return rest == 0 ? absl::OkStatus() : AddPiece(Piece::NotAcquired(rest), {});
}

std::optional<CutPart> DiskTaker::NextPart() {
  if (!given_back_.empty()) {
    const CutPart part = given_back_.front();
    given_back_.pop_front();
    return part;
  }
  while (true) {
    if (std::optional<CutPart> part = cutter_.Next()) return part;
    const uint64_t at = cutter_.offset_bytes();
    if (at >= source_.size_bytes()) return std::nullopt;
    DiskZone zone = guide_.Look(at);
    const uint64_t end = std::min(zone.end_bytes, source_.size_bytes());
    cutter_.AddZone(end > at ? end : source_.size_bytes(), std::move(zone.runs), std::move(zone.left_out));
  }
}

bool DiskTaker::Plan() {
  while (planned_bytes_ < kMaxChunkSizeBytes) {
    if (!next_.has_value()) next_ = NextPart();
    if (!next_.has_value() || IsLeftOut(*next_)) break;
    const bool alone = next_->size_bytes >= kReadAloneBytes;
    if (!planned_.empty() && (alone || planned_bytes_ + next_->size_bytes > kMaxChunkSizeBytes)) break;
    planned_bytes_ += next_->size_bytes;
    planned_.push_back(*std::exchange(next_, std::nullopt));
    if (alone) break;
  }
  return !planned_.empty();
}

absl::Status DiskTaker::ReadOn() {
  while (true) {
    if (planned_.empty()) HOZEN_RETURN_IF_ERROR(PassHoles());
    if (Plan()) {
      HOZEN_RETURN_IF_ERROR(TakePlanned());
      if (early_.has_value()) return absl::OkStatus();
      continue;
    }
    if (!next_.has_value()) return absl::OkStatus();
    HOZEN_RETURN_IF_ERROR(PassOver(*std::exchange(next_, std::nullopt)));
  }
}

absl::Status DiskTaker::PassOver(const CutPart& part) {
  reader_.Skip(part.size_bytes);
  if (!only_valuable_) HOZEN_RETURN_IF_ERROR(pace_.Poll());
  return AddPiece(Piece::NotAcquired(part.size_bytes), {part});
}

absl::Status DiskTaker::PassHoles() {
  if (!next_.has_value()) next_ = NextPart();
  if (!next_.has_value() || next_->size_bytes < kLeastHoleBytes) return absl::OkStatus();
  const uint64_t hole = source_.ZerosAt(reader_.offset_bytes());
  uint64_t size = 0;
  std::vector<CutPart> parts;
  while (next_.has_value() && next_->whole && !IsLeftOut(*next_) && next_->size_bytes <= hole - size) {
    size += next_->size_bytes;
    parts.push_back(*next_);
    next_ = NextPart();
  }
  if (size == 0) return absl::OkStatus();
  if (!only_valuable_) HOZEN_RETURN_IF_ERROR(pace_.Poll());
  reader_.Skip(size);
  return AddPiece(Piece::Zeros(size), std::move(parts));
}

absl::Status DiskTaker::TakePlanned() {
  uint64_t size = planned_bytes_;
  const absl::Status may = MayGoOn(size);
  if (early_.has_value()) return absl::OkStatus();
  absl::StatusOr<std::optional<Piece>> got = may.ok() ? reader_.Next(size) : may;
  // Even for what is worth most there is no time any more.
  if (only_valuable_ && absl::IsDeadlineExceeded(got.status())) return PassOverRest();
  HOZEN_ASSIGN_OR_RETURN(std::optional<Piece> piece, std::move(got));
  if (!piece.has_value()) return absl::InternalError("the disk ended before its size");
  const uint64_t read = piece->size_bytes;
  const bool was_read = piece->kind == Piece::Kind::kBytes;
  std::vector<CutPart> parts = TakeParts(read);
  for (const CutPart& part : parts) {
    if (part.rank != 0) valuable_left_ -= std::min(valuable_left_, part.size_bytes);
  }
  taken_bytes_ += read;
  HOZEN_RETURN_IF_ERROR(AddPiece(*std::move(piece), std::move(parts)));
  if (!was_read) return absl::OkStatus();
  // What was read is paid for before the next read.
  return only_valuable_ ? absl::OkStatus() : pace_.BeforeRead(read);
}

std::vector<CutPart> DiskTaker::TakeParts(uint64_t size_bytes) {
  std::vector<CutPart> parts;
  planned_bytes_ -= size_bytes;
  while (size_bytes > 0) {
    CutPart& first = planned_.front();
    if (first.size_bytes <= size_bytes) {
      size_bytes -= first.size_bytes;
      parts.push_back(first);
      planned_.pop_front();
      continue;
    }
    // A fault in the middle, or a limit: the rest of the chunk, if it comes, is another part of it.
    CutPart head = first;
    head.size_bytes = size_bytes;
    head.whole = false;
    head.last = false;
    parts.push_back(head);
    first.size_bytes -= size_bytes;
    first.position += size_bytes;
    first.whole = false;
    size_bytes = 0;
  }
  return parts;
}

absl::Status DiskTaker::AddPiece(Piece piece, std::vector<CutPart> parts) {
  const uint64_t size = piece.size_bytes;
  HOZEN_RETURN_IF_ERROR(pipeline_.AddCut(std::move(piece), parts, clock_.NowUnixNs() / 1'000'000));
  on_read_(size);
  return absl::OkStatus();
}

absl::Status DiskTaker::MayGoOn(uint64_t& size_bytes) {
  if (only_valuable_) return pace_.BeforeReadPastEarlyEnd(size_bytes);
  const uint64_t kept = std::min(options_.most_bytes, taken_bytes_ + valuable_left_);
  const uint64_t allowed = options_.most_bytes - kept;
  // What is valuable has its share already.
  const bool is_valuable = planned_.front().rank != 0;
  if (allowed == 0 && !is_valuable) {
    early_ = MakeFailure(v1::CAUSE_LIMIT_TOTAL_BYTES, options_.limit_detail);
    return absl::OkStatus();
  }
  if (!is_valuable) size_bytes = std::min(size_bytes, allowed);
  if (valuable_left_ > 0 && clock_.Now() + TimeForValuable() >= pace_.deadline()) {
    early_ = MakeFailure(v1::CAUSE_DEADLINE,
                         Concat("the plan's deadline, ", absl::FormatTime(pace_.deadline(), absl::UTCTimeZone()),
                                ", was near, and ", valuable_left_, " bytes worth most were still to be read"));
    return absl::OkStatus();
  }
  return pace_.BeforeRead(0);
}

absl::Duration DiskTaker::TimeForValuable() const {
  const double elapsed_s = absl::ToDoubleSeconds(clock_.Monotonic() - began_);
  if (taken_bytes_ == 0 || elapsed_s <= 0) return absl::ZeroDuration();
  const double bytes_per_s = static_cast<double>(taken_bytes_) / elapsed_s;
  const absl::Duration needed = absl::Seconds(static_cast<double>(valuable_left_) / bytes_per_s * kReserveFactor);
  // A collector that pauses makes reading look slow; that must not end it long before its time.
  return std::min(kLeastReserve + needed, most_reserve_);
}

}  // namespace hozen
