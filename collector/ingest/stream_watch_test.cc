#include "collector/ingest/stream_watch.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/synchronization/notification.h"

namespace hozen {
namespace {

TEST(StreamWatch, EndsAStreamOnWhichNothingHappens) {
  StreamWatchOptions options;
  options.idle = absl::Milliseconds(20);
  absl::Notification ended;
  StreamWatch watch(options);
  const auto place = watch.Enter("host", [&ended] {
    if (!ended.HasBeenNotified()) ended.Notify();
  });
  ASSERT_TRUE(place.ok());
  EXPECT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(30)));
}

TEST(StreamWatch, BoundsStreamsOfOneOwnerAndOfAll) {
  StreamWatchOptions options;
  options.streams = 3;
  options.streams_for_each = 2;
  StreamWatch watch(options);
  auto first = std::make_unique<StreamWatch::Place>(watch.Enter("a", [] {}).value());
  const auto second = watch.Enter("a", [] {});
  EXPECT_TRUE(second.ok());
  EXPECT_EQ(watch.Enter("a", [] {}).status().code(), absl::StatusCode::kUnavailable);
  const auto third = watch.Enter("b", [] {});
  EXPECT_TRUE(third.ok());
  EXPECT_EQ(watch.Enter("c", [] {}).status().code(), absl::StatusCode::kUnavailable);
  first.reset();
  EXPECT_TRUE(watch.Enter("a", [] {}).ok());
}

}  // namespace
}  // namespace hozen
