// From pieces to the ledger: hashes each stream in order and its chunks beside it, gives the chunks to the sink, and
// tells the ledger what to wait for. Reading is ahead by what fits into the budget.
#ifndef HOZEN_AGENT_RUN_STREAM_PIPELINE_H_
#define HOZEN_AGENT_RUN_STREAM_PIPELINE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "agent/run/chunk_assembly.h"
#include "agent/run/ending.h"
#include "agent/run/ledger.h"
#include "agent/run/open_chunks.h"
#include "agent/run/piece_reader.h"
#include "agent/run/progress_so_far.h"
#include "agent/run/stream_under_way.h"
#include "agent/upload/chunk_sink.h"
#include "core/base/worker_pool.h"
#include "core/chunk/cutter.h"

namespace hozen {

struct StreamPipelineOptions {
  uint64_t held_bytes = 8 << 20;   // of pieces that were read and are not yet the sink's
  uint64_t open_bytes = 12 << 20;  // of chunks some of whose parts are still to come
  int hashing_threads = WorthwhileThreads();
  // A checkpoint of a long stream after so many bytes of chunks, of anything, or so many runs.
  uint64_t checkpoint_chunk_bytes = 4 << 20;
  uint64_t checkpoint_stream_bytes = 256 << 20;
  int checkpoint_extents = 512;
  // After so many runs also where a resumed stream would be cut otherwise (what is made anew is cut by its bytes,
  // islands in holes never meet a good place): a record has a largest size.
  int most_extents = 2048;
};

// Called from one thread; the work is done on threads of its own. Each call that waits returns why delivering ends.
class StreamPipeline {
 public:
  // All must outlive it.
  StreamPipeline(StreamPipelineOptions options, ChunkSink& sink, Ledger& ledger, Ending& ending);
  ~StreamPipeline();  // drops what was not passed on

  // A stream begins: `item` as the source described it. With `resumed`, it goes on where that ended.
  absl::Status Begin(v1::Item item, uint64_t stream_number, const UnfinishedStream* resumed);
  // The next piece, one chunk where it holds bytes. Also returns why collecting ends, and then the piece was not taken.
  absl::Status Add(Piece piece);
  // The next piece and how it is cut: the sizes of `parts` add up to the piece's. Bytes of parts with one number become
  // one chunk, whatever stands between them.
  absl::Status AddCut(Piece piece, const std::vector<CutPart>& parts, int64_t read_unix_ms);
  // What comes is still to be taken although collecting was ended early.
  void GoOnPastEarlyEnd() { past_early_end_ = true; }
  // Bytes of the stream that are wanted at the collector before the stream comes to them. Waits for the sink.
  absl::Status SendAhead(std::string bytes);
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
  // A part of a piece with bytes.
  struct StepPart {
    uint64_t size_bytes = 0;
    uint64_t position = 0;
    bool whole = false;  // the chunk is this part alone
    std::shared_ptr<ChunkAssembly> chunk;
  };
  struct Step {
    Kind kind = Kind::kPiece;
    uint64_t charge = 0;
    Piece::Kind piece_kind = Piece::Kind::kBytes;
    uint64_t size_bytes = 0;
    std::optional<v1::Failure> failure;
    std::shared_ptr<const std::string> bytes;
    std::vector<StepPart> parts;
    std::vector<std::shared_ptr<ChunkAssembly>> closed;  // of several parts, and all of them came with this step
    bool ends_chunks = false;                            // no chunk is open behind this piece
    // And a stream that is resumed behind this piece is cut as one that was never interrupted.
    bool may_checkpoint = false;
    int64_t read_unix_ms = 0;
    v1::Item item;
    uint64_t stream_number = 0;
    std::optional<UnfinishedStream> resumed;
    std::optional<v1::Failure> cut;
    int64_t finished_unix_ns = 0;
    v1::TargetOutcome outcome;
    v1::Trace trace;
  };

  // Waits until the budget has room for so much, or collecting ends.
  absl::Status WaitForRoom(uint64_t charge);
  // Goes in also where the budget is used up. Only an end of everything keeps a step out.
  absl::Status Push(std::shared_ptr<Step> step);
  std::shared_ptr<Step> NewPieceStep(Piece piece);
  void Close(std::shared_ptr<ChunkAssembly> chunk, Step& step);

  void Run();
  absl::Status PassOn(Step& step);
  absl::Status PassPiece(Step& step);
  absl::Status PassParts(const Step& step);
  absl::Status PassWhole(const StepPart& part);
  absl::Status PassClosed(ChunkAssembly& chunk);
  absl::Status PutChunk(PlainChunk chunk, std::vector<uint64_t> numbers);
  absl::Status MaybeCheckpoint(const Step& step);
  absl::Status PassEnd(Step& step);

  const StreamPipelineOptions options_;
  ChunkSink& sink_;
  Ledger& ledger_;
  Ending& ending_;

  // Of the calling thread.
  uint64_t offset_bytes_ = 0;  // of the stream
  OpenChunks open_;
  bool past_early_end_ = false;

  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<std::shared_ptr<Step>> steps_ ABSL_GUARDED_BY(mutex_);
  uint64_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool passing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  // Of the passing thread.
  std::optional<StreamUnderWay> stream_;
  struct WaitingRun {
    uint64_t number;  // the ledger's
    uint64_t position;
    uint32_t size_bytes;
  };
  absl::flat_hash_map<const ChunkAssembly*, std::vector<WaitingRun>> waiting_;  // for their chunks' other parts

  WorkerPool hashers_;
  std::thread passer_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_STREAM_PIPELINE_H_
