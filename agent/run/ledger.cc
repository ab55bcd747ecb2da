#include "agent/run/ledger.h"

#include <utility>

#include "absl/time/clock.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kEntryCharge = 256;
// How soon a wait notices that the acquisition ends.
constexpr absl::Duration kNotice = absl::Milliseconds(100);

void SetCounters(const UploadCounters& counters, v1::JournalRecord& record) {
  record.set_sent_bytes(counters.sent_bytes);
  record.set_deduplicated_bytes(counters.deduplicated_bytes);
}

}  // namespace

Ledger::Ledger(LedgerOptions options, Journal& journal, const ProgressSoFar& begun,
               std::function<UploadCounters()> counters, Ending& ending)
    : options_(options),
      journal_(journal),
      begun_(begun),
      counters_(std::move(counters)),
      ending_(ending),
      counts_{begun.items, begun.failed_items, begun.failed_targets, begun.stream_bytes},
      synced_(absl::Now()),
      writer_([this] { Write(); }) {}

Ledger::~Ledger() { Close(); }

void Ledger::Close() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    changed_.SignalAll();
  }
  if (writer_.joinable()) writer_.join();
}

absl::Status Ledger::Add(Entry entry, uint64_t* number) {
  absl::MutexLock lock(&mutex_);
  while (held_bytes_ > 0 && held_bytes_ + entry.charge > options_.held_bytes) {
    HOZEN_RETURN_IF_ERROR(ending_.delivering());
    changed_.WaitWithTimeout(&mutex_, kNotice);
  }
  HOZEN_RETURN_IF_ERROR(ending_.delivering());
  held_bytes_ += entry.charge;
  if (number != nullptr) *number = first_number_ + entries_.size();
  entries_.push_back(std::move(entry));
  // Else there is nothing that the writer could do with it yet, and waking it costs more than the entry.
  if (FrontIsDurable()) changed_.SignalAll();
  return absl::OkStatus();
}

absl::Status Ledger::AddExtent(v1::Extent extent, bool needs_word, uint64_t* number) {
  Entry entry;
  entry.durable = !needs_word;
  entry.charge = kEntryCharge;
  entry.what = std::move(extent);
  return Add(std::move(entry), number);
}

void Ledger::SetExtent(uint64_t number, v1::Extent extent) {
  absl::MutexLock lock(&mutex_);
  entries_[number - first_number_].what = std::move(extent);
}

absl::Status Ledger::AddCheckpoint(v1::StreamCheckpoint checkpoint) {
  Entry entry;
  entry.charge = kEntryCharge + checkpoint.ByteSizeLong();
  entry.what = std::move(checkpoint);
  return Add(std::move(entry), nullptr);
}

absl::Status Ledger::AddItem(v1::Item item, uint64_t stream_number) {
  v1::JournalRecord record;
  *record.mutable_body()->mutable_item() = std::move(item);
  record.set_stream_number(stream_number);
  Entry entry;
  entry.charge = kEntryCharge + record.ByteSizeLong();
  entry.what = std::move(record);
  return Add(std::move(entry), nullptr);
}

absl::Status Ledger::AddOutcome(v1::TargetOutcome outcome) {
  v1::JournalRecord record;
  *record.mutable_body()->mutable_target_outcome() = std::move(outcome);
  Entry entry;
  entry.charge = kEntryCharge;
  entry.what = std::move(record);
  return Add(std::move(entry), nullptr);
}

absl::Status Ledger::AddTrace(v1::Trace trace) {
  v1::JournalRecord record;
  *record.mutable_trace() = std::move(trace);
  Entry entry;
  entry.charge = kEntryCharge + record.ByteSizeLong();
  entry.what = std::move(record);
  return Add(std::move(entry), nullptr);
}

void Ledger::Settle(uint64_t number, const absl::Status& status) {
  if (!status.ok()) {
    ending_.FailUpload(status);
    return;
  }
  absl::MutexLock lock(&mutex_);
  entries_[number - first_number_].durable = true;
  if (FrontIsDurable()) changed_.SignalAll();
}

