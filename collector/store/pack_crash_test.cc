// Acknowledged means durable: what a store said OK to is there after its process was killed or its disk refused.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "collector/store/pack_format.h"
#include "collector/store/pack_store.h"
#include "collector/store/testing_chunks.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

class PackCrashTest : public ::testing::Test {
 protected:
  PackCrashTest() {
    std::string folder = ::testing::TempDir() + "/pack_crash_XXXXXX";
    options_ = {.folder = mkdtemp(folder.data()), .customer_id = "c1", .pack_size_bytes = 1 << 20, .reserve_bytes = 0};
  }
  ~PackCrashTest() override { fs::remove_all(options_.folder); }
  PackStoreOptions options_;
};

std::string PlainOf(uint64_t number) { return TestingBytes(number, 1 + number * 7919 % 20'000); }

// Puts chunks from `threads` threads for ever, and writes each one's number to `pipe` once it was acknowledged.
[[noreturn]] void PutForEver(const PackStoreOptions& options, int pipe, uint64_t first, int threads) {
  auto store = OpenPackStore(options);
  if (!store.ok()) _exit(2);
  std::vector<std::thread> putting;
  for (int t = 0; t < threads; ++t) {
    putting.emplace_back([&, t] {
      for (uint64_t number = first + t;; number += threads) {
        if (!(*store)->Put(TestingChunks({PlainOf(number)})).ok()) _exit(3);
        if (write(pipe, &number, sizeof(number)) != sizeof(number)) _exit(4);
      }
    });
  }
  for (std::thread& thread : putting) thread.join();
  _exit(5);
}

TEST_F(PackCrashTest, EveryAcknowledgedChunkIsThereAfterKill9) {
  std::mt19937 random(20261122);
  std::vector<uint64_t> acknowledged;
  uint64_t first = 0;
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      PutForEver(options_, ends[1], first, 3);
    }
    close(ends[1]);
    // Killed after so many acknowledgements, wherever the others are then: in the write, the sync or the index.
    const int wanted = 1 + static_cast<int>(random() % 60);
    uint64_t number = 0;
    int seen = 0;
    while (seen < wanted && read(ends[0], &number, sizeof(number)) == sizeof(number)) {
      acknowledged.push_back(number);
      ++seen;
    }
    ASSERT_EQ(kill(child, SIGKILL), 0);
    while (read(ends[0], &number, sizeof(number)) == sizeof(number)) acknowledged.push_back(number);
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
    ASSERT_EQ(seen, wanted);
    if (round % 3 == 2) {
      for (const char* name : {"index.db", "index.db-wal", "index.db-shm"}) fs::remove(options_.folder / name);
    }
    auto store = OpenPackStore(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    for (const uint64_t chunk : acknowledged) {
      const std::string plain = PlainOf(chunk);
      ASSERT_TRUE((*store)->Has({Sha256::Of(plain)}).value()[0]) << "round " << round << " chunk " << chunk;
      ASSERT_TRUE((*store)->Get(Sha256::Of(plain)).value() == plain) << "round " << round << " chunk " << chunk;
    }
    first += 100'000;
  }
}

// Runs `body` in a child whose files cannot grow over `limit_bytes`: the next best thing to a full disk. Returns its
// exit status.
template <typename Body>
int WithFileSizeLimit(uint64_t limit_bytes, Body body) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{limit_bytes, limit_bytes};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(100);
    _exit(body());
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST_F(PackCrashTest, AWriteThatFailsHalfwayLeavesNothingHalfWritten) {
  options_.pack_size_bytes = uint64_t{1} << 30;
  const std::string first = TestingBytes(1, 300'000);
  const std::string large = TestingBytes(2, 1'000'000);
  const std::string small = TestingBytes(3, 100'000);
  const int code = WithFileSizeLimit(700'000, [&] {
    auto store = OpenPackStore(options_);
    if (!store.ok() || !(*store)->Put(TestingChunks({first})).ok()) return 1;
    const uint64_t size = fs::file_size(options_.folder / PackFileName(1));
    if (!absl::IsResourceExhausted((*store)->Put(TestingChunks({large})))) return 2;
    if (fs::file_size(options_.folder / PackFileName(1)) != size) return 3;
    if ((*store)->Has({Sha256::Of(large)}).value()[0]) return 4;
    if (!(*store)->Put(TestingChunks({small})).ok()) return 5;
    if ((*store)->Get(Sha256::Of(small)).value() != small) return 6;
    return 0;
  });
  ASSERT_EQ(code, 0);
  auto store = OpenPackStore(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->Get(Sha256::Of(first)).ok());
  EXPECT_TRUE((*store)->Get(Sha256::Of(small)).ok());
  EXPECT_TRUE(absl::IsNotFound((*store)->Get(Sha256::Of(large)).status()));
  EXPECT_TRUE((*store)->Put(TestingChunks({large})).ok()) << "and it goes on when there is room again";
}

TEST_F(PackCrashTest, AnIndexThatCannotGrowTakesTheChunkBack) {
  // The index (its log, to be exact) reaches the limit long before the small packs do.
  const int code = WithFileSizeLimit(200'000, [&] {
    auto store = OpenPackStore(options_);
    if (!store.ok()) return 1;
    for (uint64_t i = 0; i < 400; ++i) {
      const std::string plain = "chunk " + std::to_string(i);
      const absl::Status status = (*store)->Put(TestingChunks({plain}));
      const bool has = (*store)->Has({Sha256::Of(plain)}).value()[0];
      if (has != status.ok()) return 2;
      if (status.ok()) continue;
      return absl::IsResourceExhausted(status) ? 0 : 3;
    }
    return 4;
  });
  ASSERT_EQ(code, 0);
  auto store = OpenPackStore(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->Has({Sha256::Of("chunk 0")}).value()[0]);
}

}  // namespace
}  // namespace hozen
