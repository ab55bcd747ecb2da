#include "agent/run/patient_collect.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "agent/acquire/failure.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

absl::Status LeftBehind() { return absl::AbortedError("collecting has ended without this thread"); }

// Where the two threads meet. Both own it; the one that hangs may outlive everything else.
class Meeting {
 public:
  Meeting(const Patience& patience, ItemSink& sink) : patience_(patience), sink_(&sink) {}

  // The collecting thread's side.
  absl::Status Record(v1::Item item) {
    absl::MutexLock lock(&mutex_);
    if (sink_ == nullptr) return LeftBehind();
    at_ = item.path();
    const absl::Status status = sink_->Record(std::move(item));
    Heard();
    return status;
  }
  absl::Status Poll() {
    absl::MutexLock lock(&mutex_);
    if (sink_ == nullptr) return LeftBehind();
    const absl::Status status = sink_->Poll();
    Heard();
    return status;
  }
  bool AlreadyTaken(uint32_t target_index, const std::string& path) {
    absl::MutexLock lock(&mutex_);
    return sink_ != nullptr && sink_->AlreadyTaken(target_index, path);
  }
  void NoteTrace(v1::Trace trace) {
    absl::MutexLock lock(&mutex_);
    if (sink_ != nullptr) sink_->NoteTrace(std::move(trace));
    Heard();
  }
  absl::Status Take(v1::Item item, Source& source, bool until_end);
  void Finish(absl::StatusOr<v1::TargetOutcome> outcome) {
    absl::MutexLock lock(&mutex_);
    outcome_ = std::move(outcome);
    Heard();
  }

  // The caller's side: until the collecting thread is through or is left behind.
  absl::StatusOr<v1::TargetOutcome> Attend();
  bool is_left_behind() const {
    absl::MutexLock lock(&mutex_);
    return sink_ == nullptr;
  }

 private:
  struct Taking {
    v1::Item item;
    uint64_t size_bytes = 0;
    bool until_end = false;
  };
  // Of no bytes: was it written?
  struct Reading {
    uint64_t offset_bytes = 0;
    size_t size_bytes = 0;
  };

  // What Take gives to the sink: has each piece read by the collecting thread.
  class RelayedSource : public Source {
   public:
    RelayedSource(Meeting& meeting, uint64_t size_bytes, bool until_end)
        : meeting_(meeting), size_bytes_(size_bytes), until_end_(until_end) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
      return meeting_.Read(offset_bytes, buffer, until_end_);
    }
    uint64_t size_bytes() const override { return size_bytes_; }
    bool WasWritten() override {
      const absl::StatusOr<size_t> written = meeting_.Read(0, {}, until_end_);
      return written.ok() && *written > 0;
    }

   private:
    Meeting& meeting_;
    const uint64_t size_bytes_;
    const bool until_end_;
  };

  void Heard() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    heard_ = absl::Now();
    changed_.SignalAll();
  }
  bool IsTimeToLeave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<size_t> Read(uint64_t offset_bytes, absl::Span<char> buffer, bool until_end);
  absl::StatusOr<v1::TargetOutcome> OutcomeWithoutIt() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Patience patience_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  ItemSink* sink_ ABSL_GUARDED_BY(mutex_);  // null once the collecting thread is left behind
  absl::Status ending_ ABSL_GUARDED_BY(mutex_);
  absl::Time heard_ ABSL_GUARDED_BY(mutex_) = absl::Now();
  absl::Time ending_since_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  std::string at_ ABSL_GUARDED_BY(mutex_);
  std::optional<Taking> taking_ ABSL_GUARDED_BY(mutex_);       // asked of the caller
  std::optional<absl::Status> taken_ ABSL_GUARDED_BY(mutex_);  // its answer
  std::optional<Reading> reading_ ABSL_GUARDED_BY(mutex_);     // asked of the collecting thread
  std::optional<absl::StatusOr<size_t>> read_ ABSL_GUARDED_BY(mutex_);
  std::string bytes_ ABSL_GUARDED_BY(mutex_);  // its answer; never the caller's memory, which may be gone by then
  std::optional<absl::StatusOr<v1::TargetOutcome>> outcome_ ABSL_GUARDED_BY(mutex_);
};

absl::Status Meeting::Take(v1::Item item, Source& source, bool until_end) {
  absl::MutexLock lock(&mutex_);
  if (sink_ == nullptr) return LeftBehind();
  at_ = item.path();
  taken_.reset();
  taking_ = Taking{std::move(item), source.size_bytes(), until_end};
  Heard();
  std::string buffer;
  while (true) {
    while (sink_ != nullptr && !taken_.has_value() && !reading_.has_value()) changed_.Wait(&mutex_);
    if (sink_ == nullptr) return LeftBehind();
    if (taken_.has_value()) return *std::exchange(taken_, std::nullopt);
    const Reading reading = *std::exchange(reading_, std::nullopt);
    mutex_.Unlock();
    if (buffer.size() < reading.size_bytes) buffer.resize(reading.size_bytes);
    absl::StatusOr<size_t> read = 0;
    if (reading.size_bytes > 0) {
      read = source.ReadAt(reading.offset_bytes, absl::MakeSpan(buffer.data(), reading.size_bytes));
    } else {
      read = source.WasWritten() ? 1 : 0;
    }
    mutex_.Lock();
    if (sink_ == nullptr) return LeftBehind();
    read_ = std::move(read);
    bytes_.swap(buffer);
    Heard();
  }
}

