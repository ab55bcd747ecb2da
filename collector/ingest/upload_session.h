// One upload of one host, apart from how it travels: takes chunks, verifies them, stores them in batches and says in
// order which are durable.
#ifndef HOZEN_COLLECTOR_INGEST_UPLOAD_SESSION_H_
#define HOZEN_COLLECTOR_INGEST_UPLOAD_SESSION_H_

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "collector/store/blob_store.h"
#include "core/chunk/chunk.h"
#include "proto/hozen/v1/ingest.pb.h"

namespace hozen {

struct UploadSessionOptions {
  uint64_t window_bytes = 16 << 20;                // of frames, received and not yet durable
  absl::Duration retry_after = absl::Seconds(15);  // what an agent is told when there is no room
};

// Receive and Finish are for one thread, the reader's. Storing goes on in a thread of its own, so that the next chunks
// are verified while the last ones are synced: one sync covers all that came meanwhile.
class UploadSession {
 public:
  // Sends an answer; false where nobody is there any more. Called from the storing thread only.
  using Answer = std::function<bool(const v1::UploadResponse&)>;

  // Sends UploadReady. `store` must outlive it. `on_failed` is called once from the storing thread where it has failed,
  // so that a reader who waits for the peer's next chunk can be woken; empty for none.
  UploadSession(UploadSessionOptions options, BlobStore& store, Answer answer, std::function<void()> on_failed = {});
  // As Finish, its status unseen.
  ~UploadSession();
  UploadSession(const UploadSession&) = delete;
  UploadSession& operator=(const UploadSession&) = delete;

  // Verifies the chunk and queues it; waits while a whole window is not durable. Not OK: the session is over, Finish
  // says why. A chunk whose bytes are not what its name says is DataLoss, naming it; nothing behind it is taken.
  absl::Status Receive(v1::ChunkUpload upload);

  // The same for each chunk of the batch, in order. InvalidArgument where its columns do not fit together: then none of
  // it is taken.
  absl::Status ReceiveBatch(const v1::ChunkBatch& batch);

  // Waits until all that was received is stored and acknowledged. OK also after StoreFull: all is said with it.
  // Unavailable where our storage failed, Cancelled where the peer is gone.
  absl::Status Finish();

 private:
  void StoreUntilClosed();
  // False: no more.
  bool StoreBatch(std::vector<VerifiedChunk> batch);
  void End(const absl::Status& status);

  const UploadSessionOptions options_;
  BlobStore& store_;
  const Answer answer_;
  const std::function<void()> on_failed_;
  absl::Mutex mutex_;
  std::vector<VerifiedChunk> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // queued or being stored
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;  // nothing more is stored
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::thread storing_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_INGEST_UPLOAD_SESSION_H_
