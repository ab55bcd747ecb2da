#include "core/evidence/merkle.h"

#include <string>
#include <vector>

#include "core/base/concat.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;
constexpr uint64_t kSizes = 70;

// The eight leaves that the test vectors of Certificate Transparency (RFC 6962's reference implementation) use.
const std::vector<std::string>& SampleLeaves() {
  static const std::vector<std::string> leaves = {
      "",
      std::string("\x00", 1),
      "\x10",
      "\x20\x21",
      "\x30\x31",
      "\x40\x41\x42\x43",
      "\x50\x51\x52\x53\x54\x55\x56\x57",
      "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
  };
  return leaves;
}

constexpr std::string_view kSampleRoots[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

// Section 2.1 word for word.
Digest RootByDefinition(const std::vector<Digest>& leaves, size_t begin, size_t end) {
  if (end == begin) return EmptyTreeHash();
  if (end - begin == 1) return leaves[begin];
  size_t k = 1;
  while (k * 2 < end - begin) k *= 2;
  return NodeHash(RootByDefinition(leaves, begin, begin + k), RootByDefinition(leaves, begin + k, end));
}

class MerkleTest : public ::testing::Test {
 protected:
  MerkleTest() {
    for (uint64_t i = 0; i < kSizes; ++i) leaves_.push_back(LeafHash(Concat("leaf ", i)));
  }

  // Fails the test where a subtree is asked for that does not lie wholly inside a tree of `size`.
  SubtreeHash SubtreesOf(uint64_t size) const {
    return [this, size](int level, uint64_t index) -> absl::StatusOr<Digest> {
      const uint64_t begin = index << level, end = begin + (uint64_t{1} << level);
      EXPECT_LE(end, size);
      if (end > size) return absl::OutOfRangeError("outside of the tree");
      return RootByDefinition(leaves_, begin, end);
    };
  }

  Digest Root(uint64_t size) const { return RootByDefinition(leaves_, 0, size); }

  std::vector<Digest> leaves_;
};

TEST_F(MerkleTest, RootsOfTheSampleTrees) {
  leaves_.clear();
  for (const std::string& leaf : SampleLeaves()) leaves_.push_back(LeafHash(leaf));
  for (uint64_t size = 1; size <= leaves_.size(); ++size) {
    absl::StatusOr<Digest> root = RootHash(size, SubtreesOf(size));
    ASSERT_TRUE(root.ok());
    EXPECT_EQ(root->ToHex(), kSampleRoots[size - 1]) << size;
  }
}

TEST_F(MerkleTest, TheEmptyTreeHasTheHashOfNothing) {
  EXPECT_EQ(EmptyTreeHash().ToHex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(*RootHash(0, SubtreesOf(0)), EmptyTreeHash());
}

TEST_F(MerkleTest, RootsOfAllSizes) {
  for (uint64_t size = 0; size <= kSizes; ++size) EXPECT_EQ(*RootHash(size, SubtreesOf(size)), Root(size)) << size;
}

TEST_F(MerkleTest, EveryLeafOfEverySizeIsProved) {
  for (uint64_t size = 1; size <= kSizes; ++size) {
    for (uint64_t leaf = 0; leaf < size; ++leaf) {
      absl::StatusOr<std::vector<Digest>> path = InclusionPath(leaf, size, SubtreesOf(size));
      ASSERT_TRUE(path.ok()) << path.status();
      EXPECT_TRUE(VerifyInclusion(leaves_[leaf], leaf, size, *path, Root(size)).ok()) << leaf << " of " << size;
    }
  }
}

TEST_F(MerkleTest, NoLeafPassesForAnother) {
  for (uint64_t size = 2; size <= 20; ++size) {
    for (uint64_t leaf = 0; leaf < size; ++leaf) {
      const std::vector<Digest> path = *InclusionPath(leaf, size, SubtreesOf(size));
      for (uint64_t other = 0; other < size; ++other) {
        if (other == leaf) continue;
        EXPECT_EQ(VerifyInclusion(leaves_[leaf], other, size, path, Root(size)).code(), kDataLoss);
        EXPECT_EQ(VerifyInclusion(leaves_[other], leaf, size, path, Root(size)).code(), kDataLoss);
      }
    }
  }
}

TEST_F(MerkleTest, ChangedInclusionPathsDoNotHold) {
  for (uint64_t size = 1; size <= kSizes; ++size) {
    for (uint64_t leaf = 0; leaf < size; ++leaf) {
      const std::vector<Digest> path = *InclusionPath(leaf, size, SubtreesOf(size));
      for (size_t i = 0; i < path.size(); ++i) {
        std::vector<Digest> changed = path;
        changed[i] = leaves_[0] == path[i] ? leaves_[1] : leaves_[0];
        EXPECT_EQ(VerifyInclusion(leaves_[leaf], leaf, size, changed, Root(size)).code(), kDataLoss);
        changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
        EXPECT_EQ(VerifyInclusion(leaves_[leaf], leaf, size, changed, Root(size)).code(), kDataLoss);
      }
      std::vector<Digest> longer = path;
      longer.push_back(leaves_[0]);
      EXPECT_EQ(VerifyInclusion(leaves_[leaf], leaf, size, longer, Root(size)).code(), kDataLoss);
    }
  }
}

TEST_F(MerkleTest, EverySizeIsConsistentWithEveryOlderOne) {
  for (uint64_t size = 1; size <= kSizes; ++size) {
    for (uint64_t old_size = 1; old_size <= size; ++old_size) {
      absl::StatusOr<std::vector<Digest>> path = ConsistencyPath(old_size, size, SubtreesOf(size));
      ASSERT_TRUE(path.ok()) << path.status();
      EXPECT_TRUE(VerifyConsistency(old_size, Root(old_size), size, Root(size), *path).ok()) << old_size << " " << size;
    }
  }
}

TEST_F(MerkleTest, ChangedHistoryIsNotConsistent) {
  for (uint64_t size = 2; size <= kSizes; ++size) {
    for (uint64_t old_size = 1; old_size < size; ++old_size) {
      const std::vector<Digest> path = *ConsistencyPath(old_size, size, SubtreesOf(size));
      const Digest other = LeafHash("other");
      EXPECT_EQ(VerifyConsistency(old_size, other, size, Root(size), path).code(), kDataLoss);
      EXPECT_EQ(VerifyConsistency(old_size, Root(old_size), size, other, path).code(), kDataLoss);
      for (size_t i = 0; i < path.size(); ++i) {
        std::vector<Digest> changed = path;
        changed[i] = other;
        EXPECT_EQ(VerifyConsistency(old_size, Root(old_size), size, Root(size), changed).code(), kDataLoss);
      }
      std::vector<Digest> longer = path;
      longer.push_back(other);
      EXPECT_EQ(VerifyConsistency(old_size, Root(old_size), size, Root(size), longer).code(), kDataLoss);
      std::vector<Digest> shorter = path;
      shorter.pop_back();
      EXPECT_EQ(VerifyConsistency(old_size, Root(old_size), size, Root(size), shorter).code(), kDataLoss);
    }
  }
}

TEST_F(MerkleTest, ATreeThatShrankOrForkedIsNotConsistent) {
  EXPECT_EQ(VerifyConsistency(5, Root(5), 4, Root(4), {}).code(), kDataLoss);
  EXPECT_EQ(VerifyConsistency(5, Root(5), 5, Root(4), {}).code(), kDataLoss);
  EXPECT_EQ(VerifyConsistency(5, Root(5), 5, Root(5), {Root(1)}).code(), kDataLoss);
  EXPECT_TRUE(VerifyConsistency(5, Root(5), 5, Root(5), {}).ok());
  EXPECT_TRUE(VerifyConsistency(0, EmptyTreeHash(), 5, Root(5), {}).ok());
  EXPECT_EQ(VerifyConsistency(0, Root(1), 5, Root(5), {}).code(), kDataLoss);
}

TEST_F(MerkleTest, WhatIsNotInTheTreeHasNoProof) {
  const absl::StatusCode bad = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(InclusionPath(5, 5, SubtreesOf(5)).status().code(), bad);
  EXPECT_EQ(InclusionPath(0, 0, SubtreesOf(0)).status().code(), bad);
  EXPECT_EQ(ConsistencyPath(0, 5, SubtreesOf(5)).status().code(), bad);
  EXPECT_EQ(ConsistencyPath(6, 5, SubtreesOf(5)).status().code(), bad);
  EXPECT_EQ(VerifyInclusion(leaves_[0], 5, 5, {}, Root(5)).code(), kDataLoss);
  EXPECT_EQ(VerifyInclusion(leaves_[0], 0, 0, {}, Root(0)).code(), kDataLoss);
}

TEST_F(MerkleTest, AFailingStoreIsHandedOn) {
  const SubtreeHash broken = [](int, uint64_t) -> absl::StatusOr<Digest> { return absl::UnavailableError("gone"); };
  EXPECT_EQ(RootHash(3, broken).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(InclusionPath(0, 3, broken).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ConsistencyPath(1, 3, broken).status().code(), absl::StatusCode::kUnavailable);
}

TEST(MerkleLargeTest, TreesOfAnySizeAreWalkedInLogarithmicTime) {
  // All leaves equal, so that a subtree's hash depends on its level alone.
  std::vector<Digest> levels{LeafHash("same")};
  for (int i = 0; i < 64; ++i) levels.push_back(NodeHash(levels.back(), levels.back()));
  const SubtreeHash subtree = [&](int level, uint64_t) -> absl::StatusOr<Digest> {
    return levels[static_cast<size_t>(level)];
  };
  constexpr uint64_t kSize = ~uint64_t{0};
  const Digest root = *RootHash(kSize, subtree);
  for (const uint64_t leaf : {uint64_t{0}, kSize / 2, kSize - 1}) {
    const std::vector<Digest> path = *InclusionPath(leaf, kSize, subtree);
    EXPECT_LE(path.size(), 64u);
    EXPECT_TRUE(VerifyInclusion(levels[0], leaf, kSize, path, root).ok());
  }
  const uint64_t old_size = (uint64_t{1} << 63) + 12345;
  EXPECT_TRUE(
      VerifyConsistency(old_size, *RootHash(old_size, subtree), kSize, root, *ConsistencyPath(old_size, kSize, subtree))
          .ok());
}

}  // namespace
}  // namespace hozen
