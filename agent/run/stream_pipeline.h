// From pieces to the ledger: hashes each stream in order and each chunk beside it, gives the chunks to the sink, and
// tells the ledger what to wait for. Reading is ahead by what fits into the budget.
#ifndef HOZEN_AGENT_RUN_STREAM_PIPELINE_H_
#define HOZEN_AGENT_RUN_STREAM_PIPELINE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "agent/run/ending.h"
#include "agent/run/ledger.h"
#include "agent/run/piece_reader.h"
#include "agent/run/progress_so_far.h"
#include "agent/upload/chunk_sink.h"
#include "core/base/worker_pool.h"
#include "core/crypto/sha256.h"

namespace hozen {

struct StreamPipelineOptions {
  uint64_t held_bytes = 12 << 20;  // of pieces that were read and are not yet the sink's
  int hashing_threads = 2;
  // A checkpoint of a long stream after so many bytes of chunks, of anything, or so many runs.
  uint64_t checkpoint_chunk_bytes = 4 << 20;
  uint64_t checkpoint_stream_bytes = 256 << 20;
  int checkpoint_extents = 512;
};

// Called from one thread; the work is done on threads of its own. Each call that waits returns why delivering ends.
class StreamPipeline {
 public:
  // All must outlive it.
  StreamPipeline(StreamPipelineOptions options, ChunkSink& sink, Ledger& ledger, Ending& ending);
  ~StreamPipeline();  // drops what was not passed on

  // A stream begins: `item` as the source described it. With `resumed`, it goes on where that ended.
  absl::Status Begin(v1::Item item, uint64_t stream_number, const UnfinishedStream* resumed);
  // The next piece. Also returns why collecting ends, and then the piece was not taken.
  absl::Status Add(Piece piece);
  // The stream has ended; `cut` says why before its time. Sizes, hash and state are filled in on the way.
  absl::Status End(std::optional<v1::Failure> cut, int64_t finished_unix_ns);

  // What has no stream, in its place.
  absl::Status AddItem(v1::Item item);
  absl::Status AddOutcome(v1::TargetOutcome outcome);
  absl::Status AddTrace(v1::Trace trace);

  // Waits until everything was passed on and is in the journal.
  absl::Status Drain();

 private:
  enum class Kind { kBegin, kPiece, kEnd, kItem, kOutcome, kTrace };
  struct Step {
    Kind kind = Kind::kPiece;
    uint64_t charge = 0;
    Piece piece;
    // Of a piece with bytes, once `hashed` is notified: its chunk, or that it is all zero.
    absl::Notification hashed;
    PlainChunk chunk;
    bool all_zero = false;
    v1::Item item;
    uint64_t stream_number = 0;
    std::optional<UnfinishedStream> resumed;
    std::optional<v1::Failure> cut;
    int64_t finished_unix_ns = 0;
    v1::TargetOutcome outcome;
    v1::Trace trace;
  };
  // The stream under way, as far as it was passed on.
  struct Stream {
    v1::Item item;
    uint64_t number = 0;
    Sha256 sha256;
    uint64_t offset_bytes = 0;
    uint64_t zero_bytes = 0;
    uint64_t unreadable_bytes = 0;
    std::optional<v1::Failure> first_unreadable;
    bool checkpointed = false;
    // Since the last checkpoint.
    uint64_t chunk_bytes = 0;
    uint64_t stream_bytes = 0;
    int extents = 0;
  };

  // `must` goes in also where the budget is used up: the few steps that end things.
  absl::Status Push(std::shared_ptr<Step> step, bool must);
  void Run();
  absl::Status PassOn(Step& step);
  absl::Status PassPiece(Step& step);
  absl::Status PassChunk(PlainChunk chunk);
  absl::Status MaybeCheckpoint();
  absl::Status PassEnd(Step& step);
  void BeginStream(Step& step);

  const StreamPipelineOptions options_;
  ChunkSink& sink_;
  Ledger& ledger_;
  Ending& ending_;

  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<std::shared_ptr<Step>> steps_ ABSL_GUARDED_BY(mutex_);
  uint64_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool passing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  std::optional<Stream> stream_;  // of the passing thread
  WorkerPool hashers_;
  std::thread passer_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_STREAM_PIPELINE_H_
