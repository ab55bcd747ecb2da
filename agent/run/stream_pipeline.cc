#include "agent/run/stream_pipeline.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "core/evidence/map.h"

namespace hozen {
namespace {

constexpr uint64_t kStepCharge = 1024;
constexpr uint64_t kPartCharge = 128;
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

absl::Status StreamPipeline::WaitForRoom(uint64_t charge) {
  absl::MutexLock lock(&mutex_);
  while (held_bytes_ > 0 && held_bytes_ + charge > options_.held_bytes) {
    // What waits for room while the link is down must still notice the deadline.
    HOZEN_RETURN_IF_ERROR(past_early_end_ ? ending_.delivering() : ending_.collecting());
    changed_.WaitWithTimeout(&mutex_, kNotice);
  }
  return ending_.delivering();
}

absl::Status StreamPipeline::Push(std::shared_ptr<Step> step) {
  HOZEN_RETURN_IF_ERROR(ending_.delivering());
  absl::MutexLock lock(&mutex_);
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
  offset_bytes_ = resumed == nullptr ? 0 : resumed->offset_bytes;
  past_early_end_ = false;
  return Push(std::move(step));
}

std::shared_ptr<StreamPipeline::Step> StreamPipeline::NewPieceStep(Piece piece) {
  auto step = std::make_shared<Step>();
  step->charge = std::max<uint64_t>(piece.bytes.size(), kStepCharge);
  step->piece_kind = piece.kind;
  step->size_bytes = piece.size_bytes;
  step->failure = std::move(piece.failure);
  if (piece.kind == Piece::Kind::kBytes) step->bytes = std::make_shared<const std::string>(std::move(piece.bytes));
  return step;
}

void StreamPipeline::Close(std::shared_ptr<ChunkAssembly> chunk, Step& step) {
  hashers_.Submit([chunk] { chunk->Hash(); });
  step.closed.push_back(std::move(chunk));
}

absl::Status StreamPipeline::Add(Piece piece) {
  const std::shared_ptr<Step> step = NewPieceStep(std::move(piece));
  offset_bytes_ += step->size_bytes;
  step->ends_chunks = true;
  // Where a piece may end on the way through an undisturbed stream.
  step->may_checkpoint = offset_bytes_ % kMaxChunkSizeBytes == 0;
  if (step->bytes != nullptr) {
    auto chunk = std::make_shared<ChunkAssembly>();
    chunk->Add(0, step->bytes);
    step->parts.push_back({.size_bytes = step->size_bytes, .position = 0, .whole = true, .chunk = chunk});
  }
  HOZEN_RETURN_IF_ERROR(WaitForRoom(step->charge));
  HOZEN_RETURN_IF_ERROR(Push(step));
  for (const StepPart& part : step->parts) hashers_.Submit([chunk = part.chunk] { chunk->Hash(); });
  return absl::OkStatus();
}

absl::Status StreamPipeline::AddCut(Piece piece, const std::vector<CutPart>& parts, int64_t read_unix_ms) {
  const std::shared_ptr<Step> step = NewPieceStep(std::move(piece));
  // Before anything is changed: a piece that is not taken leaves nothing behind.
  HOZEN_RETURN_IF_ERROR(WaitForRoom(step->charge));
  offset_bytes_ += step->size_bytes;
  step->read_unix_ms = read_unix_ms;
  std::vector<std::shared_ptr<ChunkAssembly>> whole;
  uint64_t at = 0;
  for (const CutPart& part : parts) {
    if (step->bytes != nullptr) {
      // The whole piece is shared; of a piece with several parts each has a copy, so that a small chunk that waits for
      // the collector does not keep all of it.
      std::shared_ptr<const std::string> bytes = step->bytes;
      if (part.size_bytes < step->size_bytes) {
        bytes = std::make_shared<const std::string>(step->bytes->substr(at, part.size_bytes));
        step->charge += part.size_bytes;
      }
      step->charge += kPartCharge;
      std::shared_ptr<ChunkAssembly> chunk = part.whole ? std::make_shared<ChunkAssembly>() : open_.Get(part.chunk);
      chunk->Add(part.position, std::move(bytes));
      if (part.whole) whole.push_back(chunk);
      if (!part.whole) open_.NoteBytes(part.size_bytes);
      step->parts.push_back(
          {.size_bytes = part.size_bytes, .position = part.position, .whole = part.whole, .chunk = std::move(chunk)});
    }
    if (!part.whole && part.last) {
      if (std::shared_ptr<ChunkAssembly> chunk = open_.Take(part.chunk)) Close(std::move(chunk), *step);
    }
    at += part.size_bytes;
  }
  while (open_.held_bytes() > options_.open_bytes) Close(open_.TakeOldest(), *step);
  step->ends_chunks = open_.empty() && (parts.empty() || parts.back().last);
  step->may_checkpoint = step->ends_chunks;
  HOZEN_RETURN_IF_ERROR(Push(step));
  // The whole chunks of a piece together: small ones are hashed faster than a thread is woken.
  if (!whole.empty()) {
    hashers_.Submit([whole = std::move(whole)] {
      for (const std::shared_ptr<ChunkAssembly>& chunk : whole) chunk->Hash();
    });
  }
  return absl::OkStatus();
}

absl::Status StreamPipeline::SendAhead(std::string bytes) {
  HOZEN_RETURN_IF_ERROR(ending_.collecting());
  const absl::Status put = sink_.Put(MakePlainChunk(std::move(bytes)), [ending = &ending_](const absl::Status& status) {
    if (!status.ok()) ending->FailUpload(status);
  });
  if (!put.ok()) ending_.FailUpload(put);
  return put;
}

absl::Status StreamPipeline::End(std::optional<v1::Failure> cut, int64_t finished_unix_ns) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kEnd;
  step->charge = kStepCharge;
  step->cut = std::move(cut);
  step->finished_unix_ns = finished_unix_ns;
  while (std::shared_ptr<ChunkAssembly> chunk = open_.TakeOldest()) Close(std::move(chunk), *step);
  return Push(std::move(step));
}

absl::Status StreamPipeline::AddItem(v1::Item item) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kItem;
  step->charge = kStepCharge + item.ByteSizeLong();
  step->item = std::move(item);
  HOZEN_RETURN_IF_ERROR(WaitForRoom(step->charge));
  return Push(std::move(step));
}

