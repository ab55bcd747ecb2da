#include "agent/upload/uploading_chunk_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

// A collector that outlives the connections to it, and the script of what goes wrong.
struct FakeCollector {
  absl::Mutex mutex;
  std::map<Digest, std::string> stored ABSL_GUARDED_BY(mutex);
  uint64_t received_chunks ABSL_GUARDED_BY(mutex) = 0;
  uint64_t operations ABSL_GUARDED_BY(mutex) = 0;
  uint64_t break_at ABSL_GUARDED_BY(mutex) = kNever;  // this operation breaks the link
  bool store_before_break ABSL_GUARDED_BY(mutex) = false;
  int full_streams ABSL_GUARDED_BY(mutex) = 0;  // so many streams are told that there is no room
  uint32_t full_retry_after_ms ABSL_GUARDED_BY(mutex) = 20;
  int deaf_streams ABSL_GUARDED_BY(mutex) = 0;  // so many streams are open, and nobody reads them
  bool hold_acknowledgements ABSL_GUARDED_BY(mutex) = false;
  uint64_t window_bytes ABSL_GUARDED_BY(mutex) = 16 << 20;
  uint64_t most_under_way_bytes ABSL_GUARDED_BY(mutex) = 0;
  absl::Status find_missing_status ABSL_GUARDED_BY(mutex);
  std::deque<absl::Status> commit_answers ABSL_GUARDED_BY(mutex);
  int commits ABSL_GUARDED_BY(mutex) = 0;
  int streams ABSL_GUARDED_BY(mutex) = 0;

  bool BreaksNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return operations++ == break_at; }
};

class FakeStream : public UploadStream {
 public:
  FakeStream(FakeCollector& collector, bool full, bool deaf) : collector_(collector), full_(full), deaf_(deaf) {
    absl::MutexLock lock(&collector_.mutex);
    answers_.emplace_back().mutable_ready()->set_window_bytes(collector_.window_bytes);
  }

  bool Send(const std::vector<std::shared_ptr<const VerifiedChunk>>& chunks) override {
    for (const std::shared_ptr<const VerifiedChunk>& chunk : chunks) {
      if (!SendOne(*chunk)) return false;
    }
    return true;
  }

  bool SendOne(const VerifiedChunk& chunk) {
    absl::MutexLock lock(&collector_.mutex);
    if (deaf_) collector_.mutex.Await(absl::Condition(&ended_));
    if (ended_) return false;
    const bool breaks = collector_.BreaksNow();
    if (breaks && !collector_.store_before_break) {
      ended_ = true;
      return false;
    }
    ++collector_.received_chunks;
    if (full_) {
      answers_.emplace_back().mutable_full()->set_retry_after_ms(collector_.full_retry_after_ms);
      return true;
    }
    absl::StatusOr<std::string> plain = UnpackVerified(chunk.sha256(), chunk.size_bytes(), chunk.frame());
    EXPECT_TRUE(plain.ok()) << plain.status();
    under_way_.push_back(chunk.frame().size());
    under_way_bytes_ += chunk.frame().size();
    collector_.most_under_way_bytes = std::max(collector_.most_under_way_bytes, under_way_bytes_);
    if (!collector_.hold_acknowledgements) {
      collector_.stored[chunk.sha256()] = *std::move(plain);
      answers_.emplace_back().set_acknowledged_chunks(1);
    }
    if (breaks) ended_ = true;
    return !breaks;
  }

  std::optional<v1::UploadResponse> Receive() override {
    absl::MutexLock lock(&collector_.mutex);
    collector_.mutex.Await(absl::Condition(
        +[](FakeStream* self) { return self->ended_ || !self->answers_.empty(); }, this));
    if (ended_) return std::nullopt;
    if (collector_.BreaksNow()) {
      ended_ = true;
      return std::nullopt;
    }
    v1::UploadResponse answer = std::move(answers_.front());
    answers_.pop_front();
    if (answer.acknowledged_chunks() > 0) {
      under_way_bytes_ -= under_way_.front();
      under_way_.pop_front();
    }
    return answer;
  }

  void Abort() override {
    absl::MutexLock lock(&collector_.mutex);
    ended_ = true;
  }
  absl::Status Finish() override { return absl::UnavailableError("the link broke"); }

 private:
  FakeCollector& collector_;
  const bool full_;
  const bool deaf_;
  bool ended_ = false;
  std::deque<v1::UploadResponse> answers_;
  std::deque<uint64_t> under_way_;
  uint64_t under_way_bytes_ = 0;
};

