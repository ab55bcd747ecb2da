// The ChunkSink that uploads: asks which chunks are missing, packs those, sends them within the window, and goes on
// after a broken link or a full collector with what was not acknowledged.
#ifndef HOZEN_AGENT_UPLOAD_UPLOADING_CHUNK_SINK_H_
#define HOZEN_AGENT_UPLOAD_UPLOADING_CHUNK_SINK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "agent/upload/backoff.h"
#include "agent/upload/chunk_sink.h"
#include "agent/upload/token_bucket.h"
#include "agent/upload/upload_queue.h"
#include "agent/upload/upload_transport.h"
#include "core/base/worker_pool.h"

namespace hozen {

struct UploadOptions {
  std::string acquisition_id;
  uint64_t send_bytes_per_s = 0;     // 0 = no limit
  uint64_t window_bytes = 16 << 20;  // under way without acknowledgement; the collector may allow less
  uint64_t held_bytes = 24 << 20;    // of plaintext, from Put to durable
  // Chunks are asked for together: a question costs the collector more than its digests do. It goes out as soon as it
  // is so large, or the first in it has waited so long.
  size_t question_digests = 1024;
  uint64_t question_bytes = 4 << 20;  // of plaintext
  absl::Duration question_patience = absl::Milliseconds(20);
  int packing_threads = WorthwhileThreads();
  absl::Duration least_pause = absl::Milliseconds(500);
  absl::Duration most_pause = absl::Seconds(20);
  absl::Duration silence = absl::Minutes(10);  // chunks under way and no answer for so long: the link is dead
};

// Thread-safe. The destructor cancels.
class UploadingChunkSink : public ChunkSink {
 public:
  UploadingChunkSink(UploadOptions options, std::unique_ptr<UploadTransport> transport);
  ~UploadingChunkSink() override;

  absl::Status Put(PlainChunk chunk, std::function<void(absl::Status)> on_durable) override;
  absl::Status Flush() override;
  absl::StatusOr<v1::Receipt> Commit(const v1::Envelope& manifest) override;
  UploadCounters counters() const override;
  void Cancel() override;

 private:
  void WakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Ask();
  // When the question that comes together is to be asked at the latest; now where nothing more can come.
  absl::Time QuestionDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // After what may have become unasked.
  void NoteUnasked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send();
  // Sends on one stream until it ends or the sink does. Returns why it ended.
  absl::Status SendOn(UploadStream& stream);
  void Receive(UploadStream& stream);
  // Leaves a stream on which the collector is silent too long, also while Send waits for a collector that does not
  // read.
  void Watch(UploadStream& stream);
  // Waits for something to send on this stream, and takes what goes with it in one message; empty where the stream is
  // to be left.
  std::vector<std::shared_ptr<const VerifiedChunk>> NextToSend();
  absl::Status OnResponse(const v1::UploadResponse& response);
  void OnFailure(const absl::Status& status, Backoff& backoff, absl::Time& not_before);
  void PauseUntil(absl::Time until) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // True when the time has come; false when the sink has ended.
  bool WaitUntil(absl::Time when) ABSL_LOCKS_EXCLUDED(mutex_);
  void Pack(std::vector<UploadQueue::ToPack> to_pack);
  void PackTogether(const std::vector<UploadQueue::ToPack>& chunks);
  void GiveUp(const absl::Status& reason);
  // Calls on_durable for what is settled, in order, from one thread at a time and without the mutex.
  void Deliver() ABSL_LOCKS_EXCLUDED(mutex_);

  const UploadOptions options_;
  const std::unique_ptr<UploadTransport> transport_;

  mutable absl::Mutex mutex_;
  // Who waits for what, so that a chunk on its way wakes nobody in vain. An end wakes them all.
  absl::CondVar settled_;      // Put, Flush, Cancel
  absl::CondVar unasked_;      // Ask
  absl::CondVar sendable_;     // Send
  absl::CondVar stream_ends_;  // Watch, WaitUntil
  UploadQueue queue_ ABSL_GUARDED_BY(mutex_);
  absl::Status ended_ ABSL_GUARDED_BY(mutex_);  // OK while it goes on
  uint64_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;  // in Put and Flush: they give nothing more to ask for
  absl::Time unasked_since_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool delivering_ ABSL_GUARDED_BY(mutex_) = false;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time paused_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  // Of the stream that is open.
  uint64_t window_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stream_over_ ABSL_GUARDED_BY(mutex_) = false;
  bool stream_left_ ABSL_GUARDED_BY(mutex_) = false;  // by us
  bool stream_full_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status stream_fault_ ABSL_GUARDED_BY(mutex_);  // what was wrong with an answer
  absl::Time heard_ ABSL_GUARDED_BY(mutex_);
  TokenBucket send_rate_ ABSL_GUARDED_BY(mutex_);
  bool probing_ ABSL_GUARDED_BY(mutex_) = false;  // after a full collector: one chunk until it is acknowledged
  bool had_progress_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread asker_;
  std::thread sender_;
  std::unique_ptr<WorkerPool> packers_;  // last: its tasks use all of the above
};

}  // namespace hozen

#endif  // HOZEN_AGENT_UPLOAD_UPLOADING_CHUNK_SINK_H_