absl::Status StreamPipeline::AddOutcome(v1::TargetOutcome outcome) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kOutcome;
  step->charge = kStepCharge;
  step->outcome = std::move(outcome);
  return Push(std::move(step));
}

absl::Status StreamPipeline::AddTrace(v1::Trace trace) {
  auto step = std::make_shared<Step>();
  step->kind = Kind::kTrace;
  step->charge = kStepCharge;
  step->trace = std::move(trace);
  return Push(std::move(step));
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
    case Kind::kBegin: {
      HOZEN_ASSIGN_OR_RETURN(stream_, StreamUnderWay::Begin(std::move(step.item), step.stream_number,
                                                            step.resumed.has_value() ? &*step.resumed : nullptr));
      return absl::OkStatus();
    }
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

absl::Status StreamPipeline::PassPiece(Step& step) {
  StreamUnderWay& stream = *stream_;
  const uint64_t size = step.size_bytes;
  if (step.read_unix_ms != 0) stream.NoteReadTime(step.read_unix_ms);
  switch (step.piece_kind) {
    case Piece::Kind::kBytes:
      HOZEN_RETURN_IF_ERROR(PassParts(step));
      break;
    case Piece::Kind::kZeros:
      stream.AddZeros(size);
      HOZEN_RETURN_IF_ERROR(ledger_.AddExtent(ZerosExtent(size), false, nullptr));
      break;
    case Piece::Kind::kUnreadable:
      stream.AddUnreadable(size, *step.failure);
      HOZEN_RETURN_IF_ERROR(ledger_.AddExtent(UnreadableExtent(size, *step.failure), false, nullptr));
      break;
    case Piece::Kind::kNotAcquired:
      stream.AddNotAcquired(size);
      HOZEN_RETURN_IF_ERROR(ledger_.AddExtent(NotAcquiredExtent(size), false, nullptr));
      break;
  }
  for (const std::shared_ptr<ChunkAssembly>& chunk : step.closed) HOZEN_RETURN_IF_ERROR(PassClosed(*chunk));
  stream.Advance(size, std::max<size_t>(step.parts.size(), 1));
  return MaybeCheckpoint(step);
}

absl::Status StreamPipeline::PassParts(const Step& step) {
  stream_->AddBytes(*step.bytes);
  for (const StepPart& part : step.parts) {
    if (part.whole) {
      HOZEN_RETURN_IF_ERROR(PassWhole(part));
      continue;
    }
    // Its chunk gets its name when its last part has come.
    WaitingRun run = {.number = 0, .position = part.position, .size_bytes = static_cast<uint32_t>(part.size_bytes)};
    HOZEN_RETURN_IF_ERROR(ledger_.AddExtent(v1::Extent(), /*needs_word=*/true, &run.number));
    waiting_[part.chunk.get()].push_back(run);
  }
  return absl::OkStatus();
}

absl::Status StreamPipeline::PassWhole(const StepPart& part) {
  ChunkAssembly& chunk = *part.chunk;
  chunk.WaitUntilHashed();
  if (chunk.all_zero()) {
    stream_->NoteZeroBytes(part.size_bytes);
    return ledger_.AddExtent(ZerosExtent(part.size_bytes), false, nullptr);
  }
  stream_->NoteChunkBytes(part.size_bytes);
  uint64_t number = 0;
  HOZEN_RETURN_IF_ERROR(
      ledger_.AddExtent(ChunkExtent(chunk.chunk().sha256, static_cast<uint32_t>(part.size_bytes)), true, &number));
  return PutChunk(chunk.TakeChunk(), {number});
}

absl::Status StreamPipeline::PassClosed(ChunkAssembly& chunk) {
  chunk.WaitUntilHashed();
  const auto found = waiting_.find(&chunk);
  const std::vector<WaitingRun> runs = std::move(found->second);
  waiting_.erase(found);
  std::vector<uint64_t> numbers;
  for (const WaitingRun& run : runs) {
    if (chunk.all_zero()) {
      stream_->NoteZeroBytes(run.size_bytes);
      ledger_.SetExtent(run.number, ZerosExtent(run.size_bytes));
      ledger_.Settle(run.number, absl::OkStatus());
      continue;
    }
    stream_->NoteChunkBytes(run.size_bytes);
    ledger_.SetExtent(run.number, ChunkExtent(chunk.chunk().sha256, run.size_bytes, chunk.OffsetOf(run.position)));
    numbers.push_back(run.number);
  }
  return chunk.all_zero() ? absl::OkStatus() : PutChunk(chunk.TakeChunk(), std::move(numbers));
}

absl::Status StreamPipeline::PutChunk(PlainChunk chunk, std::vector<uint64_t> numbers) {
  const absl::Status put =
      sink_.Put(std::move(chunk), [ledger = &ledger_, numbers = std::move(numbers)](const absl::Status& status) {
        for (const uint64_t number : numbers) ledger->Settle(number, status);
      });
  if (!put.ok()) ending_.FailUpload(put);
  return put;
}

absl::Status StreamPipeline::MaybeCheckpoint(const Step& step) {
  const StreamUnderWay& stream = *stream_;
  const auto is_long = [&stream](int extents) { return stream.extents() >= static_cast<size_t>(extents); };
  // Rather where a piece may end on the way through an undisturbed stream: then a resumed one is cut into the same
  // chunks.
  const bool is_due = step.may_checkpoint && (stream.chunk_bytes() >= options_.checkpoint_chunk_bytes ||
                                              stream.stream_bytes() >= options_.checkpoint_stream_bytes ||
                                              is_long(options_.checkpoint_extents));
  if (!is_due && !(step.ends_chunks && is_long(options_.most_extents))) return absl::OkStatus();
  return ledger_.AddCheckpoint(stream_->Checkpoint());
}

absl::Status StreamPipeline::PassEnd(Step& step) {
  for (const std::shared_ptr<ChunkAssembly>& chunk : step.closed) HOZEN_RETURN_IF_ERROR(PassClosed(*chunk));
  const uint64_t number = stream_->checkpointed() ? stream_->number() : 0;
  v1::Item item = (*std::move(stream_)).Finish(std::move(step.cut), step.finished_unix_ns);
  stream_.reset();
  return ledger_.AddItem(std::move(item), number);
}

}  // namespace hozen