class FakeTransport : public UploadTransport {
 public:
  explicit FakeTransport(FakeCollector& collector) : collector_(collector) {}

  absl::StatusOr<std::string> FindMissing(const std::string&, const std::string& digests) override {
    absl::MutexLock lock(&collector_.mutex);
    if (cancelled_) return absl::CancelledError("");
    if (!collector_.find_missing_status.ok()) return collector_.find_missing_status;
    if (collector_.BreaksNow()) return absl::UnavailableError("the link broke");
    std::string missing;
    for (size_t i = 0; i < digests.size(); i += Digest::kSizeBytes) {
      const Digest digest = *Digest::FromBytes(digests.substr(i, Digest::kSizeBytes));
      missing.push_back(collector_.stored.contains(digest) ? 0 : 1);
    }
    return missing;
  }

  absl::StatusOr<std::unique_ptr<UploadStream>> OpenUpload(const std::string&) override {
    bool full = false;
    bool deaf = false;
    {
      absl::MutexLock lock(&collector_.mutex);
      if (cancelled_) return absl::CancelledError("");
      if (collector_.BreaksNow()) return absl::UnavailableError("the link broke");
      ++collector_.streams;
      full = collector_.full_streams > 0;
      if (full) --collector_.full_streams;
      deaf = collector_.deaf_streams > 0;
      if (deaf) --collector_.deaf_streams;
    }
    return std::make_unique<FakeStream>(collector_, full, deaf);
  }

  absl::StatusOr<v1::Receipt> Commit(const v1::Envelope& manifest) override {
    absl::MutexLock lock(&collector_.mutex);
    ++collector_.commits;
    if (!collector_.commit_answers.empty()) {
      const absl::Status status = collector_.commit_answers.front();
      collector_.commit_answers.pop_front();
      if (!status.ok()) return status;
    }
    v1::Receipt receipt;
    receipt.set_acquisition_id(manifest.payload());
    return receipt;
  }

  void Cancel() override {
    absl::MutexLock lock(&collector_.mutex);
    cancelled_ = true;
  }

 private:
  FakeCollector& collector_;
  bool cancelled_ = false;
};

UploadOptions FastOptions() {
  UploadOptions options;
  options.acquisition_id = "a";
  options.least_pause = absl::Milliseconds(1);
  options.most_pause = absl::Milliseconds(4);
  options.question_digests = 3;
  return options;
}

// Bytes that do not compress, a kilobyte or so, all different.
std::string Bytes(int seed) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += std::string(Sha256::Of(Concat(seed, " ", i)).bytes());
  return bytes;
}

// What came of the chunks that were put, in the order in which it was told.
class Outcomes {
 public:
  std::function<void(absl::Status)> Next(int number) {
    return [this, number](absl::Status status) {
      absl::MutexLock lock(&mutex_);
      told_.emplace_back(number, std::move(status));
    };
  }
  std::vector<std::pair<int, absl::Status>> told() const {
    absl::MutexLock lock(&mutex_);
    return told_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::pair<int, absl::Status>> told_;
};

TEST(UploadingChunkSinkTest, TellsOfEveryChunkInOrderOnceTheCollectorHasIt) {
  FakeCollector collector;
  Outcomes outcomes;
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(i)), outcomes.Next(i)).ok());
  ASSERT_TRUE(sink.Flush().ok());
  const auto told = outcomes.told();
  ASSERT_EQ(told.size(), 50u);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(told[i].first, i);
    EXPECT_TRUE(told[i].second.ok());
  }
  absl::MutexLock lock(&collector.mutex);
  EXPECT_EQ(collector.stored.size(), 50u);
  EXPECT_EQ(collector.stored[Sha256::Of(Bytes(7))], Bytes(7));
}

TEST(UploadingChunkSinkTest, SendsNothingThatTheCollectorHas) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    for (int i = 0; i < 10; ++i) collector.stored[Sha256::Of(Bytes(i))] = Bytes(i);
  }
  Outcomes outcomes;
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(i)), outcomes.Next(i)).ok());
  ASSERT_TRUE(sink.Flush().ok());
  EXPECT_EQ(sink.counters().deduplicated_bytes, 10 * Bytes(0).size());
  absl::MutexLock lock(&collector.mutex);
  EXPECT_EQ(collector.received_chunks, 2u);
}

