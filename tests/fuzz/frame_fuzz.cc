// A chunk's frame, as a rogue agent may send it: what comes out verified has the digest it is named by.
#include <cstdlib>

#include "core/chunk/chunk.h"
#include "tests/fuzz/fuzz_target.h"

namespace {
const hozen::PlainChunk& Plain() {
  static const hozen::PlainChunk chunk = hozen::MakePlainChunk("the same words again, the same words again, and more");
  return chunk;
}
}  // namespace

std::vector<std::string> HozenFuzzSeeds() {
  return {hozen::VerifiedChunk::FromPlain(Plain(), 1).frame(), hozen::VerifiedChunk::FromPlain(Plain(), 19).frame()};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string frame(reinterpret_cast<const char*>(data), size);
  const auto plain_size = static_cast<uint32_t>(Plain().bytes->size());
  for (const uint32_t claimed : {plain_size, plain_size - 1, hozen::kMaxChunkSizeBytes, uint32_t{1}, ~uint32_t{0}}) {
    const auto plain = hozen::UnpackVerified(Plain().sha256, claimed, frame);
    if (plain.ok() && *plain != *Plain().bytes) std::abort();
  }
  return 0;
}
