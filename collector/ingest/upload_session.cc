#include "collector/ingest/upload_session.h"

#include <string>
#include <utility>

#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_context.h"

namespace hozen {
namespace {

// What a chunk costs beside its frame; keeps a million tiny chunks from filling memory with bookkeeping.
constexpr uint64_t kChunkOverheadBytes = 256;

uint64_t Charge(const VerifiedChunk& chunk) { return chunk.frame().size() + kChunkOverheadBytes; }

v1::UploadResponse Ready(uint64_t window_bytes) {
  v1::UploadResponse response;
  response.mutable_ready()->set_window_bytes(window_bytes);
  return response;
}

v1::UploadResponse Acknowledged(size_t chunks) {
  v1::UploadResponse response;
  response.set_acknowledged_chunks(static_cast<uint32_t>(chunks));
  return response;
}

// How much room there is tells what other customers do, and where the store lies is nobody's business; our log has it.
v1::UploadResponse Full(absl::Duration retry_after) {
  v1::UploadResponse response;
  response.mutable_full()->set_detail("the collector has no room for more chunks now; it goes on when there is room");
  response.mutable_full()->set_retry_after_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(retry_after)));
  return response;
}

absl::StatusOr<VerifiedChunk> Verify(v1::ChunkUpload upload) {
  const absl::StatusOr<Digest> digest = Digest::FromBytes(upload.sha256());
  if (!digest.ok()) return WithContext(digest.status(), "a chunk's name");
  absl::StatusOr<VerifiedChunk> chunk =
      VerifiedChunk::FromFrame(*digest, upload.size_bytes(), std::move(*upload.mutable_frame()));
  if (!chunk.ok()) return WithContext(chunk.status(), Concat("chunk ", digest->ToHex()));
  return chunk;
}

}  // namespace

UploadSession::UploadSession(UploadSessionOptions options, BlobStore& store, Answer answer,
                             std::function<void()> on_failed)
    : options_(options), store_(store), answer_(std::move(answer)), on_failed_(std::move(on_failed)), storing_([this] {
        StoreUntilClosed();
      }) {}

UploadSession::~UploadSession() { Finish().IgnoreError(); }

absl::Status UploadSession::Receive(v1::ChunkUpload upload) {
  absl::StatusOr<VerifiedChunk> chunk = Verify(std::move(upload));
  absl::MutexLock lock(&mutex_);
  if (!chunk.ok()) {
    if (status_.ok()) status_ = chunk.status();
    // What came before it is honest and still becomes durable.
    closing_ = true;
    return status_;
  }
  const uint64_t charge = Charge(*chunk);
  const auto has_room = [this, charge]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return over_ || held_bytes_ == 0 || held_bytes_ + charge <= options_.window_bytes;
  };
  // The storing thread ends this wait, whatever becomes of its batch.
  mutex_.Await(absl::Condition(&has_room));
  if (!status_.ok()) return status_;
  if (over_ || closing_) return absl::ResourceExhaustedError("the upload is over");
  held_bytes_ += charge;
  queue_.push_back(*std::move(chunk));
  return absl::OkStatus();
}

absl::Status UploadSession::ReceiveBatch(const v1::ChunkBatch& batch) {
  const int chunks = batch.sizes_bytes_size();
  uint64_t frames_bytes = 0;
  for (const uint32_t size_bytes : batch.frame_sizes_bytes()) frames_bytes += size_bytes;
  if (chunks != batch.frame_sizes_bytes_size() || frames_bytes != batch.frames().size() ||
      batch.sha256s().size() != static_cast<size_t>(chunks) * Digest::kSizeBytes) {
    absl::MutexLock lock(&mutex_);
    if (status_.ok()) status_ = absl::InvalidArgumentError("the columns of a batch of chunks do not fit together");
    closing_ = true;
    return status_;
  }
  size_t at = 0;
  for (int i = 0; i < chunks; ++i) {
    v1::ChunkUpload chunk;
    chunk.set_sha256(batch.sha256s().substr(static_cast<size_t>(i) * Digest::kSizeBytes, Digest::kSizeBytes));
    chunk.set_size_bytes(batch.sizes_bytes(i));
    chunk.set_frame(batch.frames().data() + at, batch.frame_sizes_bytes(i));
    at += batch.frame_sizes_bytes(i);
    if (absl::Status status = Receive(std::move(chunk)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status UploadSession::Finish() {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
  }
  if (storing_.joinable()) storing_.join();
  absl::MutexLock lock(&mutex_);
  return status_;
}

void UploadSession::End(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    over_ = true;
    if (status_.ok()) status_ = status;
    queue_.clear();
    held_bytes_ = 0;
  }
  if (!status.ok() && on_failed_) on_failed_();
}

void UploadSession::StoreUntilClosed() {
  if (!answer_(Ready(options_.window_bytes))) {
    End(absl::CancelledError("the host is gone"));
    return;
  }
  while (true) {
    std::vector<VerifiedChunk> batch;
    {
      absl::MutexLock lock(&mutex_);
      const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closing_ || !queue_.empty(); };
      mutex_.Await(absl::Condition(&has_work));
      if (queue_.empty()) {
        over_ = true;
        return;
      }
      batch.swap(queue_);
    }
    if (!StoreBatch(std::move(batch))) return;
  }
}

bool UploadSession::StoreBatch(std::vector<VerifiedChunk> batch) {
  const size_t chunks = batch.size();
  uint64_t charge = 0;
  for (const VerifiedChunk& chunk : batch) charge += Charge(chunk);

  const absl::Status stored = store_.Put(std::move(batch));
  if (absl::IsResourceExhausted(stored)) {
    Log(Severity::kWarning, Concat("no room for chunks error=", stored.message()));
    answer_(Full(options_.retry_after));
    End(absl::OkStatus());
    return false;
  }
  if (!stored.ok()) {
    // Ours to mend, not the host's: it must try again, whatever the code says.
    Log(Severity::kError, Concat("chunks not stored error=", stored.message()));
    End(absl::UnavailableError("the collector could not store chunks, its log says why: try again"));
    return false;
  }
  if (!answer_(Acknowledged(chunks))) {
    End(absl::CancelledError("the host is gone"));
    return false;
  }
  absl::MutexLock lock(&mutex_);
  held_bytes_ -= charge;
  return true;
}

}  // namespace hozen
