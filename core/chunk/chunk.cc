#include "core/chunk/chunk.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <cstring>

#include "absl/status/status.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/per_thread.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

struct ZstdDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

[[noreturn]] void Fatal(std::string_view what) {
  Log(Severity::kError, what);
  std::abort();
}

// Contexts and scratch space are made once a thread: they cost more than a small chunk does.
ZSTD_CCtx* Compressor() {
  static auto& contexts = *new PerThread<ZSTD_CCtx, ZstdDeleter>(&ZSTD_createCCtx);
  ZSTD_CCtx* const context = contexts.Get();
  if (context == nullptr) Fatal("no memory for a zstd compressor");
  return context;
}

ZSTD_DCtx* Decompressor() {
  static auto& contexts = *new PerThread<ZSTD_DCtx, ZstdDeleter>(&ZSTD_createDCtx);
  ZSTD_DCtx* const context = contexts.Get();
  if (context == nullptr) Fatal("no memory for a zstd decompressor");
  return context;
}

char* Scratch() {
  using Frame = std::array<char, kMaxFrameSizeBytes>;
  static auto& frames = *new PerThread<Frame>([] { return new Frame; });
  Frame* const frame = frames.Get();
  if (frame == nullptr) Fatal("no memory for a chunk's frame");
  return frame->data();
}

absl::Status CheckSizes(uint32_t size_bytes, std::string_view frame) {
  if (size_bytes == 0 || size_bytes > kMaxChunkSizeBytes) {
    return absl::InvalidArgumentError(Concat("a chunk is 1 to ", kMaxChunkSizeBytes, " bytes long, not ", size_bytes));
  }
  if (frame.size() > kMaxFrameSizeBytes) {
    return absl::InvalidArgumentError(
        Concat("a chunk's frame is at most ", kMaxFrameSizeBytes, " bytes long, not ", frame.size()));
  }
  return absl::OkStatus();
}

// That `frame` is one zstd frame, whole, with nothing behind it, that declares size_bytes of content.
absl::Status CheckFrame(uint32_t size_bytes, std::string_view frame) {
  // Skippable frames and those of zstd's old versions have other numbers.
  static constexpr unsigned char kMagic[] = {0x28, 0xB5, 0x2F, 0xFD};
  if (frame.size() < sizeof(kMagic) || std::memcmp(frame.data(), kMagic, sizeof(kMagic)) != 0) {
    return absl::DataLossError("a chunk's frame is not zstd's");
  }
  const size_t frame_size = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
  if (ZSTD_isError(frame_size)) {
    return absl::DataLossError(Concat("a chunk's frame is damaged: ", ZSTD_getErrorName(frame_size)));
  }
  if (frame_size != frame.size()) {
    return absl::DataLossError(Concat(frame.size() - frame_size, " bytes stand behind a chunk's frame"));
  }
  const unsigned long long declared = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (declared != size_bytes) {
    return absl::DataLossError(Concat("a chunk's frame does not declare the ", size_bytes, " bytes that it should"));
  }
  return absl::OkStatus();
}

// Fills `plaintext`, which has room for size_bytes, with bytes that have the digest.
absl::Status Unpack(const Digest& sha256, uint32_t size_bytes, std::string_view frame, char* plaintext) {
  const size_t unpacked = ZSTD_decompressDCtx(Decompressor(), plaintext, size_bytes, frame.data(), frame.size());
  if (ZSTD_isError(unpacked)) {
    return absl::DataLossError(Concat("a chunk's frame is damaged: ", ZSTD_getErrorName(unpacked)));
  }
  if (unpacked != size_bytes) {
    return absl::DataLossError(Concat("a chunk's frame holds ", unpacked, " bytes, not ", size_bytes));
  }
  const Digest computed = Sha256::Of({plaintext, size_bytes});
  if (computed != sha256) {
    return absl::DataLossError(Concat("a chunk's bytes have the SHA-256 ", computed.ToHex(), ", not ", sha256.ToHex()));
  }
  return absl::OkStatus();
}

// From this size on it pays to look first.
constexpr size_t kLeastProbedBytes = 128 << 10;
constexpr size_t kProbeBytes = 8 << 10;
constexpr size_t kMaxBlockBytes = 128 << 10;  // RFC 8878, section 3.1.1.2.4

