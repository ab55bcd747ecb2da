// An AFF4 ImageStream: chunks of 32 KiB, packed one by one, in bevies, with the hash of each.
#ifndef HOZEN_TOOLS_IMAGES_AFF4_STREAM_WRITER_H_
#define HOZEN_TOOLS_IMAGES_AFF4_STREAM_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/crypto/legacy_digest.h"
#include "core/crypto/sha256.h"
#include "tools/images/stored_zip.h"

namespace hozen {

// Thread-compatible. `zip` must outlive it; no member of it may be open between calls but the bevy, so that others
// write theirs once Finish was called. Memory: a bevy's index and hashes.
class Aff4StreamWriter {
 public:
  static constexpr uint32_t kChunkBytes = 32 << 10;
  static constexpr uint32_t kChunksInBevy = 2048;

  Aff4StreamWriter(std::string urn, StoredZip& zip) : urn_(std::move(urn)), zip_(zip) {}

  absl::Status Write(std::string_view bytes);
  // Fills the last chunk up with zeros, which are bytes of the stream: readers differ in whether the hash of a shorter
  // chunk is of it with its padding.
  absl::Status Finish();

  // Of all that was written; after Finish a whole number of chunks.
  uint64_t size_bytes() const { return size_bytes_; }

  // SHA-256 of all chunks' hashes, one behind the other. Call once each, after Finish.
  Digest Md5BlockHashes() { return md5_hashes_hash_.Finish(); }
  Digest Sha1BlockHashes() { return sha1_hashes_hash_.Finish(); }

 private:
  absl::Status AddChunk(std::string_view chunk);
  absl::Status EndBevy();
  std::string Name(std::string_view extension) const;

  const std::string urn_;
  StoredZip& zip_;
  std::string pending_;  // less than a chunk
  std::string packed_;   // memory to pack into
  uint64_t size_bytes_ = 0;
  // Of the bevy that is being written:
  std::string index_;
  std::string md5s_;
  std::string sha1s_;
  uint64_t bevy_bytes_ = 0;
  uint64_t bevies_ = 0;
  Sha256 md5_hashes_hash_;
  Sha256 sha1_hashes_hash_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_AFF4_STREAM_WRITER_H_
