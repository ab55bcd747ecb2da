// Where an acquisition hands its chunks over, and learns that they are durable. What the rest of the agent sees of the
// network.
#ifndef HOZEN_AGENT_UPLOAD_CHUNK_SINK_H_
#define HOZEN_AGENT_UPLOAD_CHUNK_SINK_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/chunk/chunk.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct UploadCounters {
  uint64_t sent_bytes = 0;          // of frames, on the wire
  uint64_t deduplicated_bytes = 0;  // of plaintext, not sent because the collector had it
  bool paused = false;              // the collector is out of room
};

// Thread-safe. Connections that break are made again inside, for ever, with growing pauses; only Cancel, or a refusal
// that trying again cannot mend, ends it.
class ChunkSink {
 public:
  virtual ~ChunkSink() = default;

  // Takes the chunk. Waits while more than the window is under way. `on_durable` is called once, from another thread,
  // in the order of the calls to Put: OK when the collector has acknowledged the chunk (or had it), the reason when the
  // sink has given up. It must not block and must not call the sink. Cancelled after Cancel; otherwise the reason for
  // which the sink gave up.
  virtual absl::Status Put(PlainChunk chunk, std::function<void(absl::Status)> on_durable) = 0;

  // Waits until everything put so far is durable.
  virtual absl::Status Flush() = 0;

  // Hands over the signed manifest; tries again until there is an answer. OK with the receipt: the collector has
  // everything. NotFound or DataLoss: it lacks chunks that the manifest names.
  virtual absl::StatusOr<v1::Receipt> Commit(const v1::Envelope& manifest) = 0;

  virtual UploadCounters counters() const = 0;

  // Ends every wait. What is still under way is settled as cancelled; once this returns no `on_durable` is running and
  // none will be called any more, so that what they touch may go.
  virtual void Cancel() = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_UPLOAD_CHUNK_SINK_H_
