#include "agent/upload/uploading_chunk_sink.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_context.h"

namespace hozen {
namespace {

// What a chunk costs us beside its bytes; keeps a million tiny files from filling memory with bookkeeping.
constexpr uint64_t kLeastCharge = 2048;
constexpr int kPackingLevel = 1;
// Of a message: a larger chunk goes alone, small ones go together.
constexpr uint64_t kMessageBytes = 128 << 10;
constexpr size_t kMessageChunks = 512;
// Of plaintext: what one task packs before it tells the others.
constexpr uint64_t kPackedTogetherBytes = 256 << 10;
// Where there is a rate, a message is no more than this part of a second's worth: it goes at once.
constexpr uint64_t kMessageRateShare = 32;
constexpr absl::Duration kReadyPatience = absl::Minutes(1);
constexpr absl::Duration kLeastFullPause = absl::Milliseconds(10);
constexpr absl::Duration kMostFullPause = absl::Minutes(10);

uint64_t Charge(uint64_t size_bytes) { return std::max(size_bytes, kLeastCharge); }

// What trying again cannot mend.
bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

absl::Duration MonotonicNow() { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }

}  // namespace

UploadingChunkSink::UploadingChunkSink(UploadOptions options, std::unique_ptr<UploadTransport> transport)
    : options_(std::move(options)),
      transport_(std::move(transport)),
      // Half a second's worth: enough for a smooth stream, too little to be felt as a burst.
      send_rate_(static_cast<double>(options_.send_bytes_per_s),
                 std::max(static_cast<double>(options_.send_bytes_per_s) / 2, 65536.0)) {
  packers_ = std::make_unique<WorkerPool>(std::max(1, options_.packing_threads));
  asker_ = std::thread([this] { Ask(); });
  sender_ = std::thread([this] { Send(); });
}

UploadingChunkSink::~UploadingChunkSink() {
  Cancel();
  asker_.join();
  sender_.join();
  packers_.reset();
}

absl::Status UploadingChunkSink::Put(PlainChunk chunk, std::function<void(absl::Status)> on_durable) {
  absl::MutexLock lock(&mutex_);
  const uint64_t charge = Charge(chunk.bytes->size());
  while (ended_.ok() && held_bytes_ > 0 && held_bytes_ + charge > options_.held_bytes) settled_.Wait(&mutex_);
  if (!ended_.ok()) return ended_;
  held_bytes_ += charge;
  queue_.Add(std::move(chunk), std::move(on_durable));
  NoteUnasked();
  return absl::OkStatus();
}

absl::Status UploadingChunkSink::Flush() {
  absl::MutexLock lock(&mutex_);
  ++flushing_;
  unasked_.Signal();
  while (ended_.ok() && (!queue_.empty() || delivering_)) settled_.Wait(&mutex_);
  --flushing_;
  return ended_;
}

absl::StatusOr<v1::Receipt> UploadingChunkSink::Commit(const v1::Envelope& manifest) {
  Backoff backoff(options_.least_pause, options_.most_pause);
  while (true) {
    absl::StatusOr<v1::Receipt> receipt = transport_->Commit(manifest);
    {
      absl::MutexLock lock(&mutex_);
      if (!ended_.ok()) return ended_;
      paused_ = !receipt.ok() && absl::IsResourceExhausted(receipt.status());
    }
    if (receipt.ok()) return receipt;
    if (IsRefusal(receipt.status()) || absl::IsAlreadyExists(receipt.status())) {
      return WithContext(receipt.status(), "the collector refused the manifest");
    }
    Log(Severity::kInfo, Concat("the manifest is not handed over yet: ", receipt.status().message()));
    WaitUntil(absl::Now() + backoff.Next());
  }
}

UploadCounters UploadingChunkSink::counters() const {
  absl::MutexLock lock(&mutex_);
  return {queue_.sent_bytes(), queue_.deduplicated_bytes(), paused_};
}

void UploadingChunkSink::Cancel() {
  GiveUp(absl::CancelledError("the upload was cancelled"));
  absl::MutexLock lock(&mutex_);
  // Another thread may be delivering, or have given up just now.
  while (delivering_ || !queue_.empty()) settled_.Wait(&mutex_);
}

void UploadingChunkSink::GiveUp(const absl::Status& reason) {
  {
    absl::MutexLock lock(&mutex_);
    if (!ended_.ok()) return;
    ended_ = reason;
    WakeAll();
  }
  transport_->Cancel();
  Deliver();
}

void UploadingChunkSink::Deliver() {
  absl::MutexLock lock(&mutex_);
  // Whoever delivers now will see what we have settled: it looks again before it ends.
  if (delivering_) return;
  delivering_ = true;
  while (true) {
    const absl::Status status = ended_;
    std::vector<UploadQueue::Settled> settled = status.ok() ? queue_.TakeDurable() : queue_.TakeAll();
    if (settled.empty()) break;
    mutex_.Unlock();
    uint64_t bytes = 0;
    for (UploadQueue::Settled& one : settled) {
      one.on_durable(status);
      bytes += Charge(one.size_bytes);
    }
    mutex_.Lock();
    held_bytes_ -= bytes;
    settled_.SignalAll();
  }
  delivering_ = false;
  settled_.SignalAll();
}

void UploadingChunkSink::WakeAll() {
  settled_.SignalAll();
  unasked_.SignalAll();
  sendable_.SignalAll();
  stream_ends_.SignalAll();
}

bool UploadingChunkSink::WaitUntil(absl::Time when) {
  absl::MutexLock lock(&mutex_);
  while (ended_.ok() && absl::Now() < when) stream_ends_.WaitWithDeadline(&mutex_, when);
  return ended_.ok();
}

void UploadingChunkSink::PauseUntil(absl::Time until) {
  if (!paused_) Log(Severity::kWarning, "the collector is out of room; waiting until it has some again");
  paused_ = true;
  probing_ = true;
  paused_until_ = std::max(paused_until_, until);
  unasked_.SignalAll();
  sendable_.SignalAll();
}

void UploadingChunkSink::OnFailure(const absl::Status& status, Backoff& backoff, absl::Time& not_before) {
  if (IsRefusal(status)) {
    GiveUp(WithContext(status, "the collector refused the upload"));
    return;
  }
  const absl::Duration pause = backoff.Next();
  absl::MutexLock lock(&mutex_);
  if (!ended_.ok()) return;
  if (absl::IsResourceExhausted(status)) PauseUntil(absl::Now() + pause);
  Log(Severity::kInfo,
      Concat("upload interrupted, trying again in ", absl::FormatDuration(pause), ": ", status.message()));
  not_before = absl::Now() + pause;
}

absl::Time UploadingChunkSink::QuestionDue() const {
  if (queue_.unasked() == 0) return absl::InfiniteFuture();
  const bool large = queue_.unasked() >= options_.question_digests || queue_.unasked_bytes() >= options_.question_bytes;
  return large || flushing_ > 0 ? absl::InfinitePast() : unasked_since_ + options_.question_patience;
}

void UploadingChunkSink::NoteUnasked() {
  if (queue_.unasked() == 0) return;
  const bool begins = unasked_since_ == absl::InfiniteFuture();
  if (begins) unasked_since_ = absl::Now();
  // In between the asker sleeps until the question's time.
  if (begins || QuestionDue() == absl::InfinitePast()) unasked_.Signal();
}

void UploadingChunkSink::Ask() {
  Backoff backoff(options_.least_pause, options_.most_pause);
  absl::Time not_before = absl::InfinitePast();
  while (true) {
    UploadQueue::Question question;
    {
      absl::MutexLock lock(&mutex_);
      while (ended_.ok()) {
        const absl::Time when = std::max({not_before, paused_until_, QuestionDue()});
        if (absl::Now() >= when) break;
        unasked_.WaitWithDeadline(&mutex_, when);
      }
      if (!ended_.ok()) return;
      question = queue_.TakeQuestion(options_.question_digests);
      unasked_since_ = queue_.unasked() == 0 ? absl::InfiniteFuture() : absl::Now();
    }
    absl::StatusOr<std::string> missing = transport_->FindMissing(options_.acquisition_id, question.digests);
    std::vector<UploadQueue::ToPack> to_pack;
    absl::Status failure = missing.status();
    {
      absl::MutexLock lock(&mutex_);
      if (!ended_.ok()) return;
      if (missing.ok()) {
        absl::StatusOr<std::vector<UploadQueue::ToPack>> answered = queue_.Answer(question, *missing);
        failure = answered.status();
        if (answered.ok()) to_pack = *std::move(answered);
      } else {
        queue_.ForgetQuestion(question);
      }
      NoteUnasked();
      // What was packed before may be ready again.
      if (queue_.has_ready()) sendable_.SignalAll();
    }
    if (failure.ok()) {
      backoff.Reset();
      Pack(std::move(to_pack));
      Deliver();
    } else {
      OnFailure(failure, backoff, not_before);
    }
  }
}

void UploadingChunkSink::Pack(std::vector<UploadQueue::ToPack> to_pack) {
  std::vector<UploadQueue::ToPack> together;
  uint64_t bytes = 0;
  for (UploadQueue::ToPack& one : to_pack) {
    bytes += one.chunk.bytes->size();
    together.push_back(std::move(one));
    if (bytes < kPackedTogetherBytes) continue;
    packers_->Submit([this, chunks = std::exchange(together, {})] { PackTogether(chunks); });
    bytes = 0;
  }
  if (!together.empty()) packers_->Submit([this, chunks = std::move(together)] { PackTogether(chunks); });
}

void UploadingChunkSink::PackTogether(const std::vector<UploadQueue::ToPack>& chunks) {
  {
    absl::MutexLock lock(&mutex_);
    if (!ended_.ok()) return;
  }
  std::vector<VerifiedChunk> packed;
  packed.reserve(chunks.size());
  for (const UploadQueue::ToPack& one : chunks) packed.push_back(VerifiedChunk::FromPlain(one.chunk, kPackingLevel));
  absl::MutexLock lock(&mutex_);
  if (!ended_.ok()) return;
  for (size_t i = 0; i < chunks.size(); ++i) queue_.Packed(chunks[i].number, std::move(packed[i]));
  sendable_.SignalAll();
}

void UploadingChunkSink::Send() {
  Backoff backoff(options_.least_pause, options_.most_pause);
  absl::Time not_before = absl::InfinitePast();
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      while (ended_.ok()) {
        const absl::Time when = std::max(not_before, paused_until_);
        if (!queue_.has_ready()) {
          sendable_.Wait(&mutex_);
        } else if (absl::Now() < when) {
          sendable_.WaitWithDeadline(&mutex_, when);
        } else {
          break;
        }
      }
      if (!ended_.ok()) return;
      had_progress_ = false;
    }
    absl::StatusOr<std::unique_ptr<UploadStream>> stream = transport_->OpenUpload(options_.acquisition_id);
    const absl::Status status = stream.ok() ? SendOn(**stream) : stream.status();
    bool full = false;
    {
      absl::MutexLock lock(&mutex_);
      queue_.LinkBroken();
      NoteUnasked();
      if (!ended_.ok()) return;
      if (had_progress_) backoff.Reset();
      full = std::exchange(stream_full_, false);
    }
    if (full) {
      // The collector has said how long to wait at least. One that says "at once" again and again, and a fleet that
      // comes back all at the same time, must not make a storm of it.
      not_before = absl::Now() + backoff.Next();
    } else {
      OnFailure(status, backoff, not_before);
    }
  }
}

