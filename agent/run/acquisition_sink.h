// What the sources of one acquisition give their finds to: keeps the limits, reads the streams, skips what a run before
// this one has taken, and passes everything on in order.
#ifndef HOZEN_AGENT_RUN_ACQUISITION_SINK_H_
#define HOZEN_AGENT_RUN_ACQUISITION_SINK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "agent/acquire/item_sink.h"
#include "agent/run/ending.h"
#include "agent/run/limits.h"
#include "agent/run/piece_reader.h"
#include "agent/run/progress_so_far.h"
#include "agent/run/stream_pipeline.h"
#include "core/base/clock.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// Thread-compatible, but for snapshot().
class AcquisitionSink : public ItemSink {
 public:
  // All must outlive it. What it takes up again it takes out of `begun`.
  AcquisitionSink(const v1::Limits& limits, ProgressSoFar& begun, StreamPipeline& pipeline, Pace& pace, Ending& ending,
                  const Clock& clock);

  void BeginTarget(uint32_t index, const v1::Target& target);
  // Passes the outcome on, after what was begun in a run before this one and has not come up again.
  absl::Status EndTarget(v1::TargetOutcome outcome);
  // After the last target: what NoteTrace counted.
  absl::Status Finish();

  absl::Status Record(v1::Item item) override;
  absl::Status Take(v1::Item item, Source& source, bool until_end) override;
  absl::Status TakeDisk(v1::Item item, Source& source, DiskGuide& guide) override;
  bool AlreadyTaken(uint32_t target_index, const std::string& name) const override;
  absl::Status Poll() override;
  void NoteTrace(v1::Trace trace) override;

  struct Snapshot {
    uint64_t read_bytes = 0;
    uint64_t expected_bytes = 0;  // 0 where nobody knows
    std::string current_path;
  };
  Snapshot snapshot() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Stamp(v1::Item& item);
  bool WasRecorded(const v1::Item& item) const;
  absl::Status CountItem();
  // A stream begins: a new one, or one that a run before this one has left, whose item `item` then becomes. Returns
  // where.
  absl::StatusOr<uint64_t> BeginStream(v1::Item& item, uint64_t source_size_bytes, bool until_end);
  // Reads the stream to its end, a limit or an early end. `cut` is set where it was cut; the error is why to stop.
  absl::Status ReadStream(const v1::Item& item, PieceReader& reader, std::optional<v1::Failure>& cut);
  // Of a stream that is made anew each time: cut where its bytes say, so that what is as it was the last time is sent
  // no second time. What is no chunk yet is held for the next piece, or the end.
  absl::Status AddMade(Piece piece);
  absl::Status EndMade();
  // Why the file is not what it should be after it was read to its end.
  std::optional<v1::Failure> EndFault(const v1::Item& item, const PieceReader& reader, Source& source,
                                      bool until_end) const;
  absl::Status LimitReached(v1::Cause cause, std::string detail);
  absl::Status TakeUpLostStreams();
  void AddRead(uint64_t bytes);

  const v1::Limits limits_;
  ProgressSoFar& begun_;
  StreamPipeline& pipeline_;
  Pace& pace_;
  Ending& ending_;
  const Clock& clock_;

  uint32_t target_index_ = 0;
  std::string artifact_;
  uint64_t items_;
  uint64_t target_items_ = 0;
  uint64_t taken_bytes_;  // of streams, in all runs
  uint64_t next_stream_number_;
  uint64_t traces_;
  uint64_t more_traces_ = 0;
  std::string made_;  // bytes of a stream that is made anew, which are no chunk yet

  mutable absl::Mutex mutex_;
  Snapshot snapshot_ ABSL_GUARDED_BY(mutex_);
};

// Is it still the file that it was? By inode, device, size and times; block devices by all but times, which the
// system changes with every write to the disk.
bool IsSameFile(const v1::FileMetadata& a, const v1::FileMetadata& b);

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_ACQUISITION_SINK_H_
