#include "agent/acquire/pushed_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hozen {
namespace {

constexpr size_t kMostAhead = 1 << 20;

}  // namespace

PushedSource::PushedSource(std::function<absl::Status(const Push& push)> produce, Producer producer)
    : mode_(producer), producer_([this, produce = std::move(produce)] {
        absl::Status end;
        {
          absl::MutexLock lock(&mutex_);
          end = WaitForReader();
        }
        if (end.ok()) end = produce([this](std::string_view bytes) { return Add(bytes); });
        absl::MutexLock lock(&mutex_);
        over_ = true;
        end_ = end;
        changed_.SignalAll();
      }) {}

PushedSource::~PushedSource() {
  {
    absl::MutexLock lock(&mutex_);
    abandoned_ = true;
    changed_.SignalAll();
  }
  producer_.join();
}

absl::Status PushedSource::WaitForReader() {
  const auto may_go_on = [this] {
    mutex_.AssertHeld();
    return mode_ == Producer::kAhead ? held_.size() < kMostAhead : held_offset_ + held_.size() < wanted_end_;
  };
  while (!abandoned_ && !may_go_on()) changed_.Wait(&mutex_);
  return abandoned_ ? absl::CancelledError("nobody reads any more") : absl::OkStatus();
}

absl::Status PushedSource::Add(std::string_view bytes) {
  absl::MutexLock lock(&mutex_);
  held_.append(bytes);
  changed_.SignalAll();
  return WaitForReader();
}

absl::StatusOr<size_t> PushedSource::ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) {
  absl::MutexLock lock(&mutex_);
  if (buffer.size() > kMostAhead) return absl::InvalidArgumentError("read at most 1 MiB at a time");
  if (offset_bytes < held_offset_) return absl::OutOfRangeError("these bytes were read and are gone");
  // Enough for the whole buffer, or the end: a short answer says that there is no more.
  while (true) {
    const uint64_t passed = std::min<uint64_t>(offset_bytes - held_offset_, held_.size());
    held_.erase(0, passed);
    held_offset_ += passed;
    if (over_ || (held_offset_ == offset_bytes && held_.size() >= buffer.size())) break;
    wanted_end_ = offset_bytes + buffer.size();
    changed_.SignalAll();
    changed_.Wait(&mutex_);
  }
  changed_.SignalAll();
  const size_t size = held_offset_ == offset_bytes ? std::min(held_.size(), buffer.size()) : 0;
  // What came before the error is handed out first.
  if (size == 0 && !end_.ok()) return end_;
  std::memcpy(buffer.data(), held_.data(), size);
  return size;
}

}  // namespace hozen
