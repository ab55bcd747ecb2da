#include "core/evidence/map.h"

#include <limits>
#include <string>
#include <utility>

#include "core/base/concat.h"
#include "core/chunk/chunk.h"

namespace hozen {
namespace {

v1::Extent PlainExtent(v1::Extent::Kind kind, uint64_t size_bytes) {
  v1::Extent extent;
  extent.set_kind(kind);
  extent.set_size_bytes(size_bytes);
  return extent;
}

bool CanJoin(const v1::Extent& last, const v1::Extent& next) {
  if (last.kind() != next.kind() || last.size_bytes() > std::numeric_limits<uint64_t>::max() - next.size_bytes()) {
    return false;
  }
  switch (last.kind()) {
    case v1::Extent::KIND_ZEROS:
    case v1::Extent::KIND_NOT_ACQUIRED:
      return true;
    case v1::Extent::KIND_UNREADABLE:
      return last.failure().cause() == next.failure().cause();
    default:
      return false;
  }
}

absl::Status CheckChunkRun(const v1::Extent& extent) {
  if (extent.chunk_sha256().size() != Digest::kSizeBytes) {
    return absl::InvalidArgumentError(
        Concat("a run names its chunk with ", extent.chunk_sha256().size(), " bytes instead of 32"));
  }
  if (extent.chunk_offset_bytes() >= kMaxChunkSizeBytes ||
      extent.size_bytes() > kMaxChunkSizeBytes - extent.chunk_offset_bytes()) {
    return absl::InvalidArgumentError(Concat("a run of ", extent.size_bytes(), " bytes at offset ",
                                             extent.chunk_offset_bytes(), " leads out of the largest chunk"));
  }
  return absl::OkStatus();
}

}  // namespace

v1::Extent ChunkExtent(const Digest& sha256, uint32_t size_bytes, uint32_t chunk_offset_bytes) {
  v1::Extent extent = PlainExtent(v1::Extent::KIND_CHUNK, size_bytes);
  extent.set_chunk_sha256(std::string(sha256.bytes()));
  extent.set_chunk_offset_bytes(chunk_offset_bytes);
  return extent;
}

v1::Extent ZerosExtent(uint64_t size_bytes) { return PlainExtent(v1::Extent::KIND_ZEROS, size_bytes); }

v1::Extent UnreadableExtent(uint64_t size_bytes, v1::Failure failure) {
  v1::Extent extent = PlainExtent(v1::Extent::KIND_UNREADABLE, size_bytes);
  if (failure.detail().size() > kMaxRunDetailSizeBytes) failure.mutable_detail()->resize(kMaxRunDetailSizeBytes);
  *extent.mutable_failure() = std::move(failure);
  return extent;
}

v1::Extent NotAcquiredExtent(uint64_t size_bytes) { return PlainExtent(v1::Extent::KIND_NOT_ACQUIRED, size_bytes); }

void AppendExtent(v1::Extent extent, ExtentList& extents) {
  if (!extents.empty()) {
    v1::Extent& last = *extents.rbegin();
    if (CanJoin(last, extent)) {
      last.set_size_bytes(last.size_bytes() + extent.size_bytes());
      return;
    }
  }
  *extents.Add() = std::move(extent);
}

uint64_t SizeOf(const ExtentList& extents) {
  uint64_t size_bytes = 0;
  for (const v1::Extent& extent : extents) {
    if (__builtin_add_overflow(size_bytes, extent.size_bytes(), &size_bytes)) {
      return std::numeric_limits<uint64_t>::max();
    }
  }
  return size_bytes;
}

absl::Status CheckExtent(const v1::Extent& extent) {
  if (extent.kind() == v1::Extent::KIND_UNSPECIFIED || !v1::Extent::Kind_IsValid(extent.kind())) {
    return absl::InvalidArgumentError(Concat("a run is of the unknown kind ", static_cast<int>(extent.kind())));
  }
  if (extent.size_bytes() == 0) return absl::InvalidArgumentError("a run is 0 bytes long");
  const bool is_chunk = extent.kind() == v1::Extent::KIND_CHUNK;
  if (!is_chunk && (!extent.chunk_sha256().empty() || extent.chunk_offset_bytes() != 0)) {
    return absl::InvalidArgumentError("a run that is no chunk's names a chunk");
  }
  if (extent.has_failure() != (extent.kind() == v1::Extent::KIND_UNREADABLE)) {
    return absl::InvalidArgumentError(extent.has_failure() ? "a run that was read carries a failure"
                                                           : "an unreadable run does not say why");
  }
  return is_chunk ? CheckChunkRun(extent) : absl::OkStatus();
}

}  // namespace hozen