absl::Status UploadingChunkSink::SendOn(UploadStream& stream) {
  {
    absl::MutexLock lock(&mutex_);
    window_ = 0;
    stream_over_ = false;
    stream_full_ = false;
    stream_left_ = false;
    stream_fault_ = absl::OkStatus();
    heard_ = absl::Now();
  }
  std::thread receiver([this, &stream] { Receive(stream); });
  std::thread watcher([this, &stream] { Watch(stream); });
  while (true) {
    const std::vector<std::shared_ptr<const VerifiedChunk>> chunks = NextToSend();
    if (chunks.empty() || !stream.Send(chunks)) break;
  }
  {
    absl::MutexLock lock(&mutex_);
    stream_left_ = true;
    stream_ends_.SignalAll();
  }
  stream.Abort();
  receiver.join();
  watcher.join();
  const absl::Status finished = stream.Finish();
  absl::MutexLock lock(&mutex_);
  return stream_fault_.ok() ? finished : stream_fault_;
}

std::vector<std::shared_ptr<const VerifiedChunk>> UploadingChunkSink::NextToSend() {
  absl::MutexLock lock(&mutex_);
  absl::Time rate_until = absl::InfinitePast();
  while (true) {
    if (!ended_.ok() || stream_over_ || !stream_fault_.ok()) return {};
    // A probe is one chunk at a time: a window of one byte lets only a lone chunk through.
    const uint64_t window = probing_ ? std::min<uint64_t>(window_, 1) : window_;
    if (window > 0 && queue_.CanSend(window)) {
      if (rate_until != absl::InfinitePast() && absl::Now() >= rate_until) rate_until = absl::InfiniteFuture();
      if (rate_until == absl::InfinitePast()) {
        // Pays the debt of what was sent before, then sends; the new chunk's own cost is paid by the next.
        const absl::Duration wait = send_rate_.Take(0, MonotonicNow());
        rate_until = wait > absl::ZeroDuration() ? absl::Now() + wait : absl::InfiniteFuture();
      }
      if (rate_until == absl::InfiniteFuture()) {
        if (queue_.under_way() == 0) {
          heard_ = absl::Now();
          stream_ends_.SignalAll();  // from now on there is an answer to wait for
        }
        std::vector<std::shared_ptr<const VerifiedChunk>> chunks;
        const uint64_t most_bytes = options_.send_bytes_per_s == 0
                                        ? kMessageBytes
                                        : std::min(kMessageBytes, options_.send_bytes_per_s / kMessageRateShare);
        uint64_t bytes = 0;
        do {
          chunks.push_back(queue_.TakeToSend(window));
          bytes += chunks.back()->frame().size();
        } while (bytes < most_bytes && chunks.size() < kMessageChunks && queue_.CanSend(window));
        send_rate_.Take(static_cast<double>(bytes), MonotonicNow());
        return chunks;
      }
      sendable_.WaitWithDeadline(&mutex_, rate_until);
    } else {
      sendable_.Wait(&mutex_);
    }
  }
}