// Does zstd gain less than 1/32 on pieces from the beginning, the middle and the end? What is compressed or encrypted
// already looks alike everywhere, and packing it again costs as much as packing what shrinks.
bool LooksIncompressible(std::string_view bytes, int level) {
  if (bytes.size() < kLeastProbedBytes) return false;
  for (const size_t at : {size_t{0}, (bytes.size() - kProbeBytes) / 2, bytes.size() - kProbeBytes}) {
    const size_t packed =
        ZSTD_compressCCtx(Compressor(), Scratch(), kMaxFrameSizeBytes, bytes.data() + at, kProbeBytes, level);
    if (ZSTD_isError(packed) || packed < kProbeBytes - kProbeBytes / 32) return false;
  }
  return true;
}

void AppendLittleEndian(uint64_t number, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

// A frame of raw blocks (RFC 8878, sections 3.1.1.1 and 3.1.1.2): one segment, its size in four bytes, no checksum.
std::string RawFrame(std::string_view bytes) {
  std::string frame;
  frame.reserve(bytes.size() + bytes.size() / kMaxBlockBytes * 3 + 16);
  AppendLittleEndian(0xFD2FB528, 4, frame);
  AppendLittleEndian(0xA0, 1, frame);
  AppendLittleEndian(bytes.size(), 4, frame);
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), kMaxBlockBytes);
    const bool last = size == bytes.size();
    AppendLittleEndian(size << 3 | (last ? 1 : 0), 3, frame);
    frame += bytes.substr(0, size);
    bytes.remove_prefix(size);
  }
  return frame;
}

}  // namespace

PlainChunk MakePlainChunk(std::string bytes) {
  return MakePlainChunk(std::make_shared<const std::string>(std::move(bytes)));
}

PlainChunk MakePlainChunk(std::shared_ptr<const std::string> bytes) {
  assert(!bytes->empty() && bytes->size() <= kMaxChunkSizeBytes);
  const Digest sha256 = Sha256::Of(*bytes);
  return {sha256, std::move(bytes)};
}

absl::StatusOr<VerifiedChunk> VerifiedChunk::FromFrame(const Digest& sha256, uint32_t size_bytes, std::string frame) {
  HOZEN_RETURN_IF_ERROR(CheckSizes(size_bytes, frame));
  HOZEN_RETURN_IF_ERROR(CheckFrame(size_bytes, frame));
  HOZEN_RETURN_IF_ERROR(Unpack(sha256, size_bytes, frame, Scratch()));
  return VerifiedChunk(sha256, size_bytes, std::move(frame));
}

VerifiedChunk VerifiedChunk::FromPlain(const PlainChunk& chunk, int level) {
  const std::string& bytes = *chunk.bytes;
  assert(!bytes.empty() && bytes.size() <= kMaxChunkSizeBytes);
  if (LooksIncompressible(bytes, level)) {
    return VerifiedChunk(chunk.sha256, static_cast<uint32_t>(bytes.size()), RawFrame(bytes));
  }
  // Declares the content's size and adds no checksum: the digest is a better one.
  const size_t size = ZSTD_compressCCtx(Compressor(), Scratch(), kMaxFrameSizeBytes, bytes.data(), bytes.size(), level);
  if (ZSTD_isError(size)) Fatal(Concat("zstd cannot pack a chunk: ", ZSTD_getErrorName(size)));
  return VerifiedChunk(chunk.sha256, static_cast<uint32_t>(bytes.size()), std::string(Scratch(), size));
}

absl::StatusOr<std::string> UnpackVerified(const Digest& sha256, uint32_t size_bytes, std::string_view frame) {
  HOZEN_RETURN_IF_ERROR(CheckSizes(size_bytes, frame));
  HOZEN_RETURN_IF_ERROR(CheckFrame(size_bytes, frame));
  std::string plaintext(size_bytes, '\0');
  HOZEN_RETURN_IF_ERROR(Unpack(sha256, size_bytes, frame, plaintext.data()));
  return plaintext;
}

bool IsAllZero(std::string_view bytes) {
  // Zero at the start, and every byte equal to the one before it.
  return bytes.empty() || (bytes.front() == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace hozen
