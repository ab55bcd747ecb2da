// A stream of v1::StreamPart as it comes from the collector: handed on to a sink, hashed, and believed only once its
// end has come and agrees.
#ifndef HOZEN_TOOLS_HOZEN_STREAM_RECEIVER_H_
#define HOZEN_TOOLS_HOZEN_STREAM_RECEIVER_H_

#include <cstdint>
#include <ostream>
#include <string_view>

#include "absl/status/status.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/operators.pb.h"
#include "tools/hozen/progress_bar.h"

namespace hozen {

// Where bytes go, in order.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual absl::Status Data(std::string_view bytes) = 0;
  virtual absl::Status Zeros(uint64_t size_bytes) = 0;
};

// Writes to an open stream, zeros too. Unknown where the stream fails.
class OstreamSink : public ByteSink {
 public:
  explicit OstreamSink(std::ostream& out) : out_(out) {}
  absl::Status Data(std::string_view bytes) override;
  absl::Status Zeros(uint64_t size_bytes) override;

 private:
  std::ostream& out_;
};

// Thread-compatible. Sink and bar must outlive it. The bar also counts `had_bytes`, which were there before.
class StreamReceiver {
 public:
  StreamReceiver(ByteSink& sink, ProgressBar& bar, std::string label, uint64_t had_bytes = 0)
      : sink_(sink), bar_(bar), label_(std::move(label)), had_bytes_(had_bytes) {}

  // What the sink says; DataLoss for parts behind the end or for more than 2^63 bytes.
  absl::Status Receive(const v1::StreamPart& part);
  // DataLoss unless the end came and its size and SHA-256 are those of what was received.
  absl::Status Finish();

  uint64_t size_bytes() const { return size_bytes_; }
  // After Finish.
  const Digest& sha256() const { return digest_; }

 private:
  ByteSink& sink_;
  ProgressBar& bar_;
  const std::string label_;
  const uint64_t had_bytes_;
  Sha256 hash_;
  Digest digest_;
  uint64_t size_bytes_ = 0;
  uint64_t expected_bytes_ = 0;
  bool ended_ = false;
  v1::StreamEnd end_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_STREAM_RECEIVER_H_
