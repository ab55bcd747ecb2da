#include "core/evidence/merkle.h"

#include <algorithm>
#include <bit>

#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// The hash of the leaves [begin, end), where begin is a multiple of the smallest power of two that is not smaller than
// end - begin: every range that the recursion of RFC 6962 meets is one.
absl::StatusOr<Digest> RangeHash(uint64_t begin, uint64_t end, const SubtreeHash& subtree) {
  std::vector<Digest> peaks;
  while (begin < end) {
    const int level = std::bit_width(end - begin) - 1;
    HOZEN_ASSIGN_OR_RETURN(peaks.emplace_back(), subtree(level, begin >> level));
    begin += uint64_t{1} << level;
  }
  if (peaks.empty()) return EmptyTreeHash();
  Digest hash = peaks.back();
  for (size_t i = peaks.size() - 1; i > 0; --i) hash = NodeHash(peaks[i - 1], hash);
  return hash;
}

// The largest power of two below `size`, which is above 1.
uint64_t SplitPoint(uint64_t size) { return std::bit_floor(size - 1); }

absl::Status DoesNotHold(std::string_view what) {
  return absl::DataLossError(Concat("the Merkle proof does not hold: ", what));
}

bool IsRightChild(uint64_t node) { return (node & 1) != 0; }

// Up the tree: the position of a node's parent, and that of the last node on its level.
struct Climb {
  uint64_t node;
  uint64_t last;

  void Up() {
    node >>= 1;
    last >>= 1;
  }
  // A node without a sibling on its right stands for its parent too.
  bool JoinsFromLeft() const { return IsRightChild(node) || node == last; }
  void SkipLonely() {
    while (node != 0 && !IsRightChild(node)) Up();
  }
};

}  // namespace

Digest LeafHash(std::string_view entry) {
  Sha256 sha256;
  sha256.Update(std::string_view("\x00", 1));
  sha256.Update(entry);
  return sha256.Finish();
}

Digest NodeHash(const Digest& left, const Digest& right) {
  Sha256 sha256;
  sha256.Update("\x01");
  sha256.Update(left.bytes());
  sha256.Update(right.bytes());
  return sha256.Finish();
}

Digest EmptyTreeHash() { return Sha256::Of(""); }

absl::StatusOr<Digest> RootHash(uint64_t tree_size, const SubtreeHash& subtree) {
  return RangeHash(0, tree_size, subtree);
}

absl::StatusOr<std::vector<Digest>> InclusionPath(uint64_t leaf_index, uint64_t tree_size, const SubtreeHash& subtree) {
  if (leaf_index >= tree_size) {
    return absl::InvalidArgumentError(Concat("there is no leaf ", leaf_index, " in a tree of ", tree_size));
  }
  std::vector<Digest> path;
  uint64_t begin = 0, end = tree_size;
  while (end - begin > 1) {
    const uint64_t middle = begin + SplitPoint(end - begin);
    const bool in_left = leaf_index < middle;
    HOZEN_ASSIGN_OR_RETURN(path.emplace_back(),
                           in_left ? RangeHash(middle, end, subtree) : RangeHash(begin, middle, subtree));
    (in_left ? end : begin) = middle;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

absl::StatusOr<std::vector<Digest>> ConsistencyPath(uint64_t old_size, uint64_t tree_size, const SubtreeHash& subtree) {
  if (old_size == 0 || old_size > tree_size) {
    return absl::InvalidArgumentError(
        Concat("there is no proof from a tree of ", old_size, " leaves to one of ", tree_size));
  }
  std::vector<Digest> path;
  uint64_t begin = 0, end = tree_size;
  while (old_size != end) {
    const uint64_t middle = begin + SplitPoint(end - begin);
    const bool in_left = old_size <= middle;
    HOZEN_ASSIGN_OR_RETURN(path.emplace_back(),
                           in_left ? RangeHash(middle, end, subtree) : RangeHash(begin, middle, subtree));
    (in_left ? end : begin) = middle;
  }
  // A whole left subtree is the old tree itself, whose hash the verifier has.
  if (begin != 0) {
    HOZEN_ASSIGN_OR_RETURN(path.emplace_back(), RangeHash(begin, end, subtree));
  }
  std::reverse(path.begin(), path.end());
  return path;
}

absl::Status VerifyInclusion(const Digest& leaf_hash, uint64_t leaf_index, uint64_t tree_size,
                             const std::vector<Digest>& path, const Digest& root) {
  if (leaf_index >= tree_size) return DoesNotHold("the leaf lies behind the tree's end");
  Climb climb{leaf_index, tree_size - 1};
  Digest hash = leaf_hash;
  for (const Digest& sibling : path) {
    if (climb.last == 0) return DoesNotHold("its path is too long");
    if (climb.JoinsFromLeft()) {
      hash = NodeHash(sibling, hash);
      climb.SkipLonely();
    } else {
      hash = NodeHash(hash, sibling);
    }
    climb.Up();
  }
  if (climb.last != 0) return DoesNotHold("its path is too short");
  return hash == root ? absl::OkStatus() : DoesNotHold("it leads to another root");
}

absl::Status VerifyConsistency(uint64_t old_size, const Digest& old_root, uint64_t new_size, const Digest& new_root,
                               const std::vector<Digest>& path) {
  if (old_size > new_size) return DoesNotHold("the newer tree is smaller");
  if (old_size == 0 || old_size == new_size) {
    if (!path.empty()) return DoesNotHold("its path should be empty");
    return old_root == (old_size == 0 ? EmptyTreeHash() : new_root) ? absl::OkStatus()
                                                                    : DoesNotHold("the roots differ");
  }
  const bool starts_at_old_root = std::has_single_bit(old_size);
  if (path.empty()) return DoesNotHold("its path is empty");
  Climb climb{old_size - 1, new_size - 1};
  while (IsRightChild(climb.node)) climb.Up();
  Digest old_hash = starts_at_old_root ? old_root : path.front();
  Digest new_hash = old_hash;
  for (size_t i = starts_at_old_root ? 0 : 1; i < path.size(); ++i) {
    if (climb.last == 0) return DoesNotHold("its path is too long");
    if (climb.JoinsFromLeft()) {
      old_hash = NodeHash(path[i], old_hash);
      new_hash = NodeHash(path[i], new_hash);
      climb.SkipLonely();
    } else {
      new_hash = NodeHash(new_hash, path[i]);
    }
    climb.Up();
  }
  if (climb.last != 0) return DoesNotHold("its path is too short");
  if (old_hash != old_root) return DoesNotHold("it leads to another old root");
  return new_hash == new_root ? absl::OkStatus() : DoesNotHold("it leads to another new root");
}

}  // namespace hozen
