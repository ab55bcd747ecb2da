#include "agent/run/stream_pipeline.h"

#include <algorithm>
#include <utility>

#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"
#include "core/evidence/map.h"

namespace hozen {
namespace {

constexpr uint64_t kStepCharge = 1024;
constexpr absl::Duration kNotice = absl::Milliseconds(100);

}  // namespace

StreamPipeline::StreamPipeline(StreamPipelineOptions options, ChunkSink& sink, Ledger& ledger, Ending& ending)
    : options_(options),
      sink_(sink),
      ledger_(ledger),
      ending_(ending),
      hashers_(std::max(1, options.hashing_threads)),
      passer_([this] { Run(); }) {}

StreamPipeline::~StreamPipeline() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    changed_.SignalAll();
  }
  passer_.join();
}

absl::Status StreamPipeline::Push(std::shared_ptr<Step> step, bool must) {
  absl::MutexLock lock(&mutex_);
  while (!must && held_bytes_ > 0 && held_bytes_ + step->charge > options_.held_bytes) {
    // What waits for room while the link is down must still notice the deadline.
    HOZEN_RETURN_IF_ERROR(ending_.collecting());
    changed_.WaitWithTimeout(&mutex_, kNotice);
  }
  HOZEN_RETURN_IF_ERROR(ending_.delivering());
  held_bytes_ += step->charge;
  steps_.push_back(std::move(step));
  changed_.SignalAll();
  return absl::OkStatus();
}

absl::Status StreamPipeline::Begin(v1::Item item, uint64_t stream_number, const UnfinishedStream* resumed) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kBegin;
  step->charge = kStepCharge;
  step->item = std::move(item);
  step->stream_number = stream_number;
  if (resumed != nullptr) step->resumed = *resumed;
  return Push(std::move(step), /*must=*/true);
}

absl::Status StreamPipeline::Add(Piece piece) {
  auto step = std::make_shared<Step>();
  step->charge = std::max<uint64_t>(piece.bytes.size(), kStepCharge);
  step->piece = std::move(piece);
  HOZEN_RETURN_IF_ERROR(Push(step, /*must=*/false));
  if (step->piece.failure.has_value()) return absl::OkStatus();
  hashers_.Submit([step] {
    step->all_zero = IsAllZero(step->piece.bytes);
    if (!step->all_zero) step->chunk = MakePlainChunk(std::move(step->piece.bytes));
    step->hashed.Notify();
  });
  return absl::OkStatus();
}

absl::Status StreamPipeline::End(std::optional<v1::Failure> cut, int64_t finished_unix_ns) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kEnd;
  step->charge = kStepCharge;
  step->cut = std::move(cut);
  step->finished_unix_ns = finished_unix_ns;
  return Push(std::move(step), /*must=*/true);
}

absl::Status StreamPipeline::AddItem(v1::Item item) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kItem;
  step->charge = kStepCharge + item.ByteSizeLong();
  step->item = std::move(item);
  return Push(std::move(step), /*must=*/false);
}

absl::Status StreamPipeline::AddOutcome(v1::TargetOutcome outcome) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kOutcome;
  step->charge = kStepCharge;
  step->outcome = std::move(outcome);
  return Push(std::move(step), /*must=*/true);
}

absl::Status StreamPipeline::AddTrace(v1::Trace trace) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kTrace;
  step->charge = kStepCharge;
  step->trace = std::move(trace);
  return Push(std::move(step), /*must=*/true);
}

absl::Status StreamPipeline::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    while (ending_.delivering().ok() && (!steps_.empty() || passing_)) changed_.WaitWithTimeout(&mutex_, kNotice);
  }
  HOZEN_RETURN_IF_ERROR(ending_.delivering());
  return ledger_.Drain();
}

void StreamPipeline::Run() {
  while (true) {
    std::shared_ptr<Step> step;
    {
      absl::MutexLock lock(&mutex_);
      passing_ = false;
      changed_.SignalAll();
      while (!closed_ && steps_.empty()) changed_.Wait(&mutex_);
      if (closed_) return;
      passing_ = true;
      step = std::move(steps_.front());
      steps_.pop_front();
    }
    const absl::Status status = PassOn(*step);
    absl::MutexLock lock(&mutex_);
    held_bytes_ -= step->charge;
    if (!status.ok()) {
      ending_.Fail(status);
      passing_ = false;
      changed_.SignalAll();
      return;
    }
  }
}

absl::Status StreamPipeline::PassOn(Step& step) {
  switch (step.kind) {
    case Kind::kBegin:
      BeginStream(step);
      return absl::OkStatus();
    case Kind::kPiece:
      return PassPiece(step);
    case Kind::kEnd:
      return PassEnd(step);
    case Kind::kItem:
      return ledger_.AddItem(std::move(step.item), 0);
    case Kind::kOutcome:
      return ledger_.AddOutcome(std::move(step.outcome));
    case Kind::kTrace:
      return ledger_.AddTrace(std::move(step.trace));
  }
  return absl::InternalError("unknown step");
}

