// A chunk: up to 1 MiB of plaintext named by its SHA-256, and the zstd frame (RFC 8878) that it travels and rests in.
#ifndef HOZEN_CORE_CHUNK_CHUNK_H_
#define HOZEN_CORE_CHUNK_CHUNK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "core/crypto/sha256.h"

namespace hozen {

inline constexpr uint32_t kMaxChunkSizeBytes = 1 << 20;
// ZSTD_COMPRESSBOUND of the largest chunk: no honest frame is longer.
inline constexpr uint32_t kMaxFrameSizeBytes = kMaxChunkSizeBytes + (kMaxChunkSizeBytes >> 8) + 64;

// Plaintext with its name. Copies share the bytes.
struct PlainChunk {
  Digest sha256;
  std::shared_ptr<const std::string> bytes;
};

// Hashes `bytes`, which must be 1 to kMaxChunkSizeBytes long.
PlainChunk MakePlainChunk(std::string bytes);
PlainChunk MakePlainChunk(std::shared_ptr<const std::string> bytes);

// A frame whose plaintext was seen to have the digest: it can be made in no other way, so whoever holds one need not
// ask again. Movable.
class VerifiedChunk {
 public:
  // Unpacks the frame into at most size_bytes and hashes what comes out. InvalidArgument for a size of 0 or over the
  // limit or a frame over its limit; DataLoss where the frame is damaged, has another size or another digest, or has
  // bytes behind it.
  static absl::StatusOr<VerifiedChunk> FromFrame(const Digest& sha256, uint32_t size_bytes, std::string frame);
  // Packs plaintext. Bytes that zstd cannot shrink become a frame of raw blocks.
  static VerifiedChunk FromPlain(const PlainChunk& chunk, int level);

  const Digest& sha256() const { return sha256_; }
  uint32_t size_bytes() const { return size_bytes_; }
  const std::string& frame() const { return frame_; }
  std::string ReleaseFrame() && { return std::move(frame_); }

 private:
  VerifiedChunk(const Digest& sha256, uint32_t size_bytes, std::string frame)
      : sha256_(sha256), size_bytes_(size_bytes), frame_(std::move(frame)) {}
  Digest sha256_;
  uint32_t size_bytes_;
  std::string frame_;
};

// As VerifiedChunk::FromFrame, for whoever wants the plaintext.
absl::StatusOr<std::string> UnpackVerified(const Digest& sha256, uint32_t size_bytes, std::string_view frame);

bool IsAllZero(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_CORE_CHUNK_CHUNK_H_
