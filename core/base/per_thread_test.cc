#include "core/base/per_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace hozen {
namespace {

struct Counted {
  static inline std::atomic<int> alive = 0;
  static inline std::atomic<int> broken = 0;
  Counted() { ++alive; }
  ~Counted() {
    --alive;
    // What a thread leaves must still be what it was: mingw-w64's thread_local has given its memory back by then.
    if (mark != 42) ++broken;
    mark = 0;
  }
  int mark = 42;
};

TEST(PerThreadTest, EachThreadHasItsOwnAndTakesItAlong) {
  static PerThread<Counted>& per_thread = *new PerThread<Counted>([] { return new Counted; });
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> threads;
    std::atomic<int> same = 0;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&same] {
        Counted* const mine = per_thread.Get();
        if (mine != nullptr && mine == per_thread.Get()) ++same;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(same, 8);
  }
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_EQ(Counted::broken, 0);
}

TEST(PerThreadTest, WhatCannotBeMadeIsNull) {
  static PerThread<Counted>& per_thread = *new PerThread<Counted>([]() -> Counted* { return nullptr; });
  EXPECT_EQ(per_thread.Get(), nullptr);
}

}  // namespace
}  // namespace hozen
