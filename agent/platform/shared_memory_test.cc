#include "agent/platform/shared_memory.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr size_t kSizeBytes = 64 << 10;

TEST(SharedMemoryTest, WhatOneProcessWritesTheOtherReads) {
  const absl::StatusOr<std::unique_ptr<SharedMemory>> ours = SharedMemory::Create(kSizeBytes);
  ASSERT_TRUE(ours.ok()) << ours.status();
  const pid_t pid = fork();
  if (pid == 0) {
    const absl::StatusOr<std::unique_ptr<SharedMemory>> theirs = SharedMemory::Attach((*ours)->handle(), kSizeBytes);
    if (!theirs.ok()) _exit(1);
    std::memset((*theirs)->writable().data(), 'x', kSizeBytes);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0);
  EXPECT_EQ((*ours)->data()[0], 'x');
  EXPECT_EQ((*ours)->data()[kSizeBytes - 1], 'x');
}

TEST(SharedMemoryTest, NobodyShortensIt) {
  const absl::StatusOr<std::unique_ptr<SharedMemory>> ours = SharedMemory::Create(kSizeBytes);
  ASSERT_TRUE(ours.ok()) << ours.status();
  EXPECT_NE(ftruncate((*ours)->handle(), 0), 0);
  EXPECT_NE(ftruncate((*ours)->handle(), 2 * kSizeBytes), 0);
}

TEST(SharedMemoryTest, SaysWhatCannotBeMapped) { EXPECT_FALSE(SharedMemory::Attach(-1, kSizeBytes).ok()); }

}  // namespace
}  // namespace hozen