TEST(UploadingChunkSinkTest, SendsAChunkThatIsPutAgainBeforeItIsDurableOnlyOnce) {
  FakeCollector collector;
  Outcomes outcomes;
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(1)), outcomes.Next(i)).ok());
  ASSERT_TRUE(sink.Flush().ok());
  EXPECT_EQ(outcomes.told().size(), 20u);
  absl::MutexLock lock(&collector.mutex);
  EXPECT_EQ(collector.received_chunks, 1u);
}

// Breaks the link at every operation there is, with and without the chunk having arrived.
TEST(UploadingChunkSinkTest, GoesOnWhereverTheLinkBreaks) {
  for (const bool store_before_break : {false, true}) {
    bool broke = true;
    for (uint64_t at = 0; broke; ++at) {
      ASSERT_LT(at, 1000u);
      FakeCollector collector;
      {
        absl::MutexLock lock(&collector.mutex);
        collector.break_at = at;
        collector.store_before_break = store_before_break;
      }
      Outcomes outcomes;
      UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
      for (int i = 0; i < 8; ++i) ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(i)), outcomes.Next(i)).ok());
      ASSERT_TRUE(sink.Flush().ok());
      const auto told = outcomes.told();
      ASSERT_EQ(told.size(), 8u) << at;
      for (int i = 0; i < 8; ++i) ASSERT_TRUE(told[i].first == i && told[i].second.ok()) << at;
      absl::MutexLock lock(&collector.mutex);
      EXPECT_EQ(collector.stored.size(), 8u) << at;
      // What was acknowledged is never sent again: at most all that was under way at the break comes twice.
      EXPECT_LE(collector.received_chunks, 16u) << at;
      broke = collector.operations > at;
    }
  }
}

TEST(UploadingChunkSinkTest, KeepsUnacknowledgedFramesWithinTheCollectorsWindow) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    collector.window_bytes = 5000;
  }
  Outcomes outcomes;
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(i)), outcomes.Next(i)).ok());
  ASSERT_TRUE(sink.Flush().ok());
  absl::MutexLock lock(&collector.mutex);
  EXPECT_LE(collector.most_under_way_bytes, 5000u);
}

TEST(UploadingChunkSinkTest, AFullCollectorIsProbedWithOneChunkAtATime) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    collector.full_streams = 6;
  }
  Outcomes outcomes;
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(i)), outcomes.Next(i)).ok());
  ASSERT_TRUE(sink.Flush().ok());
  EXPECT_FALSE(sink.counters().paused);
  absl::MutexLock lock(&collector.mutex);
  EXPECT_EQ(collector.stored.size(), 10u);
  // The first stream may have filled its window before it heard; each probe after it costs one chunk.
  EXPECT_LE(collector.received_chunks, 10u + 5u + 10u);
}

TEST(UploadingChunkSinkTest, AFullCollectorThatSaysAtOnceIsNotAskedInALoop) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    collector.full_streams = 6;
    collector.full_retry_after_ms = 0;
  }
  UploadOptions options = FastOptions();
  options.least_pause = absl::Milliseconds(60);
  options.most_pause = absl::Milliseconds(60);
  Outcomes outcomes;
  const absl::Time start = absl::Now();
  UploadingChunkSink sink(options, std::make_unique<FakeTransport>(collector));
  ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(1)), outcomes.Next(1)).ok());
  ASSERT_TRUE(sink.Flush().ok());
  EXPECT_GE(absl::Now() - start, 6 * absl::Milliseconds(60));
}

TEST(UploadingChunkSinkTest, ACollectorThatDoesNotReadIsLeft) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    collector.deaf_streams = 1;
  }
  UploadOptions options = FastOptions();
  options.silence = absl::Milliseconds(200);
  Outcomes outcomes;
  UploadingChunkSink sink(options, std::make_unique<FakeTransport>(collector));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(i)), outcomes.Next(i)).ok());
  ASSERT_TRUE(sink.Flush().ok());
  absl::MutexLock lock(&collector.mutex);
  EXPECT_EQ(collector.stored.size(), 5u);
  EXPECT_EQ(collector.streams, 2);
}

TEST(UploadingChunkSinkTest, ARefusalEndsItAndIsToldToEveryChunk) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    collector.find_missing_status = absl::PermissionDeniedError("not this host's");
  }
  Outcomes outcomes;
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  int put = 0;
  while (sink.Put(MakePlainChunk(Bytes(put)), outcomes.Next(put)).ok()) ++put;
  EXPECT_TRUE(absl::IsPermissionDenied(sink.Flush()));
  const absl::Time patience = absl::Now() + kPatience;
  while (static_cast<int>(outcomes.told().size()) < put && absl::Now() < patience)
    absl::SleepFor(absl::Milliseconds(1));
  ASSERT_EQ(static_cast<int>(outcomes.told().size()), put);
  for (const auto& [number, status] : outcomes.told()) EXPECT_TRUE(absl::IsPermissionDenied(status)) << number;
}

