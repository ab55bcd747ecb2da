// What is to be journalled, in the order of the manifest's body, each line only once everything before it and itself is
// durable at the collector. One thread of its own writes.
#ifndef HOZEN_AGENT_RUN_LEDGER_H_
#define HOZEN_AGENT_RUN_LEDGER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "agent/run/ending.h"
#include "agent/run/journal.h"
#include "agent/run/progress_so_far.h"
#include "agent/upload/chunk_sink.h"
#include "core/evidence/map.h"

namespace hozen {

struct LedgerOptions {
  uint64_t held_bytes = 8 << 20;  // of entries that wait
  absl::Duration sync_interval = absl::Seconds(2);
  uint64_t synced_item_bytes = 64 << 20;  // an item so long is synced at once
};

// Thread-safe; the Add functions are called from one thread, in the order of the body. Those that may wait return why
// delivering ends.
class Ledger {
 public:
  // All must outlive it. `begun` is what the journal held when it was opened; `counters` gives the upload's, in this
  // run. An error of the journal, or one given to Settle, is given to `ending`.
  Ledger(LedgerOptions options, Journal& journal, const ProgressSoFar& begun, std::function<UploadCounters()> counters,
         Ending& ending);
  ~Ledger();  // Close

  // A run of the stream under way. One that needs the collector's word gets a number for Settle; others are as good as
  // durable.
  absl::Status AddExtent(v1::Extent extent, bool needs_word, uint64_t* number);
  // The run with this number, which was added before all was known of it. Before Settle.
  void SetExtent(uint64_t number, v1::Extent extent);
  // The stream stands at this checkpoint once all before it is durable; its extents are filled in here.
  absl::Status AddCheckpoint(v1::StreamCheckpoint checkpoint);
  // The item, which gets its index here; where it has a stream, the runs since the last item are its map.
  absl::Status AddItem(v1::Item item, uint64_t stream_number);
  absl::Status AddOutcome(v1::TargetOutcome outcome);
  absl::Status AddTrace(v1::Trace trace);

  // The collector's word on a run: from the sink's thread, does not block.
  void Settle(uint64_t number, const absl::Status& status);

  // Waits until everything is in the journal and syncs it.
  absl::Status Drain();
  // Ends the thread: nothing more is written, `counters` is not called any more. From the owner's thread.
  void Close();

  struct Counts {
    uint64_t items = 0;
    uint64_t failed_items = 0;
    uint64_t failed_targets = 0;
    uint64_t stream_bytes = 0;
  };
  // Of the journal.
  Counts counts() const;
  // The upload's counters over all runs.
  UploadCounters TotalCounters() const;

 private:
  struct Entry {
    bool durable = true;
    uint64_t charge = 0;
    std::variant<v1::Extent, v1::StreamCheckpoint, v1::JournalRecord> what;
  };

  absl::Status Add(Entry entry, uint64_t* number);
  bool FrontIsDurable() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !entries_.empty() && entries_.front().durable;
  }
  void Write();
  absl::Status WriteEntry(Entry entry);
  absl::Status WriteRecord(v1::JournalRecord record);
  absl::Status SyncNow();

  const LedgerOptions options_;
  Journal& journal_;  // of the writing thread, and of Drain when that rests
  const ProgressSoFar& begun_;
  const std::function<UploadCounters()> counters_;
  Ending& ending_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_number_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool sync_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  Counts counts_ ABSL_GUARDED_BY(mutex_);

  // Of the writing thread.
  ExtentList extents_;  // of the stream under way, since its last checkpoint
  absl::Time synced_;
  UploadCounters written_counters_;

  std::thread writer_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_LEDGER_H_
