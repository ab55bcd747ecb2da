#include "agent/run/stream_under_way.h"

#include <utility>

#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// A time for each second of reading; further apart the more there are, so that they fit into the item's record however
// long a disk takes.
constexpr int64_t kLeastStepMs = 1000;
constexpr uint64_t kTimesPerStep = 2048;

int64_t StepMs(uint64_t noted_times) { return kLeastStepMs << (noted_times / kTimesPerStep); }

}  // namespace

absl::StatusOr<StreamUnderWay> StreamUnderWay::Begin(v1::Item item, uint64_t number, const UnfinishedStream* resumed) {
  StreamUnderWay stream;
  stream.item_ = std::move(item);
  stream.number_ = number;
  if (resumed == nullptr) return stream;
  HOZEN_ASSIGN_OR_RETURN(stream.sha256_, Sha256::RestoreState(resumed->sha256_state));
  stream.offset_bytes_ = resumed->offset_bytes;
  stream.zero_bytes_ = resumed->zero_bytes;
  stream.unreadable_bytes_ = resumed->unreadable_bytes;
  stream.not_acquired_bytes_ = resumed->not_acquired_bytes;
  stream.first_unreadable_ = resumed->first_unreadable;
  stream.noted_times_ = resumed->read_times;
  stream.checkpointed_ = true;
  return stream;
}

void StreamUnderWay::AddZeros(uint64_t size_bytes) {
  sha256_.UpdateZeros(size_bytes);
  zero_bytes_ += size_bytes;
}

void StreamUnderWay::AddUnreadable(uint64_t size_bytes, const v1::Failure& failure) {
  sha256_.UpdateZeros(size_bytes);
  unreadable_bytes_ += size_bytes;
  if (first_unreadable_.has_value()) return;
  first_unreadable_ = failure;
  first_unreadable_->set_detail(Concat("at offset ", offset_bytes_, ": ", failure.detail().substr(0, 900)));
}

void StreamUnderWay::AddNotAcquired(uint64_t size_bytes) {
  sha256_.UpdateZeros(size_bytes);
  not_acquired_bytes_ += size_bytes;
}

void StreamUnderWay::Advance(uint64_t size_bytes, size_t extents) {
  offset_bytes_ += size_bytes;
  stream_bytes_ += size_bytes;
  extents_ += extents;
}

void StreamUnderWay::NoteReadTime(int64_t unix_ms) {
  if (!item_.has_disk()) return;
  if (last_noted_ms_ != 0 && unix_ms < last_noted_ms_ + StepMs(noted_times_)) return;
  v1::ReadTime& time = read_times_.emplace_back();
  time.set_offset_bytes(offset_bytes_);
  time.set_unix_ms(unix_ms);
  last_noted_ms_ = unix_ms;
  ++noted_times_;
}

v1::StreamCheckpoint StreamUnderWay::Checkpoint() {
  v1::StreamCheckpoint checkpoint;
  checkpoint.set_stream_number(number_);
  checkpoint.set_offset_bytes(offset_bytes_);
  checkpoint.set_sha256_state(sha256_.SaveState());
  checkpoint.mutable_read_times()->Add(read_times_.begin(), read_times_.end());
  if (!checkpointed_) *checkpoint.mutable_item() = item_;
  checkpointed_ = true;
  chunk_bytes_ = 0;
  stream_bytes_ = 0;
  extents_ = 0;
  read_times_.clear();
  return checkpoint;
}

v1::Item StreamUnderWay::Finish(std::optional<v1::Failure> cut, int64_t finished_unix_ns) && {
  v1::Item item = std::move(item_);
  item.set_size_bytes(offset_bytes_);
  item.set_zero_bytes(zero_bytes_);
  item.set_unreadable_bytes(unreadable_bytes_);
  item.set_not_acquired_bytes(not_acquired_bytes_);
  item.mutable_read_times()->Add(read_times_.begin(), read_times_.end());
  item.set_finished_unix_ns(finished_unix_ns);
  item.set_state(v1::Item::STATE_COMPLETE);
  if (cut.has_value()) {
    *item.mutable_failure() = *std::move(cut);
  } else if (first_unreadable_.has_value()) {
    *item.mutable_failure() = *first_unreadable_;
    item.mutable_failure()->set_detail(
        Concat(unreadable_bytes_, " bytes could not be read, the first ", item.failure().detail()));
  }
  if (item.has_failure()) {
    const bool nothing = unreadable_bytes_ + not_acquired_bytes_ == offset_bytes_;
    item.set_state(nothing ? v1::Item::STATE_FAILED : v1::Item::STATE_PARTIAL);
  }
  // What failed before its first byte has no stream, not an empty one: nobody knows whether it was empty.
  item.set_has_stream(offset_bytes_ > 0 || !item.has_failure());
  if (item.has_stream()) item.set_sha256(std::string(sha256_.Finish().bytes()));
  return item;
}

}  // namespace hozen
