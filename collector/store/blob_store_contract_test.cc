// What every BlobStore must do.
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collector/store/mem_blob_store.h"
#include "collector/store/pack_store.h"
#include "collector/store/testing_chunks.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<BlobStore>(uint64_t quota_bytes)> make;
};

std::string FreshFolder() {
  std::string folder = ::testing::TempDir() + "/blob_store_XXXXXX";
  return mkdtemp(folder.data());
}

class BlobStoreContract : public ::testing::TestWithParam<Implementation> {
 protected:
  std::unique_ptr<BlobStore> Make(uint64_t quota_bytes = 0) { return GetParam().make(quota_bytes); }
};

bool HasOne(BlobStore& store, const Digest& sha256) { return store.Has({sha256}).value().at(0); }

TEST_P(BlobStoreContract, GivesBackWhatWasPut) {
  auto store = Make();
  for (const std::string& plain : {std::string("a"), std::string(kMaxChunkSizeBytes, 'z'), std::string(4096, '\0'),
                                   TestingBytes(1, kMaxChunkSizeBytes), TestingBytes(2, 777)}) {
    ASSERT_TRUE(store->Put(TestingChunks({plain})).ok());
    const auto got = store->Get(Sha256::Of(plain));
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_TRUE(*got == plain);
  }
}

TEST_P(BlobStoreContract, HasAnswersInTheOrderOfTheQuestion) {
  auto store = Make();
  ASSERT_TRUE(store->Put(TestingChunks({"one", "three"})).ok());
  const std::vector<Digest> asked = {Sha256::Of("one"), Sha256::Of("two"), Sha256::Of("three"), Sha256::Of("one")};
  EXPECT_EQ(store->Has(asked).value(), (std::vector<bool>{true, false, true, true}));
  EXPECT_TRUE(store->Has({}).value().empty());
}

TEST_P(BlobStoreContract, AChunkThatWasNeverHereIsNotFound) {
  auto store = Make();
  EXPECT_TRUE(absl::IsNotFound(store->Get(Sha256::Of("nothing")).status()));
}

TEST_P(BlobStoreContract, PuttingNothingIsFine) { EXPECT_TRUE(Make()->Put({}).ok()); }

TEST_P(BlobStoreContract, TheSameChunkIsStoredOnce) {
  auto store = Make();
  ASSERT_TRUE(store->Put(TestingChunks({"twice", "twice"})).ok());
  ASSERT_TRUE(store->Put(TestingChunks({"twice", "once"})).ok());
  const BlobStoreStats stats = store->Stats().value();
  EXPECT_EQ(stats.chunks, 2u);
  EXPECT_EQ(stats.plain_bytes, 9u);
  EXPECT_EQ(stats.stored_bytes, TestingChunk("twice").frame().size() + TestingChunk("once").frame().size());
}

TEST_P(BlobStoreContract, AFullStoreSaysResourceExhaustedAndKeepsWhatItHas) {
  auto store = Make(300'000);
  const std::string first = TestingBytes(1, 200'000);
  ASSERT_TRUE(store->Put(TestingChunks({first})).ok());
  const std::string second = TestingBytes(2, 200'000);
  EXPECT_TRUE(absl::IsResourceExhausted(store->Put(TestingChunks({second}))));
  EXPECT_FALSE(HasOne(*store, Sha256::Of(second)));
  EXPECT_TRUE(absl::IsNotFound(store->Get(Sha256::Of(second)).status()));
  EXPECT_TRUE(store->Get(Sha256::Of(first)).ok());
  EXPECT_TRUE(store->Put(TestingChunks({first})).ok()) << "what is here costs nothing";
  EXPECT_TRUE(store->Put(TestingChunks({"there is room for this"})).ok());
}

TEST_P(BlobStoreContract, ManyThreadsPutAndGetAtOnce) {
  auto store = Make();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 20; ++i) {
        // Half of what each thread puts, others put too.
        const std::string own = TestingBytes(1000 * t + i, 3000);
        const std::string shared = TestingBytes(1'000'000 + i, 3000);
        ASSERT_TRUE(store->Put(TestingChunks({own, shared})).ok());
        ASSERT_TRUE(store->Get(Sha256::Of(own)).value() == own);
        ASSERT_TRUE(HasOne(*store, Sha256::Of(shared)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store->Stats().value().chunks, 8u * 20 + 20);
}

INSTANTIATE_TEST_SUITE_P(Stores, BlobStoreContract,
                         ::testing::Values(Implementation{"Mem",
                                                          [](uint64_t quota_bytes) -> std::unique_ptr<BlobStore> {
                                                            return std::make_unique<MemBlobStore>(quota_bytes);
                                                          }},
                                           Implementation{"Pack",
                                                          [](uint64_t quota_bytes) {
                                                            return OpenPackStore({.folder = FreshFolder(),
                                                                                  .customer_id = "c1",
                                                                                  .pack_size_bytes = 100'000,
                                                                                  .reserve_bytes = 0,
                                                                                  .quota_bytes = quota_bytes})
                                                                .value();
                                                          }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace hozen
