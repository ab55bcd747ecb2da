#include "tools/hozen/range_check.h"

#include <algorithm>

#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"

namespace hozen {

absl::StatusOr<std::string> RangeCheck::Read(uint64_t stream_at, uint64_t size_bytes) {
  std::string bytes(static_cast<size_t>(size_bytes), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    const uint64_t at = stream_at - from_ + have;
    const auto got = image_.ReadAt(at, absl::MakeSpan(bytes.data() + have, bytes.size() - have));
    if (!got.ok()) {
      unreadable_at_ = at;
      return got.status();
    }
    if (*got == 0) return absl::DataLossError("the image ends early");
    have += *got;
  }
  return bytes;
}

void RangeCheck::Wrong(uint64_t stream_at) { wrong_at_ = std::min(stream_at, wrong_at_.value_or(stream_at)); }

absl::Status RangeCheck::FollowZeros(uint64_t stream_at, uint64_t size_bytes) {
  while (size_bytes > 0) {
    const uint64_t piece = std::min<uint64_t>(size_bytes, kMaxChunkSizeBytes);
    HOZEN_ASSIGN_OR_RETURN(const std::string bytes, Read(stream_at, piece));
    if (!IsAllZero(bytes)) Wrong(stream_at + bytes.find_first_not_of('\0'));
    stream_at += piece;
    size_bytes -= piece;
    on_progress_(stream_at - from_);
  }
  return absl::OkStatus();
}

absl::Status RangeCheck::FollowChunk(const v1::Extent& extent) {
  HOZEN_ASSIGN_OR_RETURN(const Digest sha256, Digest::FromBytes(extent.chunk_sha256()));
  if (extent.chunk_offset_bytes() == 0) {
    HOZEN_ASSIGN_OR_RETURN(const std::string bytes, Read(at_, extent.size_bytes()));
    if (Sha256::Of(bytes) == sha256) return absl::OkStatus();
  }
  // A part of a chunk, or wrong: that shows once all parts are known.
  pieced_[sha256].pieces.push_back(
      {.chunk_offset_bytes = extent.chunk_offset_bytes(), .size_bytes = extent.size_bytes(), .stream_at = at_});
  return absl::OkStatus();
}

absl::Status RangeCheck::Follow(const ExtentList& extents) {
  const uint64_t end = from_ + image_.size_bytes();
  for (const v1::Extent& extent : extents) {
    const uint64_t from = std::clamp(at_, from_, end);
    const uint64_t to = std::clamp(at_ + extent.size_bytes(), from_, end);
    if (from < to) {
      if (extent.kind() != v1::Extent::KIND_CHUNK) {
        HOZEN_RETURN_IF_ERROR(FollowZeros(from, to - from));
      } else if (to - from == extent.size_bytes()) {
        HOZEN_RETURN_IF_ERROR(FollowChunk(extent));
      } else {
        unproven_bytes_ += to - from;
      }
      on_progress_(to - from_);
    }
    at_ += extent.size_bytes();
  }
  return absl::OkStatus();
}

void RangeCheck::FollowAgain(const ExtentList& extents) {
  if (pieced_.empty()) return;
  for (const v1::Extent& extent : extents) {
    if (extent.kind() != v1::Extent::KIND_CHUNK) continue;
    const absl::StatusOr<Digest> sha256 = Digest::FromBytes(extent.chunk_sha256());
    const auto found = sha256.ok() ? pieced_.find(*sha256) : pieced_.end();
    if (found == pieced_.end()) continue;
    found->second.size_bytes =
        std::max<uint64_t>(found->second.size_bytes, extent.chunk_offset_bytes() + extent.size_bytes());
  }
}

absl::Status RangeCheck::Finish() {
  for (auto& [sha256, chunk] : pieced_) {
    std::sort(chunk.pieces.begin(), chunk.pieces.end(),
              [](const Piece& a, const Piece& b) { return a.chunk_offset_bytes < b.chunk_offset_bytes; });
    std::string bytes;
    uint64_t pieced_bytes = 0;
    uint64_t first_at = chunk.pieces.front().stream_at;
    for (const Piece& piece : chunk.pieces) {
      pieced_bytes += piece.size_bytes;
      first_at = std::min(first_at, piece.stream_at);
      if (piece.chunk_offset_bytes > bytes.size()) break;  // what is between is not in the image
      HOZEN_ASSIGN_OR_RETURN(const std::string more, Read(piece.stream_at, piece.size_bytes));
      // Pieces that say the same bytes twice must say the same.
      const size_t twice = std::min<size_t>(bytes.size() - piece.chunk_offset_bytes, more.size());
      if (bytes.compare(piece.chunk_offset_bytes, twice, more, 0, twice) != 0) Wrong(piece.stream_at);
      bytes.append(more, twice);
    }
    if (bytes.size() < chunk.size_bytes) {
      unproven_bytes_ += pieced_bytes;
    } else if (Sha256::Of(bytes) != sha256) {
      Wrong(first_at);
    }
  }
  return absl::OkStatus();
}

}  // namespace hozen
