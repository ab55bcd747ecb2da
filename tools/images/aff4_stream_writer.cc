#include "tools/images/aff4_stream_writer.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "tools/images/aff4_names.h"
#include "tools/images/little_endian.h"

namespace hozen {
namespace {

// As the standard advises: what packing gains less than this by is kept as it is.
constexpr size_t kLeastGain = 16;
constexpr size_t kIndexEntryBytes = 12;

std::string HashOf(LegacyDigest::Kind kind, std::string_view bytes) {
  LegacyDigest digest(kind);
  digest.Update(bytes);
  return digest.Finish();
}

}  // namespace

absl::Status Aff4StreamWriter::Write(std::string_view bytes) {
  size_bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (pending_.empty() && bytes.size() >= kChunkBytes) {
      HOZEN_RETURN_IF_ERROR(AddChunk(bytes.substr(0, kChunkBytes)));
      bytes.remove_prefix(kChunkBytes);
      continue;
    }
    const size_t more = std::min(kChunkBytes - pending_.size(), bytes.size());
    pending_.append(bytes.substr(0, more));
    bytes.remove_prefix(more);
    if (pending_.size() < kChunkBytes) continue;
    HOZEN_RETURN_IF_ERROR(AddChunk(pending_));
    pending_.clear();
  }
  return absl::OkStatus();
}

absl::Status Aff4StreamWriter::Finish() {
  if (!pending_.empty()) {
    size_bytes_ += kChunkBytes - pending_.size();
    pending_.resize(kChunkBytes);
    HOZEN_RETURN_IF_ERROR(AddChunk(std::exchange(pending_, {})));
  }
  return EndBevy();
}

absl::Status Aff4StreamWriter::AddChunk(std::string_view chunk) {
  packed_.resize(compressBound(kChunkBytes));
  uLongf packed_bytes = packed_.size();
  if (compress2(reinterpret_cast<Bytef*>(packed_.data()), &packed_bytes, reinterpret_cast<const Bytef*>(chunk.data()),
                chunk.size(), Z_BEST_SPEED) != Z_OK) {
    return absl::ResourceExhaustedError("zlib: out of memory");
  }
  // A chunk's length tells whether it is packed.
  const std::string_view kept =
      packed_bytes < kChunkBytes - kLeastGain ? std::string_view(packed_).substr(0, packed_bytes) : chunk;
  if (index_.empty()) HOZEN_RETURN_IF_ERROR(zip_.Begin(Name("")));
  PutLittleEndian(bevy_bytes_, index_);
  PutLittleEndian(static_cast<uint32_t>(kept.size()), index_);
  md5s_ += HashOf(LegacyDigest::Kind::kMd5, chunk);
  sha1s_ += HashOf(LegacyDigest::Kind::kSha1, chunk);
  bevy_bytes_ += kept.size();
  HOZEN_RETURN_IF_ERROR(zip_.Write(kept));
  return index_.size() == kChunksInBevy * kIndexEntryBytes ? EndBevy() : absl::OkStatus();
}

absl::Status Aff4StreamWriter::EndBevy() {
  if (index_.empty()) return absl::OkStatus();
  HOZEN_RETURN_IF_ERROR(zip_.End());
  HOZEN_RETURN_IF_ERROR(zip_.Add(Name(".index"), index_));
  HOZEN_RETURN_IF_ERROR(zip_.Add(Name(".blockHash.md5"), md5s_));
  HOZEN_RETURN_IF_ERROR(zip_.Add(Name(".blockHash.sha1"), sha1s_));
  md5_hashes_hash_.Update(md5s_);
  sha1_hashes_hash_.Update(sha1s_);
  index_.clear();
  md5s_.clear();
  sha1s_.clear();
  bevy_bytes_ = 0;
  ++bevies_;
  return absl::OkStatus();
}

std::string Aff4StreamWriter::Name(std::string_view extension) const {
  return Aff4MemberName(urn_, Concat(Aff4BevyName(bevies_), extension));
}

}  // namespace hozen