void UploadingChunkSink::Watch(UploadStream& stream) {
  {
    absl::MutexLock lock(&mutex_);
    while (true) {
      if (!ended_.ok() || stream_over_ || stream_left_) return;
      const bool waiting_for_answer = window_ == 0 || queue_.under_way() > 0;
      // The first answer costs the collector nothing; acknowledgements may wait for a slow line and a slow disk.
      const absl::Duration patience = window_ == 0 ? std::min(options_.silence, kReadyPatience) : options_.silence;
      const absl::Time silent_at = waiting_for_answer ? heard_ + patience : absl::InfiniteFuture();
      if (absl::Now() >= silent_at) {
        stream_fault_ =
            absl::UnavailableError(Concat("no answer from the collector for ", absl::FormatDuration(patience)));
        sendable_.SignalAll();
        break;
      }
      stream_ends_.WaitWithDeadline(&mutex_, silent_at);
    }
  }
  stream.Abort();
}

void UploadingChunkSink::Receive(UploadStream& stream) {
  while (std::optional<v1::UploadResponse> response = stream.Receive()) {
    bool over = false;
    {
      absl::MutexLock lock(&mutex_);
      heard_ = absl::Now();
      if (const absl::Status fault = OnResponse(*response); stream_fault_.ok()) stream_fault_ = fault;
      over = stream_full_ || !stream_fault_.ok();
      sendable_.SignalAll();  // the window has room again
      stream_ends_.SignalAll();
    }
    Deliver();
    if (over) break;
  }
  {
    absl::MutexLock lock(&mutex_);
    stream_over_ = true;
    sendable_.SignalAll();
    stream_ends_.SignalAll();
  }
  // Send may be waiting for room on the wire that nobody will make.
  stream.Abort();
}

absl::Status UploadingChunkSink::OnResponse(const v1::UploadResponse& response) {
  mutex_.AssertHeld();
  switch (response.message_case()) {
    case v1::UploadResponse::kReady:
      window_ = std::clamp<uint64_t>(response.ready().window_bytes(), 1, options_.window_bytes);
      return absl::OkStatus();
    case v1::UploadResponse::kAcknowledgedChunks: {
      absl::Status status = queue_.Acknowledge(response.acknowledged_chunks());
      if (status.ok() && response.acknowledged_chunks() > 0) {
        paused_ = false;
        probing_ = false;
        had_progress_ = true;
      }
      // A collector that counts wrongly may count right on the next stream; what it said is not believed.
      return status.ok() ? status : absl::UnavailableError(status.message());
    }
    case v1::UploadResponse::kFull: {
      const absl::Duration asked = absl::Milliseconds(response.full().retry_after_ms());
      stream_full_ = true;
      PauseUntil(absl::Now() + std::clamp(asked, kLeastFullPause, kMostFullPause));
      return absl::OkStatus();
    }
    case v1::UploadResponse::MESSAGE_NOT_SET:
      break;
  }
  return absl::UnavailableError("the collector sent an answer that this agent does not know");
}

}  // namespace hozen
