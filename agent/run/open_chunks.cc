#include "agent/run/open_chunks.h"

#include <utility>

namespace hozen {

std::shared_ptr<ChunkAssembly> OpenChunks::Get(uint64_t number) {
  std::shared_ptr<ChunkAssembly>& chunk = by_number_[number];
  if (chunk == nullptr) {
    chunk = std::make_shared<ChunkAssembly>();
    numbers_.push_back(number);
  }
  return chunk;
}

std::shared_ptr<ChunkAssembly> OpenChunks::Take(uint64_t number) {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return nullptr;
  std::shared_ptr<ChunkAssembly> chunk = std::move(found->second);
  by_number_.erase(found);
  held_bytes_ -= chunk->size_bytes();
  if (by_number_.empty()) numbers_.clear();
  return chunk;
}

std::shared_ptr<ChunkAssembly> OpenChunks::TakeOldest() {
  while (!numbers_.empty()) {
    const uint64_t number = numbers_.front();
    numbers_.pop_front();
    if (std::shared_ptr<ChunkAssembly> chunk = Take(number)) return chunk;
  }
  return nullptr;
}

}  // namespace hozen
