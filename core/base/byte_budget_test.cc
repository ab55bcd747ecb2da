#include "core/base/byte_budget.h"

#include <atomic>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr absl::Duration kLong = absl::Seconds(30);

TEST(ByteBudgetTest, CountsWhatIsTakenAndGivenBack) {
  ByteBudget budget(100);
  ASSERT_TRUE(budget.Acquire(60, kLong).ok());
  ASSERT_TRUE(budget.Acquire(40, kLong).ok());
  EXPECT_EQ(budget.used_bytes(), 100u);
  budget.Release(60);
  EXPECT_EQ(budget.used_bytes(), 40u);
}

TEST(ByteBudgetTest, TellsTheDeadlineAndTakesNothingThen) {
  ByteBudget budget(100);
  ASSERT_TRUE(budget.Acquire(60, kLong).ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(budget.Acquire(41, absl::Milliseconds(5))));
  EXPECT_TRUE(absl::IsDeadlineExceeded(budget.Acquire(41, absl::ZeroDuration())));
  EXPECT_EQ(budget.used_bytes(), 60u);
  EXPECT_TRUE(budget.Acquire(40, absl::ZeroDuration()).ok());
}

TEST(ByteBudgetTest, MoreThanTheWholeTakesTheWhole) {
  ByteBudget budget(100);
  ASSERT_TRUE(budget.Acquire(1000, kLong).ok());
  EXPECT_EQ(budget.used_bytes(), 100u);
  EXPECT_TRUE(absl::IsDeadlineExceeded(budget.Acquire(1, absl::ZeroDuration())));
  budget.Release(1000);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(ByteBudgetTest, AWaiterGoesOnOnceThereIsRoom) {
  ByteBudget budget(10);
  ASSERT_TRUE(budget.Acquire(10, kLong).ok());
  std::atomic<bool> released = false;
  std::thread waiter([&] {
    EXPECT_TRUE(budget.Acquire(6, kLong).ok());
    EXPECT_TRUE(released.load());
  });
  released = true;
  budget.Release(6);
  waiter.join();
  EXPECT_EQ(budget.used_bytes(), 10u);
}

TEST(ByteBudgetTest, CancelWakesEveryWaiterAndRefusesTheNext) {
  ByteBudget budget(10);
  ASSERT_TRUE(budget.Acquire(10, kLong).ok());
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] { EXPECT_TRUE(absl::IsCancelled(budget.Acquire(1, absl::InfiniteDuration()))); });
  }
  budget.Cancel();
  for (std::thread& waiter : waiters) waiter.join();
  budget.Release(10);
  EXPECT_TRUE(absl::IsCancelled(budget.Acquire(1, kLong)));
}

TEST(ByteBudgetTest, ManyThreadsNeverHoldMoreThanTheBudget) {
  constexpr uint64_t kBudget = 1000;
  ByteBudget budget(kBudget);
  std::atomic<uint64_t> held = 0;
  std::vector<std::thread> threads;
  for (uint64_t i = 1; i <= 8; ++i) {
    threads.emplace_back([&, i] {
      for (uint64_t round = 0; round < 500; ++round) {
        const uint64_t bytes = 1 + (i * 131 + round * 37) % 700;
        ASSERT_TRUE(budget.Acquire(bytes, kLong).ok());
        EXPECT_LE(held.fetch_add(bytes) + bytes, kBudget);
        held.fetch_sub(bytes);
        budget.Release(bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace hozen