TEST(UploadingChunkSinkTest, CancelEndsAPutThatWaitsForRoom) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    collector.hold_acknowledgements = true;
  }
  UploadOptions options = FastOptions();
  options.held_bytes = 8 << 10;
  Outcomes outcomes;
  UploadingChunkSink sink(options, std::make_unique<FakeTransport>(collector));
  absl::Notification done;
  std::thread putter([&] {
    int put = 0;
    while (sink.Put(MakePlainChunk(Bytes(put)), outcomes.Next(put)).ok()) ++put;
    EXPECT_LE(put, 4);  // no more than fits into what may be held
    done.Notify();
  });
  const absl::Time patience = absl::Now() + kPatience;
  while (absl::Now() < patience) {
    absl::MutexLock lock(&collector.mutex);
    if (collector.received_chunks >= 4) break;
    collector.mutex.AwaitWithTimeout(absl::Condition(
                                         +[](FakeCollector* c) { return c->received_chunks >= 4; }, &collector),
                                     absl::Seconds(1));
  }
  EXPECT_FALSE(done.HasBeenNotified());
  sink.Cancel();
  EXPECT_TRUE(done.WaitForNotificationWithTimeout(kPatience));
  putter.join();
  EXPECT_TRUE(absl::IsCancelled(sink.Flush()));
  for (const auto& [number, status] : outcomes.told()) EXPECT_TRUE(absl::IsCancelled(status)) << number;
}

TEST(UploadingChunkSinkTest, CancelReturnsOnlyWhenNobodyIsToldAnythingAnyMore) {
  FakeCollector collector;
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  absl::Notification telling;
  absl::Notification go_on;
  ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(0)),
                       [&](const absl::Status&) {
                         telling.Notify();
                         go_on.WaitForNotification();
                       })
                  .ok());
  ASSERT_TRUE(telling.WaitForNotificationWithTimeout(kPatience));
  absl::Notification cancelled;
  std::thread canceller([&] {
    sink.Cancel();
    cancelled.Notify();
  });
  EXPECT_FALSE(cancelled.WaitForNotificationWithTimeout(absl::Milliseconds(50)));
  go_on.Notify();
  EXPECT_TRUE(cancelled.WaitForNotificationWithTimeout(kPatience));
  canceller.join();
}

TEST(UploadingChunkSinkTest, HandsTheManifestOverUntilThereIsAnAnswer) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    collector.commit_answers = {absl::UnavailableError(""), absl::ResourceExhaustedError(""), absl::InternalError("")};
  }
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  v1::Envelope manifest;
  manifest.set_payload("m");
  const absl::StatusOr<v1::Receipt> receipt = sink.Commit(manifest);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->acquisition_id(), "m");
  absl::MutexLock lock(&collector.mutex);
  EXPECT_EQ(collector.commits, 4);
  collector.commit_answers = {absl::NotFoundError("lacks chunks")};
}

TEST(UploadingChunkSinkTest, AManifestThatNamesMissingChunksIsNotHandedOverAgain) {
  FakeCollector collector;
  {
    absl::MutexLock lock(&collector.mutex);
    collector.commit_answers = {absl::NotFoundError("lacks chunks")};
  }
  UploadingChunkSink sink(FastOptions(), std::make_unique<FakeTransport>(collector));
  EXPECT_TRUE(absl::IsNotFound(sink.Commit(v1::Envelope()).status()));
  absl::MutexLock lock(&collector.mutex);
  EXPECT_EQ(collector.commits, 1);
}

TEST(UploadingChunkSinkTest, KeepsTheSendRate) {
  FakeCollector collector;
  UploadOptions options = FastOptions();
  options.send_bytes_per_s = 200'000;
  Outcomes outcomes;
  UploadingChunkSink sink(options, std::make_unique<FakeTransport>(collector));
  const absl::Time start = absl::Now();
  // 150 KiB or so: 100 KB go at once, the rest at the rate.
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(sink.Put(MakePlainChunk(Bytes(i)), outcomes.Next(i)).ok());
  ASSERT_TRUE(sink.Flush().ok());
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(200));
}

}  // namespace
}  // namespace hozen