absl::Status Ledger::Drain() {
  absl::MutexLock lock(&mutex_);
  sync_wanted_ = true;
  changed_.SignalAll();
  while (ending_.delivering().ok() && (!entries_.empty() || writing_ || sync_wanted_)) {
    changed_.WaitWithTimeout(&mutex_, kNotice);
  }
  return ending_.delivering();
}

Ledger::Counts Ledger::counts() const {
  absl::MutexLock lock(&mutex_);
  return counts_;
}

UploadCounters Ledger::TotalCounters() const {
  UploadCounters total = counters_();
  total.sent_bytes += begun_.sent_bytes;
  total.deduplicated_bytes += begun_.deduplicated_bytes;
  return total;
}

void Ledger::Write() {
  while (true) {
    std::deque<Entry> batch;
    bool sync = false;
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      changed_.SignalAll();
      while (!closed_ && !FrontIsDurable() && !(sync_wanted_ && entries_.empty()) &&
             absl::Now() < synced_ + options_.sync_interval) {
        changed_.WaitWithDeadline(&mutex_, synced_ + options_.sync_interval);
      }
      if (closed_) return;
      writing_ = true;
      uint64_t charge = 0;
      while (FrontIsDurable() && batch.size() < 1024) {
        charge += entries_.front().charge;
        batch.push_back(std::move(entries_.front()));
        entries_.pop_front();
        ++first_number_;
      }
      held_bytes_ -= charge;
      sync = sync_wanted_ && entries_.empty();
    }
    absl::Status status = ending_.delivering();
    while (status.ok() && !batch.empty()) {
      status = WriteEntry(std::move(batch.front()));
      batch.pop_front();
    }
    if (status.ok() && (sync || absl::Now() >= synced_ + options_.sync_interval)) status = SyncNow();
    if (!status.ok()) {
      ending_.Fail(status);
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      changed_.SignalAll();
      return;
    }
    if (sync) {
      absl::MutexLock lock(&mutex_);
      sync_wanted_ = false;
    }
  }
}

absl::Status Ledger::WriteEntry(Entry entry) {
  if (auto* extent = std::get_if<v1::Extent>(&entry.what)) {
    AppendExtent(std::move(*extent), extents_);
    return absl::OkStatus();
  }
  v1::JournalRecord record;
  if (auto* checkpoint = std::get_if<v1::StreamCheckpoint>(&entry.what)) {
    checkpoint->mutable_extents()->Swap(&extents_);
    extents_.Clear();
    *record.mutable_stream() = std::move(*checkpoint);
    // A kill forgets what the counters have counted since they were last written: seldom more than a window.
    SetCounters(TotalCounters(), record);
    return WriteRecord(std::move(record));
  }
  record = std::get<v1::JournalRecord>(std::move(entry.what));
  uint64_t item_bytes = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (record.body().has_item()) {
      v1::Item& item = *record.mutable_body()->mutable_item();
      item.set_index(counts_.items++);
      if (item.state() != v1::Item::STATE_COMPLETE) ++counts_.failed_items;
      counts_.stream_bytes += item.size_bytes();
      item_bytes = item.size_bytes();
      if (item.has_stream()) item.mutable_extents()->Swap(&extents_);
      extents_.Clear();
    } else if (record.body().has_target_outcome() && record.body().target_outcome().has_failure()) {
      ++counts_.failed_targets;
    }
  }
  HOZEN_RETURN_IF_ERROR(WriteRecord(std::move(record)));
  return item_bytes >= options_.synced_item_bytes ? SyncNow() : absl::OkStatus();
}

absl::Status Ledger::WriteRecord(v1::JournalRecord record) { return journal_.Append(record); }

absl::Status Ledger::SyncNow() {
  const UploadCounters now = TotalCounters();
  if (now.sent_bytes != written_counters_.sent_bytes ||
      now.deduplicated_bytes != written_counters_.deduplicated_bytes) {
    v1::JournalRecord record;
    SetCounters(now, record);
    HOZEN_RETURN_IF_ERROR(WriteRecord(std::move(record)));
    written_counters_ = now;
  }
  HOZEN_RETURN_IF_ERROR(journal_.Sync());
  synced_ = absl::Now();
  return absl::OkStatus();
}

}  // namespace hozen
