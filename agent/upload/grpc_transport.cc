#include "agent/upload/grpc_transport.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "core/base/status_macros.h"
#include "proto/hozen/v1/ingest.grpc.pb.h"

namespace hozen {
namespace {

constexpr std::chrono::seconds kCallTimeout{60};
// The collector verifies and syncs before it answers a manifest.
constexpr std::chrono::seconds kCommitTimeout{600};

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

// Every call under way, so that Cancel reaches it. Thread-safe.
class CallRegistry {
 public:
  // False after CancelAll.
  bool Add(grpc::ClientContext* context) {
    absl::MutexLock lock(&mutex_);
    if (cancelled_) return false;
    contexts_.insert(context);
    return true;
  }
  void Remove(grpc::ClientContext* context) {
    absl::MutexLock lock(&mutex_);
    contexts_.erase(context);
  }
  void CancelAll() {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    for (grpc::ClientContext* context : contexts_) context->TryCancel();
  }

 private:
  absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> contexts_ ABSL_GUARDED_BY(mutex_);
};

// One call's place in the registry.
class RegisteredContext {
 public:
  explicit RegisteredContext(CallRegistry& registry) : registry_(registry), registered_(registry.Add(&context_)) {}
  ~RegisteredContext() {
    if (registered_) registry_.Remove(&context_);
  }
  RegisteredContext(const RegisteredContext&) = delete;
  RegisteredContext& operator=(const RegisteredContext&) = delete;

  bool cancelled() const { return !registered_; }
  grpc::ClientContext* get() { return &context_; }

 private:
  CallRegistry& registry_;
  grpc::ClientContext context_;
  const bool registered_;
};

class GrpcUploadStream : public UploadStream {
 public:
  GrpcUploadStream(CallRegistry& registry, std::shared_ptr<grpc::Channel> channel)
      : stub_(v1::EvidenceIngest::NewStub(std::move(channel))), context_(registry) {
    if (!context_.cancelled()) stream_ = stub_->Upload(context_.get());
  }

  // gRPC wants Finish once for every stream, also for one that nobody asked about.
  ~GrpcUploadStream() override {
    if (stream_ != nullptr && !finished_) Finish().IgnoreError();
  }

  bool Start(const std::string& acquisition_id) {
    if (stream_ == nullptr) return false;
    v1::UploadRequest request;
    request.mutable_start()->set_acquisition_id(acquisition_id);
    if (stream_->Write(request)) return true;
    ended_ = true;
    return false;
  }

  bool Send(const std::vector<std::shared_ptr<const VerifiedChunk>>& chunks) override {
    if (stream_ == nullptr) return false;
    v1::UploadRequest request;
    if (chunks.size() == 1) {
      v1::ChunkUpload& upload = *request.mutable_chunk();
      upload.set_sha256(std::string(chunks.front()->sha256().bytes()));
      upload.set_size_bytes(chunks.front()->size_bytes());
      upload.set_frame(chunks.front()->frame());
      return stream_->Write(request);
    }
    v1::ChunkBatch& batch = *request.mutable_chunks();
    for (const std::shared_ptr<const VerifiedChunk>& chunk : chunks) {
      batch.mutable_sha256s()->append(chunk->sha256().bytes());
      batch.add_sizes_bytes(chunk->size_bytes());
      batch.add_frame_sizes_bytes(static_cast<uint32_t>(chunk->frame().size()));
      batch.mutable_frames()->append(chunk->frame());
    }
    return stream_->Write(request);
  }

  std::optional<v1::UploadResponse> Receive() override {
    v1::UploadResponse response;
    if (stream_ == nullptr) return std::nullopt;
    if (!stream_->Read(&response)) {
      ended_ = true;
      return std::nullopt;
    }
    return response;
  }

  // A stream that the collector ended has a reason, which cancelling would hide; Send returns by itself then.
  void Abort() override {
    if (!ended_) context_.get()->TryCancel();
  }

  absl::Status Finish() override {
    finished_ = true;
    if (stream_ == nullptr) return absl::CancelledError("the upload was cancelled");
    Abort();
    const absl::Status status = FromGrpc(stream_->Finish());
    if (status.ok()) return absl::UnavailableError("the collector ended the upload");
    return status;
  }

 private:
  std::unique_ptr<v1::EvidenceIngest::Stub> stub_;
  RegisteredContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::UploadRequest, v1::UploadResponse>> stream_;
  std::atomic<bool> ended_ = false;
  bool finished_ = false;
};

class GrpcTransport : public UploadTransport {
 public:
  explicit GrpcTransport(ChannelProvider channel) : channel_(std::move(channel)) {}

  absl::StatusOr<std::string> FindMissing(const std::string& acquisition_id, const std::string& digests) override {
    RegisteredContext context(registry_);
    if (context.cancelled()) return absl::CancelledError("the upload was cancelled");
    context.get()->set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    v1::FindMissingRequest request;
    request.set_acquisition_id(acquisition_id);
    request.set_digests(digests);
    v1::FindMissingResponse response;
    auto stub = v1::EvidenceIngest::NewStub(channel_());
    HOZEN_RETURN_IF_ERROR(FromGrpc(stub->FindMissing(context.get(), request, &response)));
    return std::move(*response.mutable_missing());
  }

  absl::StatusOr<std::unique_ptr<UploadStream>> OpenUpload(const std::string& acquisition_id) override {
    auto stream = std::make_unique<GrpcUploadStream>(registry_, channel_());
    if (!stream->Start(acquisition_id)) return stream->Finish();
    return stream;
  }

  absl::StatusOr<v1::Receipt> Commit(const v1::Envelope& manifest) override {
    RegisteredContext context(registry_);
    if (context.cancelled()) return absl::CancelledError("the upload was cancelled");
    context.get()->set_deadline(std::chrono::system_clock::now() + kCommitTimeout);
    v1::CommitRequest request;
    *request.mutable_manifest() = manifest;
    v1::CommitResponse response;
    auto stub = v1::EvidenceIngest::NewStub(channel_());
    HOZEN_RETURN_IF_ERROR(FromGrpc(stub->Commit(context.get(), request, &response)));
    return std::move(*response.mutable_receipt());
  }

  void Cancel() override { registry_.CancelAll(); }

 private:
  const ChannelProvider channel_;
  CallRegistry registry_;
};

}  // namespace

std::unique_ptr<UploadTransport> NewGrpcTransport(ChannelProvider channel) {
  return std::make_unique<GrpcTransport>(std::move(channel));
}

}  // namespace hozen
