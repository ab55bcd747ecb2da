// Reads a stream in pieces, and finds its way around what cannot be read.
#ifndef HOZEN_AGENT_RUN_PIECE_READER_H_
#define HOZEN_AGENT_RUN_PIECE_READER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/bytes/source.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// The next run of a stream, and what is known of it.
struct Piece {
  enum class Kind {
    kBytes,        // `bytes` were read
    kZeros,        // known to be zero, and not read
    kUnreadable,   // `failure` says why
    kNotAcquired,  // the plan leaves it out
  };
  static Piece Read(std::string bytes) {
    const uint64_t size_bytes = bytes.size();
    return {.kind = Kind::kBytes, .bytes = std::move(bytes), .size_bytes = size_bytes, .failure = std::nullopt};
  }
  static Piece Zeros(uint64_t size_bytes) {
    return {.kind = Kind::kZeros, .bytes = "", .size_bytes = size_bytes, .failure = std::nullopt};
  }
  static Piece Unreadable(uint64_t size_bytes, v1::Failure failure) {
    return {.kind = Kind::kUnreadable, .bytes = "", .size_bytes = size_bytes, .failure = std::move(failure)};
  }
  static Piece NotAcquired(uint64_t size_bytes) {
    return {.kind = Kind::kNotAcquired, .bytes = "", .size_bytes = size_bytes, .failure = std::nullopt};
  }

  Kind kind = Kind::kBytes;
  std::string bytes;
  uint64_t size_bytes = 0;
  std::optional<v1::Failure> failure;
};

struct PieceReaderOptions {
  uint64_t offset_bytes = 0;         // where to start
  bool until_end = true;             // else to the source's size
  uint64_t expected_size_bytes = 0;  // until_end: what to expect
  uint32_t smallest_bytes = 4096;    // an unreadable run is not looked into any further than this; a power of two
  bool aligned = true;               // pieces never cross a multiple of kMaxChunkSizeBytes
  // Asked before each attempt around a fault, because a failing disk takes its time: an error ends the reading.
  std::function<absl::Status()> poll;
};

// Thread-compatible. Pieces are at most kMaxChunkSizeBytes long, but for those that could not be read.
class PieceReader {
 public:
  // `source` must outlive it.
  PieceReader(Source& source, PieceReaderOptions options);

  // The next piece, at most `most_bytes` long (above 0); nullopt at the end. Errors are those of `poll`.
  absl::StatusOr<std::optional<Piece>> Next(uint64_t most_bytes);

  // Goes on behind the next size_bytes, which nobody wants to have read. Only between pieces that were asked for whole.
  void Skip(uint64_t size_bytes);
  // After the end: why the stream ended before its time. Faults that were got around are in the pieces.
  const std::optional<v1::Failure>& failure() const { return failure_; }
  // Where the next piece starts.
  uint64_t offset_bytes() const { return offset_bytes_; }
  // Is there nothing behind offset_bytes()? May read a byte to find out.
  bool AtEnd();

 private:
  // Reads [offset, + size) into pieces_ by halves: what can be read, and what cannot.
  absl::Status ReadAround(uint64_t offset_bytes, uint64_t size_bytes, const absl::Status& error);
  void AppendBytes(std::string bytes);
  void OnDeviceGone(const absl::Status& error);
  void EndAtFault(const absl::Status& error);
  absl::StatusOr<std::string> Read(uint64_t offset_bytes, uint64_t size_bytes);
  Piece TakePiece();

  Source& source_;
  const PieceReaderOptions options_;
  const uint64_t known_end_;  // of the part that surely belongs to the stream
  uint64_t offset_bytes_;
  bool ended_ = false;
  bool around_ended_ = false;  // ReadAround met the end
  std::deque<Piece> pieces_;
  std::optional<v1::Failure> failure_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_PIECE_READER_H_
