#include "agent/run/chunk_assembly.h"

#include <algorithm>

namespace hozen {

void ChunkAssembly::Add(uint64_t position, std::shared_ptr<const std::string> bytes) {
  size_bytes_ += bytes->size();
  parts_.push_back({.position = position, .bytes = std::move(bytes), .offset_bytes = 0});
}

void ChunkAssembly::Hash() {
  std::sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) { return a.position < b.position; });
  all_zero_ = std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return IsAllZero(*part.bytes); });
  std::shared_ptr<const std::string> bytes;
  if (parts_.size() == 1) {
    bytes = std::move(parts_.front().bytes);
  } else {
    std::string together;
    if (!all_zero_) together.reserve(size_bytes_);
    uint32_t offset = 0;
    for (Part& part : parts_) {
      part.offset_bytes = offset;
      offset += static_cast<uint32_t>(part.bytes->size());
      if (!all_zero_) together += *part.bytes;
      part.bytes.reset();
    }
    bytes = std::make_shared<const std::string>(std::move(together));
  }
  if (!all_zero_) chunk_ = MakePlainChunk(std::move(bytes));
  hashed_.Notify();
}

uint32_t ChunkAssembly::OffsetOf(uint64_t position) const {
  const auto found = std::lower_bound(parts_.begin(), parts_.end(), position,
                                      [](const Part& part, uint64_t wanted) { return part.position < wanted; });
  return found == parts_.end() ? 0 : found->offset_bytes;
}

}  // namespace hozen
