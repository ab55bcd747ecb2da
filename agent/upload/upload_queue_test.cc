#include "agent/upload/upload_queue.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "agent/upload/backoff.h"
#include "agent/upload/token_bucket.h"

namespace hozen {
namespace {

UploadQueue::OnDurable Nothing() {
  return [](const absl::Status&) {};
}

// One chunk, from Add to ready.
void MakeReady(UploadQueue& queue, const std::string& bytes) {
  queue.Add(MakePlainChunk(bytes), Nothing());
  const UploadQueue::Question question = queue.TakeQuestion(10);
  auto to_pack = queue.Answer(question, std::string(question.numbers.size(), 1));
  ASSERT_TRUE(to_pack.ok());
  for (const UploadQueue::ToPack& one : *to_pack) {
    queue.Packed(one.number, VerifiedChunk::FromPlain(one.chunk, 1));
  }
}

TEST(UploadQueueTest, AnAnswerOfTheWrongLengthIsAskedAgain) {
  UploadQueue queue;
  queue.Add(MakePlainChunk("a"), Nothing());
  queue.Add(MakePlainChunk("b"), Nothing());
  const UploadQueue::Question question = queue.TakeQuestion(10);
  EXPECT_EQ(question.digests.size(), 2 * Digest::kSizeBytes);
  EXPECT_EQ(queue.unasked(), 0u);
  EXPECT_TRUE(absl::IsDataLoss(queue.Answer(question, std::string(3, 1)).status()));
  EXPECT_EQ(queue.unasked(), 2u);
  EXPECT_EQ(queue.unasked_bytes(), 2u);
  EXPECT_TRUE(queue.TakeDurable().empty());
}

TEST(UploadQueueTest, AcknowledgingMoreThanIsUnderWayIsAnError) {
  UploadQueue queue;
  MakeReady(queue, "a");
  ASSERT_NE(queue.TakeToSend(100), nullptr);
  EXPECT_EQ(queue.Acknowledge(2).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(queue.TakeDurable().empty());
  EXPECT_TRUE(queue.Acknowledge(1).ok());
  EXPECT_EQ(queue.TakeDurable().size(), 1u);
}

TEST(UploadQueueTest, AfterABrokenLinkTheFrameIsKeptAndNotPackedAgain) {
  UploadQueue queue;
  MakeReady(queue, "a");
  ASSERT_NE(queue.TakeToSend(100), nullptr);
  queue.LinkBroken();
  EXPECT_EQ(queue.under_way(), 0u);
  const UploadQueue::Question question = queue.TakeQuestion(10);
  ASSERT_EQ(question.numbers.size(), 1u);
  auto to_pack = queue.Answer(question, std::string(1, 1));
  ASSERT_TRUE(to_pack.ok());
  EXPECT_TRUE(to_pack->empty());
  EXPECT_TRUE(queue.has_ready());
}

TEST(UploadQueueTest, WhatArrivedBeforeTheLinkBrokeIsNoDuplicate) {
  UploadQueue queue;
  MakeReady(queue, "a");
  ASSERT_NE(queue.TakeToSend(100), nullptr);
  queue.LinkBroken();
  ASSERT_TRUE(queue.Answer(queue.TakeQuestion(10), std::string(1, 0)).ok());
  EXPECT_EQ(queue.TakeDurable().size(), 1u);
  EXPECT_EQ(queue.deduplicated_bytes(), 0u);
}

TEST(UploadQueueTest, ALoneChunkFitsIntoAnyWindow) {
  UploadQueue queue;
  MakeReady(queue, "a");
  MakeReady(queue, "b");
  EXPECT_NE(queue.TakeToSend(1), nullptr);
  EXPECT_EQ(queue.TakeToSend(1), nullptr);
}

TEST(TokenBucketTest, DebtIsPaidAtTheRate) {
  TokenBucket bucket(100, 50);
  EXPECT_EQ(bucket.Take(50, absl::Seconds(10)), absl::ZeroDuration());
  EXPECT_EQ(bucket.Take(100, absl::Seconds(10)), absl::Seconds(1));
  EXPECT_EQ(bucket.Take(0, absl::Seconds(11)), absl::ZeroDuration());
  // A long rest earns no more than the burst.
  EXPECT_EQ(bucket.Take(150, absl::Seconds(100)), absl::Seconds(1));
}

TEST(TokenBucketTest, WithoutARateNothingWaits) {
  TokenBucket bucket(0, 0);
  EXPECT_EQ(bucket.Take(1e12, absl::ZeroDuration()), absl::ZeroDuration());
}

TEST(BackoffTest, GrowsToItsBoundAndStartsAgain) {
  Backoff backoff(absl::Milliseconds(10), absl::Milliseconds(100));
  for (int i = 0; i < 20; ++i) {
    const absl::Duration pause = backoff.Next();
    EXPECT_GE(pause, absl::Milliseconds(10));
    EXPECT_LE(pause, absl::Milliseconds(100));
  }
  EXPECT_EQ(backoff.bound(), absl::Milliseconds(100));
  backoff.Reset();
  EXPECT_LE(backoff.Next(), absl::Milliseconds(20));
}

}  // namespace
}  // namespace hozen