absl::StatusOr<size_t> Meeting::Read(uint64_t offset_bytes, absl::Span<char> buffer, bool until_end) {
  absl::MutexLock lock(&mutex_);
  if (sink_ != nullptr) {
    read_.reset();
    reading_ = Reading{offset_bytes, buffer.size()};
    Heard();
  }
  while (sink_ != nullptr && !read_.has_value()) {
    changed_.WaitWithTimeout(&mutex_, patience_.look);
    if (!read_.has_value() && IsTimeToLeave()) Leave();
  }
  if (sink_ == nullptr) {
    const std::string what = Concat("reading at byte ", offset_bytes, ": the system gave no answer");
    // Of a disk all the rest is one unreadable run; nobody asks again, sector by sector.
    return until_end ? ErrnoStatus(ETIMEDOUT, what) : ErrnoStatus(ENODEV, what);
  }
  absl::StatusOr<size_t> read = *std::exchange(read_, std::nullopt);
  if (read.ok() && *read > 0 && !buffer.empty()) std::memcpy(buffer.data(), bytes_.data(), *read);
  return read;
}

bool Meeting::IsTimeToLeave() {
  const absl::Time now = absl::Now();
  if (ending_.ok()) {
    ending_ = sink_->Poll();
    if (!ending_.ok()) ending_since_ = absl::Now();
  }
  return now >= heard_ + patience_.silence || now >= ending_since_ + patience_.grace;
}

void Meeting::Leave() {
  sink_ = nullptr;
  Log(Severity::kWarning, Concat("the system does not answer at ", Printable(at_), "; going on without it"));
  changed_.SignalAll();
}

absl::StatusOr<v1::TargetOutcome> Meeting::OutcomeWithoutIt() {
  if (!ending_.ok()) return ending_;
  v1::TargetOutcome outcome;
  *outcome.mutable_failure() =
      MakeFailure(v1::CAUSE_BLOCKED,
                  Concat("the system gave no answer for ", absl::FormatDuration(patience_.silence), " at or behind ",
                         at_.empty() ? "the beginning" : Printable(at_), "; the rest of the target was left out"));
  return outcome;
}

absl::StatusOr<v1::TargetOutcome> Meeting::Attend() {
  absl::MutexLock lock(&mutex_);
  while (true) {
    while (sink_ != nullptr && !outcome_.has_value() && !taking_.has_value()) {
      changed_.WaitWithTimeout(&mutex_, patience_.look);
      if (!outcome_.has_value() && !taking_.has_value() && IsTimeToLeave()) Leave();
    }
    if (sink_ == nullptr) return OutcomeWithoutIt();
    if (outcome_.has_value()) return *std::move(outcome_);
    Taking taking = *std::exchange(taking_, std::nullopt);
    ItemSink& sink = *sink_;
    mutex_.Unlock();
    RelayedSource source(*this, taking.size_bytes, taking.until_end);
    absl::Status status = sink.Take(std::move(taking.item), source, taking.until_end);
    mutex_.Lock();
    if (sink_ == nullptr) return status.ok() ? OutcomeWithoutIt() : status;
    taken_ = std::move(status);
    Heard();
  }
}

class MeetingSink : public ItemSink {
 public:
  explicit MeetingSink(Meeting& meeting) : meeting_(meeting) {}
  absl::Status Record(v1::Item item) override { return meeting_.Record(std::move(item)); }
  absl::Status Take(v1::Item item, Source& source, bool until_end) override {
    return meeting_.Take(std::move(item), source, until_end);
  }
  bool AlreadyTaken(uint32_t target_index, const std::string& path) const override {
    return meeting_.AlreadyTaken(target_index, path);
  }
  absl::Status Poll() override { return meeting_.Poll(); }
  void NoteTrace(v1::Trace trace) override { meeting_.NoteTrace(std::move(trace)); }

 private:
  Meeting& meeting_;
};

}  // namespace

CollectTarget CollectWithPatience(CollectTarget collect, Patience patience) {
  return [collect = std::move(collect), patience](const v1::Target& target, const AcquireOptions& options,
                                                  ItemSink& sink) -> absl::StatusOr<v1::TargetOutcome> {
    auto meeting = std::make_shared<Meeting>(patience, sink);
    std::thread collecting([meeting, collect, target, options] {
      MeetingSink meeting_sink(*meeting);
      meeting->Finish(collect(target, options, meeting_sink));
    });
    absl::StatusOr<v1::TargetOutcome> outcome = meeting->Attend();
    // Nobody can end a thread that the system does not give back. It owns all that it uses.
    if (meeting->is_left_behind()) {
      collecting.detach();
    } else {
      collecting.join();
    }
    return outcome;
  };
}

}  // namespace hozen
