#include "agent/run/piece_reader.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/acquire/failure.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"

namespace hozen {
namespace {

bool SameFault(const Piece& a, const Piece& b) {
  return a.failure.has_value() && b.failure.has_value() && a.failure->cause() == b.failure->cause() &&
         a.failure->system_error() == b.failure->system_error();
}

v1::Failure FaultOf(const absl::Status& error) {
  v1::Failure failure = FailureOf(error);
  if (absl::IsAborted(error)) failure.set_cause(v1::CAUSE_READER_DIED);
  return failure;
}

bool IsGone(const absl::Status& error) {
  const int number = SystemErrorOf(error);
  return number == ENODEV || number == ENXIO;
}

}  // namespace

PieceReader::PieceReader(Source& source, PieceReaderOptions options)
    : source_(source),
      options_(std::move(options)),
      known_end_(options_.until_end ? options_.expected_size_bytes : source.size_bytes()),
      offset_bytes_(options_.offset_bytes) {}

absl::StatusOr<std::string> PieceReader::Read(uint64_t offset_bytes, uint64_t size_bytes) {
  HOZEN_ASSIGN_OR_RETURN(std::string bytes, source_.Read(offset_bytes, size_bytes));
  // A short file must not keep a long buffer alive until it is acknowledged.
  if (bytes.capacity() > 2 * bytes.size() + 64) bytes.shrink_to_fit();
  return bytes;
}

Piece PieceReader::TakePiece() {
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  offset_bytes_ += piece.size_bytes;
  return piece;
}

absl::StatusOr<std::optional<Piece>> PieceReader::Next(uint64_t most_bytes) {
  if (!pieces_.empty()) {
    Piece& next = pieces_.front();
    if (next.size_bytes <= most_bytes) return TakePiece();
    Piece first = next;
    first.size_bytes = most_bytes;
    if (!first.failure.has_value()) first.bytes.resize(most_bytes);
    next.size_bytes -= most_bytes;
    if (!next.failure.has_value()) next.bytes.erase(0, most_bytes);
    offset_bytes_ += most_bytes;
    return first;
  }
  if (ended_) return std::nullopt;
  if (!options_.until_end && offset_bytes_ >= known_end_) {
    ended_ = true;
    return std::nullopt;
  }
  uint64_t size = std::min<uint64_t>(most_bytes, kMaxChunkSizeBytes);
  if (options_.aligned) size = std::min(size, kMaxChunkSizeBytes - offset_bytes_ % kMaxChunkSizeBytes);
  if (!options_.until_end) {
    size = std::min(size, known_end_ - offset_bytes_);
  } else if (offset_bytes_ < known_end_) {
    // One byte more than there should be, so that a short answer shows the end without another read.
    size = std::min(size, known_end_ - offset_bytes_ + 1);
  } else {
    size = std::min<uint64_t>(size, 64 << 10);
  }
  absl::StatusOr<std::string> bytes = Read(offset_bytes_, size);
  if (bytes.ok()) {
    // Of a stream that nobody knows the size of, a short answer may stand before an error: what makes it has failed.
    const bool may_fail_yet = options_.until_end && known_end_ == 0 && !bytes->empty();
    if (bytes->size() < size && !may_fail_yet) {
      ended_ = true;
      if (!options_.until_end) {
        // The disk is shorter than it said: what is missing is unreadable, and it is in the map.
        v1::Failure missing = MakeFailure(
            v1::CAUSE_IO_ERROR, Concat("no bytes behind offset ", offset_bytes_ + bytes->size(), " of ", known_end_));
        const uint64_t rest = known_end_ - offset_bytes_ - bytes->size();
        AppendBytes(*std::move(bytes));
        pieces_.push_back(Piece::Unreadable(rest, std::move(missing)));
        return Next(most_bytes);
      }
    }
    if (bytes->empty()) return std::nullopt;
    offset_bytes_ += bytes->size();
    return Piece::Read(*std::move(bytes));
  }
  const absl::Status error = bytes.status();
  if (options_.until_end && (!absl::IsDataLoss(error) || offset_bytes_ >= known_end_)) {
    // Not a bad sector but a file that will not be read, or a fault where nobody knows whether the file goes on.
    failure_ = FaultOf(error);
    ended_ = true;
    return std::nullopt;
  }
  if (IsGone(error)) {
    OnDeviceGone(error);
    return Next(most_bytes);
  }
  const uint64_t around = options_.until_end ? std::min(size, known_end_ - offset_bytes_) : size;
  around_ended_ = false;
  HOZEN_RETURN_IF_ERROR(ReadAround(offset_bytes_, around, error));
  if (pieces_.empty()) EndAtFault(error);
  return Next(most_bytes);
}

// A source that fails when it is asked for much and has nothing when it is asked for little would be asked for ever.
void PieceReader::EndAtFault(const absl::Status& error) {
  ended_ = true;
  if (options_.until_end) {
    failure_ = FaultOf(error);
  } else {
    pieces_.push_back(Piece::Unreadable(known_end_ - offset_bytes_, FaultOf(error)));
  }
}

void PieceReader::OnDeviceGone(const absl::Status& error) {
  ended_ = true;
  v1::Failure gone = FaultOf(error);
  gone.set_cause(v1::CAUSE_IO_ERROR);
  pieces_.push_back(Piece::Unreadable(known_end_ - offset_bytes_, std::move(gone)));
}

absl::Status PieceReader::ReadAround(uint64_t offset_bytes, uint64_t size_bytes, const absl::Status& error) {
  if (options_.poll) HOZEN_RETURN_IF_ERROR(options_.poll());
  if (size_bytes <= options_.smallest_bytes) {
    Piece piece = Piece::Unreadable(size_bytes, FaultOf(error));
    if (!pieces_.empty() && SameFault(pieces_.back(), piece)) {
      pieces_.back().size_bytes += size_bytes;
    } else {
      pieces_.push_back(std::move(piece));
    }
    return absl::OkStatus();
  }
  // Halves that start at a multiple of the smallest run, so that every run of sectors is tried by itself in the end.
  uint64_t half = options_.smallest_bytes;
  while (half * 2 < size_bytes) half *= 2;
  for (const auto& [from, size] : {std::pair{offset_bytes, half}, std::pair{offset_bytes + half, size_bytes - half}}) {
    absl::StatusOr<std::string> bytes = Read(from, size);
    if (!bytes.ok()) {
      HOZEN_RETURN_IF_ERROR(ReadAround(from, size, bytes.status()));
    } else {
      around_ended_ = bytes->size() < size;
      AppendBytes(*std::move(bytes));
    }
    // The stream has become shorter than it was. What lies behind would stand in the wrong place; Next finds the end.
    if (around_ended_) return absl::OkStatus();
  }
  return absl::OkStatus();
}

void PieceReader::AppendBytes(std::string bytes) {
  if (bytes.empty()) return;
  if (!pieces_.empty() && !pieces_.back().failure.has_value()) {
    pieces_.back().bytes += bytes;
    pieces_.back().size_bytes += bytes.size();
    return;
  }
  pieces_.push_back(Piece::Read(std::move(bytes)));
}

void PieceReader::Skip(uint64_t size_bytes) {
  if (ended_ && pieces_.empty()) {
    offset_bytes_ += size_bytes;
    return;
  }
  // What was found out about a fault may reach further than what was wanted.
  while (size_bytes > 0 && !pieces_.empty()) {
    Piece& next = pieces_.front();
    const uint64_t size = std::min(size_bytes, next.size_bytes);
    next.size_bytes -= size;
    if (next.kind == Piece::Kind::kBytes) next.bytes.erase(0, size);
    if (next.size_bytes == 0) pieces_.pop_front();
    offset_bytes_ += size;
    size_bytes -= size;
  }
  offset_bytes_ += size_bytes;
}

bool PieceReader::AtEnd() {
  if (!pieces_.empty()) return false;
  if (ended_) return true;
  if (!options_.until_end) return offset_bytes_ >= known_end_;
  const absl::StatusOr<std::string> byte = Read(offset_bytes_, 1);
  return byte.ok() && byte->empty();
}

}  // namespace hozen
