// The map of a stream: runs of v1::Extent in order, without gaps.
#ifndef HOZEN_CORE_EVIDENCE_MAP_H_
#define HOZEN_CORE_EVIDENCE_MAP_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

using ExtentList = google::protobuf::RepeatedPtrField<v1::Extent>;

// A run keeps so much of its failure's detail, so that the longest map part stays below kMaxRecordSizeBytes.
inline constexpr size_t kMaxRunDetailSizeBytes = 128;

v1::Extent ChunkExtent(const Digest& sha256, uint32_t size_bytes, uint32_t chunk_offset_bytes = 0);
v1::Extent ZerosExtent(uint64_t size_bytes);
v1::Extent UnreadableExtent(uint64_t size_bytes, v1::Failure failure);
v1::Extent NotAcquiredExtent(uint64_t size_bytes);

// Appends, joining it to the last run where both are zeros, not acquired, or unreadable for the same cause.
void AppendExtent(v1::Extent extent, ExtentList& extents);

// The largest uint64_t where the sum is larger.
uint64_t SizeOf(const ExtentList& extents);

// What every reader asks of a run before it follows it: a known kind, a size above 0, a chunk's digest of 32 bytes and
// a range inside its largest size, a failure where it belongs and only there. InvalidArgument says what is wrong.
absl::Status CheckExtent(const v1::Extent& extent);

}  // namespace hozen

#endif  // HOZEN_CORE_EVIDENCE_MAP_H_
