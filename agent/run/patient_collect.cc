#include "agent/run/patient_collect.h"

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

  // The collecting thread's side. What only says that it lives wakes nobody: it comes for every name in every folder,
  // and the caller looks at the time by itself.
  absl::Status Record(v1::Item item) {
    absl::MutexLock lock(&mutex_);
    if (sink_ == nullptr) return LeftBehind();
    at_ = item.path();
    const absl::Status status = sink_->Record(std::move(item));
    heard_ = absl::Now();
    return status;
  }
  absl::Status Poll() {
    absl::MutexLock lock(&mutex_);
    if (sink_ == nullptr) return LeftBehind();
    const absl::Status status = sink_->Poll();
    heard_ = absl::Now();
    return status;
  }
  bool AlreadyTaken(uint32_t target_index, const std::string& path) {
    absl::MutexLock lock(&mutex_);
    return sink_ != nullptr && sink_->AlreadyTaken(target_index, path);
  }
  void NoteTrace(v1::Trace trace) {
    absl::MutexLock lock(&mutex_);
    if (sink_ != nullptr) sink_->NoteTrace(std::move(trace));
    heard_ = absl::Now();
  }
  absl::Status Take(v1::Item item, Source& source, bool until_end) {
    return HaveTaken({.item = std::move(item), .source = &source, .guide = nullptr, .until_end = until_end});
  }
  absl::Status TakeDisk(v1::Item item, Source& source, DiskGuide& guide) {
    return HaveTaken({.item = std::move(item), .source = &source, .guide = &guide, .until_end = false});
  }
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
    Source* source = nullptr;    // the collecting thread's: not to be touched by the caller
    DiskGuide* guide = nullptr;  // likewise; of a disk
    bool until_end = false;
    uint64_t size_bytes = 0;
  };

  // What Take gives to the sink: has each piece read by the collecting thread.
  class RelayedSource : public Source {
   public:
    RelayedSource(Meeting& meeting, const Taking& taking)
        : meeting_(meeting), source_(taking.source), size_bytes_(taking.size_bytes), until_end_(taking.until_end) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override;
    absl::StatusOr<std::string> Read(uint64_t offset_bytes, size_t size_bytes) override;
    uint64_t size_bytes() const override { return size_bytes_; }
    uint64_t ZerosAt(uint64_t offset_bytes) override;
    bool WasWritten() override;

   private:
    Meeting& meeting_;
    Source* const source_;
    const uint64_t size_bytes_;
    const bool until_end_;
  };

  class RelayedGuide : public DiskGuide {
   public:
    RelayedGuide(Meeting& meeting, DiskGuide* guide, uint64_t size_bytes)
        : meeting_(meeting), guide_(guide), size_bytes_(size_bytes) {}
    DiskZone Look(uint64_t from_bytes) override;
    std::vector<FileRun> Valuable() override;

   private:
    Meeting& meeting_;
    DiskGuide* const guide_;
    const uint64_t size_bytes_;
  };

  void Heard() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    heard_ = absl::Now();
    changed_.SignalAll();
  }
  bool IsTimeToLeave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status HaveTaken(Taking taking);
  // Has the collecting thread run it; false where that thread was left behind, and may run it at any time or never: it
  // owns what it touches, but for the source and the guide, which are that thread's.
  bool Run(std::function<void()> errand);
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
  std::function<void()> errand_ ABSL_GUARDED_BY(mutex_);       // asked of the collecting thread
  bool errand_done_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::StatusOr<v1::TargetOutcome>> outcome_ ABSL_GUARDED_BY(mutex_);
};

absl::Status Meeting::HaveTaken(Taking taking) {
  taking.size_bytes = taking.source->size_bytes();
  absl::MutexLock lock(&mutex_);
  if (sink_ == nullptr) return LeftBehind();
  at_ = taking.item.path();
  taken_.reset();
  taking_ = std::move(taking);
  Heard();
  while (true) {
    while (sink_ != nullptr && !taken_.has_value() && !errand_) changed_.Wait(&mutex_);
    if (sink_ == nullptr) return LeftBehind();
    if (taken_.has_value()) return *std::exchange(taken_, std::nullopt);
    const std::function<void()> errand = std::exchange(errand_, nullptr);
    mutex_.Unlock();
    errand();
    mutex_.Lock();
    if (sink_ == nullptr) return LeftBehind();
    errand_done_ = true;
    Heard();
  }
}

bool Meeting::Run(std::function<void()> errand) {
  absl::MutexLock lock(&mutex_);
  if (sink_ != nullptr) {
    errand_done_ = false;
    errand_ = std::move(errand);
    Heard();
  }
  while (sink_ != nullptr && !errand_done_) {
    changed_.WaitWithTimeout(&mutex_, patience_.look);
    if (!errand_done_ && IsTimeToLeave()) Leave();
  }
  return sink_ != nullptr;
}

absl::StatusOr<size_t> Meeting::RelayedSource::ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) {
  const absl::StatusOr<std::string> bytes = Read(offset_bytes, buffer.size());
  if (!bytes.ok()) return bytes.status();
  return bytes->copy(buffer.data(), buffer.size());
}

absl::StatusOr<std::string> Meeting::RelayedSource::Read(uint64_t offset_bytes, size_t size_bytes) {
  // Never the caller's memory, which may be gone by then.
  auto answer = std::make_shared<absl::StatusOr<std::string>>();
  if (!meeting_.Run(
          [answer, source = source_, offset_bytes, size_bytes] { *answer = source->Read(offset_bytes, size_bytes); })) {
    const std::string what = Concat("reading at byte ", offset_bytes, ": the system gave no answer");
    // Of a disk all the rest is one unreadable run; nobody asks again, sector by sector.
    return until_end_ ? ErrnoStatus(ETIMEDOUT, what) : ErrnoStatus(ENODEV, what);
  }
  return std::move(*answer);
}

uint64_t Meeting::RelayedSource::ZerosAt(uint64_t offset_bytes) {
  auto zeros = std::make_shared<uint64_t>(0);
  const bool answered =
      meeting_.Run([zeros, source = source_, offset_bytes] { *zeros = source->ZerosAt(offset_bytes); });
  return answered ? *zeros : 0;
}

bool Meeting::RelayedSource::WasWritten() {
  auto written = std::make_shared<bool>(false);
  return meeting_.Run([written, source = source_] { *written = source->WasWritten(); }) && *written;
}

DiskZone Meeting::RelayedGuide::Look(uint64_t from_bytes) {
  auto zone = std::make_shared<DiskZone>();
  if (meeting_.Run([zone, guide = guide_, from_bytes] { *zone = guide->Look(from_bytes); })) return std::move(*zone);
  return {.end_bytes = size_bytes_, .runs = {}, .left_out = {}};
}

std::vector<FileRun> Meeting::RelayedGuide::Valuable() {
  auto runs = std::make_shared<std::vector<FileRun>>();
  if (meeting_.Run([runs, guide = guide_] { *runs = guide->Valuable(); })) return std::move(*runs);
  return {};
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
    RelayedSource source(*this, taking);
    RelayedGuide guide(*this, taking.guide, taking.size_bytes);
    absl::Status status = taking.guide == nullptr ? sink.Take(std::move(taking.item), source, taking.until_end)
                                                  : sink.TakeDisk(std::move(taking.item), source, guide);
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
  absl::Status TakeDisk(v1::Item item, Source& source, DiskGuide& guide) override {
    return meeting_.TakeDisk(std::move(item), source, guide);
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
