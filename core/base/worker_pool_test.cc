#include "core/base/worker_pool.h"

#include <atomic>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(30);

TEST(WorkerPoolTest, RunsEveryTaskBeforeItIsGone) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(3);
    EXPECT_EQ(pool.threads(), 3);
    for (int i = 0; i < 1000; ++i) pool.Submit([&ran] { ++ran; });
  }
  EXPECT_EQ(ran.load(), 1000);
}

TEST(WorkerPoolTest, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    WorkerPool pool(1);
    for (int i = 0; i < 100; ++i) pool.Submit([&order, i] { order.push_back(i); });
  }
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(WorkerPoolTest, TasksRunAtTheSameTime) {
  absl::Notification first;
  absl::Notification second;
  std::atomic<int> met = 0;
  {
    WorkerPool pool(2);
    pool.Submit([&] {
      first.Notify();
      met += second.WaitForNotificationWithTimeout(kDeadline) ? 1 : 0;
    });
    pool.Submit([&] {
      second.Notify();
      met += first.WaitForNotificationWithTimeout(kDeadline) ? 1 : 0;
    });
  }
  EXPECT_EQ(met.load(), 2);
}

TEST(WorkerPoolTest, ATaskMaySubmitAnotherEvenWhileThePoolEnds) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(2);
    for (int i = 0; i < 50; ++i) {
      pool.Submit([&] {
        ++ran;
        pool.Submit([&ran] { ++ran; });
      });
    }
  }
  EXPECT_EQ(ran.load(), 100);
}

TEST(WorkerPoolTest, WhatATaskHoldsIsGoneOnceItHasRun) {
  WorkerPool pool(1);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  pool.Submit([held = std::move(held)] {});
  absl::Notification done;
  bool gone = false;
  pool.Submit([&] {
    gone = watched.expired();
    done.Notify();
  });
  ASSERT_TRUE(done.WaitForNotificationWithTimeout(kDeadline));
  EXPECT_TRUE(gone);
}

TEST(WorkerPoolTest, HasAtLeastOneThread) {
  std::atomic<bool> ran = false;
  {
    WorkerPool pool(0);
    EXPECT_EQ(pool.threads(), 1);
    pool.Submit([&ran] { ran = true; });
  }
  EXPECT_TRUE(ran.load());
}

}  // namespace
}  // namespace hozen