void StreamPipeline::BeginStream(Step& step) {
  stream_.emplace();
  stream_->item = std::move(step.item);
  stream_->number = step.stream_number;
  if (!step.resumed.has_value()) return;
  absl::StatusOr<Sha256> sha256 = Sha256::RestoreState(step.resumed->sha256_state);
  if (!sha256.ok()) {
    ending_.Fail(sha256.status());
    return;
  }
  stream_->sha256 = *std::move(sha256);
  stream_->offset_bytes = step.resumed->offset_bytes;
  stream_->zero_bytes = step.resumed->zero_bytes;
  stream_->unreadable_bytes = step.resumed->unreadable_bytes;
  stream_->first_unreadable = step.resumed->first_unreadable;
  stream_->checkpointed = true;
}

absl::Status StreamPipeline::PassPiece(Step& step) {
  Stream& stream = *stream_;
  const uint64_t size = step.piece.size_bytes;
  if (step.piece.failure.has_value()) {
    stream.sha256.UpdateZeros(size);
    stream.unreadable_bytes += size;
    if (!stream.first_unreadable.has_value()) {
      stream.first_unreadable = step.piece.failure;
      stream.first_unreadable->set_detail(
          Concat("at offset ", stream.offset_bytes, ": ", step.piece.failure->detail().substr(0, 900)));
    }
    HOZEN_RETURN_IF_ERROR(ledger_.AddExtent(UnreadableExtent(size, *step.piece.failure), false, nullptr));
  } else {
    step.hashed.WaitForNotification();
    if (step.all_zero) {
      stream.sha256.UpdateZeros(size);
      stream.zero_bytes += size;
      HOZEN_RETURN_IF_ERROR(ledger_.AddExtent(ZerosExtent(size), false, nullptr));
    } else {
      stream.sha256.Update(*step.chunk.bytes);
      stream.chunk_bytes += size;
      HOZEN_RETURN_IF_ERROR(PassChunk(std::move(step.chunk)));
    }
    step.piece.bytes = std::string();
  }
  stream.offset_bytes += size;
  stream.stream_bytes += size;
  ++stream.extents;
  return MaybeCheckpoint();
}

absl::Status StreamPipeline::PassChunk(PlainChunk chunk) {
  uint64_t number = 0;
  HOZEN_RETURN_IF_ERROR(ledger_.AddExtent(ChunkExtent(chunk.sha256, static_cast<uint32_t>(chunk.bytes->size())),
                                          /*needs_word=*/true, &number));
  const absl::Status put =
      sink_.Put(std::move(chunk), [ledger = &ledger_, number](absl::Status status) { ledger->Settle(number, status); });
  if (!put.ok()) ending_.FailUpload(put);
  return put;
}

absl::Status StreamPipeline::MaybeCheckpoint() {
  Stream& stream = *stream_;
  // Only where a piece may end on the way through an undisturbed stream: then a resumed one is cut into the same
  // chunks.
  if (stream.offset_bytes % kMaxChunkSizeBytes != 0) return absl::OkStatus();
  if (stream.chunk_bytes < options_.checkpoint_chunk_bytes && stream.stream_bytes < options_.checkpoint_stream_bytes &&
      stream.extents < options_.checkpoint_extents) {
    return absl::OkStatus();
  }
  v1::StreamCheckpoint checkpoint;
  checkpoint.set_stream_number(stream.number);
  checkpoint.set_offset_bytes(stream.offset_bytes);
  checkpoint.set_sha256_state(stream.sha256.SaveState());
  if (!stream.checkpointed) *checkpoint.mutable_item() = stream.item;
  stream.checkpointed = true;
  stream.chunk_bytes = 0;
  stream.stream_bytes = 0;
  stream.extents = 0;
  return ledger_.AddCheckpoint(std::move(checkpoint));
}

absl::Status StreamPipeline::PassEnd(Step& step) {
  Stream stream = *std::move(stream_);
  stream_.reset();
  v1::Item& item = stream.item;
  item.set_size_bytes(stream.offset_bytes);
  item.set_zero_bytes(stream.zero_bytes);
  item.set_unreadable_bytes(stream.unreadable_bytes);
  item.set_finished_unix_ns(step.finished_unix_ns);
  item.set_state(v1::Item::STATE_COMPLETE);
  if (step.cut.has_value()) {
    *item.mutable_failure() = *std::move(step.cut);
  } else if (stream.first_unreadable.has_value()) {
    *item.mutable_failure() = *stream.first_unreadable;
    item.mutable_failure()->set_detail(
        Concat(stream.unreadable_bytes, " bytes could not be read, the first ", item.failure().detail()));
  }
  if (item.has_failure()) {
    const bool nothing = stream.unreadable_bytes == stream.offset_bytes;
    item.set_state(nothing ? v1::Item::STATE_FAILED : v1::Item::STATE_PARTIAL);
  }
  // What failed before its first byte has no stream, not an empty one: nobody knows whether it was empty.
  item.set_has_stream(stream.offset_bytes > 0 || !item.has_failure());
  if (item.has_stream()) item.set_sha256(std::string(stream.sha256.Finish().bytes()));
  return ledger_.AddItem(std::move(item), stream.checkpointed ? stream.number : 0);
}

}  // namespace hozen
