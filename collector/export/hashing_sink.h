// Passes a stream on and hashes it on the way.
#ifndef HOZEN_COLLECTOR_EXPORT_HASHING_SINK_H_
#define HOZEN_COLLECTOR_EXPORT_HASHING_SINK_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "collector/export/stored_evidence.h"
#include "core/crypto/sha256.h"

namespace hozen {

// Thread-compatible. `next` must outlive it.
class HashingSink : public StreamSink {
 public:
  explicit HashingSink(StreamSink& next) : next_(next) {}

  absl::Status Data(std::string_view bytes) override;
  absl::Status Zeros(uint64_t size_bytes) override;

  uint64_t size_bytes() const { return size_bytes_; }
  // Ends the computation; DataLoss unless size and SHA-256 are the item's. Call nothing else afterwards.
  absl::Status Check(const v1::Item& item);
  // Ends the computation.
  Digest Finish() { return hash_.Finish(); }

 private:
  StreamSink& next_;
  Sha256 hash_;
  uint64_t size_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_HASHING_SINK_H_
