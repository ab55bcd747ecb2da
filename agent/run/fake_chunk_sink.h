// A ChunkSink in memory, with a thread that acknowledges, and a script of what goes wrong.
#ifndef HOZEN_AGENT_RUN_FAKE_CHUNK_SINK_H_
#define HOZEN_AGENT_RUN_FAKE_CHUNK_SINK_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "agent/upload/chunk_sink.h"
#include "core/evidence/map.h"

namespace hozen {

// What a collector has: outlives the sinks. Thread-safe.
struct FakeStore {
  absl::Mutex mutex;
  std::map<Digest, std::string> chunks ABSL_GUARDED_BY(mutex);
  std::vector<v1::Envelope> manifests ABSL_GUARDED_BY(mutex);
  uint64_t puts ABSL_GUARDED_BY(mutex) = 0;
  // After so many acknowledgements of this sink nothing more is acknowledged, as if the link were dead.
  uint64_t acknowledge_at_most ABSL_GUARDED_BY(mutex) = std::numeric_limits<uint64_t>::max();
  absl::Status refusal ABSL_GUARDED_BY(mutex);  // told to every chunk, where it is not OK
  std::deque<absl::Status> commit_answers ABSL_GUARDED_BY(mutex);
  std::function<void()> on_commit;  // before a manifest is taken

  // The bytes of a map.
  std::string Read(const ExtentList& extents) {
    absl::MutexLock lock(&mutex);
    std::string bytes;
    for (const v1::Extent& extent : extents) {
      if (extent.kind() != v1::Extent::KIND_CHUNK) {
        bytes.append(extent.size_bytes(), '\0');
        continue;
      }
      const auto chunk = chunks.find(*Digest::FromBytes(extent.chunk_sha256()));
      if (chunk == chunks.end()) return "a chunk is missing";
      bytes += chunk->second.substr(extent.chunk_offset_bytes(), extent.size_bytes());
    }
    return bytes;
  }
};

class FakeChunkSink : public ChunkSink {
 public:
  explicit FakeChunkSink(FakeStore& store) : store_(store), acknowledger_([this] { Acknowledge(); }) {}
  ~FakeChunkSink() override {
    Cancel();
    acknowledger_.join();
  }

  absl::Status Put(PlainChunk chunk, std::function<void(absl::Status)> on_durable) override {
    absl::MutexLock lock(&mutex_);
    // A window, as the real one has.
    mutex_.Await(absl::Condition(
        +[](FakeChunkSink* s) { return s->cancelled_ || s->waiting_.size() < 16; }, this));
    if (cancelled_) return absl::CancelledError("cancelled");
    waiting_.emplace_back(std::move(chunk), std::move(on_durable));
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](FakeChunkSink* s) { return s->cancelled_ || (s->waiting_.empty() && !s->busy_); }, this));
    return cancelled_ ? absl::CancelledError("cancelled") : absl::OkStatus();
  }

  absl::StatusOr<v1::Receipt> Commit(const v1::Envelope& manifest) override {
    if (store_.on_commit) store_.on_commit();
    absl::MutexLock lock(&store_.mutex);
    if (!store_.commit_answers.empty()) {
      const absl::Status answer = store_.commit_answers.front();
      store_.commit_answers.pop_front();
      if (!answer.ok()) return answer;
    }
    store_.manifests.push_back(manifest);
    v1::Receipt receipt;
    receipt.set_acquisition_id("receipt");
    return receipt;
  }

  UploadCounters counters() const override {
    absl::MutexLock lock(&mutex_);
    return {sent_bytes_, 0, false};
  }

  void Cancel() override {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    mutex_.Await(absl::Condition(&over_));
  }

 private:
  void Acknowledge() {
    uint64_t acknowledged = 0;
    while (true) {
      std::pair<PlainChunk, std::function<void(absl::Status)>> next;
      {
        absl::MutexLock lock(&mutex_);
        busy_ = false;
        mutex_.Await(absl::Condition(
            +[](FakeChunkSink* s) { return s->cancelled_ || !s->waiting_.empty(); }, this));
        if (cancelled_) break;
        absl::MutexLock store_lock(&store_.mutex);
        if (acknowledged >= store_.acknowledge_at_most) {
          stuck_ = true;
        } else {
          next = std::move(waiting_.front());
          waiting_.pop_front();
          busy_ = true;
        }
      }
      if (stuck_) {
        absl::MutexLock lock(&mutex_);
        mutex_.Await(absl::Condition(&cancelled_));
        break;
      }
      absl::Status status;
      {
        absl::MutexLock lock(&store_.mutex);
        status = store_.refusal;
        ++store_.puts;
        if (status.ok()) store_.chunks[next.first.sha256] = *next.first.bytes;
      }
      next.second(status);
      ++acknowledged;
      absl::MutexLock lock(&mutex_);
      sent_bytes_ += next.first.bytes->size();
    }
    std::deque<std::pair<PlainChunk, std::function<void(absl::Status)>>> rest;
    {
      absl::MutexLock lock(&mutex_);
      rest.swap(waiting_);
    }
    for (auto& [chunk, on_durable] : rest) on_durable(absl::CancelledError("cancelled"));
    absl::MutexLock lock(&mutex_);
    over_ = true;
  }

  FakeStore& store_;
  mutable absl::Mutex mutex_;
  std::deque<std::pair<PlainChunk, std::function<void(absl::Status)>>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t sent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;  // nobody is told anything any more
  bool stuck_ = false;
  std::thread acknowledger_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_FAKE_CHUNK_SINK_H_
