#include "collector/ingest/stream_watch.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace hozen {

StreamWatch::StreamWatch(StreamWatchOptions options) : options_(options), thread_([this] { WatchUntilStopped(); }) {}

StreamWatch::~StreamWatch() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

absl::StatusOr<StreamWatch::Place> StreamWatch::Enter(const std::string& owner, std::function<void()> end) {
  absl::MutexLock lock(&mutex_);
  if (streams_.size() >= options_.streams) {
    return absl::UnavailableError("many hosts are sending at this moment: try again in a few seconds");
  }
  size_t& of_owner = owners_[owner];
  if (of_owner >= options_.streams_for_each) {
    return absl::UnavailableError("this host has too many uploads open: try again in a few seconds");
  }
  ++of_owner;
  const uint64_t number = next_++;
  streams_[number] = Stream{owner, std::move(end), absl::Now()};
  return Place(*this, number);
}

void StreamWatch::Touched(uint64_t number) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(number);
  if (found != streams_.end()) found->second.touched = absl::Now();
}

void StreamWatch::Leave(uint64_t number) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(number);
  if (found == streams_.end()) return;
  const auto owner = owners_.find(found->second.owner);
  if (--owner->second == 0) owners_.erase(owner);
  streams_.erase(found);
}

void StreamWatch::WatchUntilStopped() {
  // Late by a quarter at most.
  const absl::Duration interval = std::max(options_.idle / 4, absl::Milliseconds(10));
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&stopping_), interval)) {
    const absl::Time idle_since = absl::Now() - options_.idle;
    for (const auto& [unused, stream] : streams_) {
      // Under the lock, so that the stream cannot be gone.
      if (stream.touched < idle_since) stream.end();
    }
  }
}

}  // namespace hozen
