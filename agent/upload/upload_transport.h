// The calls that an upload makes, apart from how they travel: gRPC in the agent, a fake that breaks in tests.
#ifndef HOZEN_AGENT_UPLOAD_UPLOAD_TRANSPORT_H_
#define HOZEN_AGENT_UPLOAD_UPLOAD_TRANSPORT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/chunk/chunk.h"
#include "proto/hozen/v1/ingest.pb.h"

namespace hozen {

// One Upload call. Send and Receive may be called from two threads at once.
class UploadStream {
 public:
  virtual ~UploadStream() = default;

  // False: the stream has ended; Finish says why.
  virtual bool Send(const std::vector<std::shared_ptr<const VerifiedChunk>>& chunks) = 0;
  // The next answer; nullopt: the stream has ended.
  virtual std::optional<v1::UploadResponse> Receive() = 0;
  // Ends Send and Receive wherever they wait. Thread-safe.
  virtual void Abort() = 0;
  // Why the stream ended; never OK. Once, after the last Send and Receive have returned.
  virtual absl::Status Finish() = 0;
};

// Thread-safe. Each call has a deadline of its own, and ends with Cancelled after Cancel.
class UploadTransport {
 public:
  virtual ~UploadTransport() = default;

  virtual absl::StatusOr<std::string> FindMissing(const std::string& acquisition_id, const std::string& digests) = 0;
  // The stream is opened and its start message sent; the collector's first answer is still to be received.
  virtual absl::StatusOr<std::unique_ptr<UploadStream>> OpenUpload(const std::string& acquisition_id) = 0;
  virtual absl::StatusOr<v1::Receipt> Commit(const v1::Envelope& manifest) = 0;
  virtual void Cancel() = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_UPLOAD_UPLOAD_TRANSPORT_H_
