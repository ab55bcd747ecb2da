// Merkle trees of RFC 6962 section 2.1 (RFC 9162 section 2.1 has the same hashing and the algorithms used here).
#ifndef HOZEN_CORE_EVIDENCE_MERKLE_H_
#define HOZEN_CORE_EVIDENCE_MERKLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/sha256.h"

namespace hozen {

// An entry of a log has 1 to so many bytes: its length stands in two (c2sp.org/tlog-tiles).
inline constexpr size_t kMaxLogEntryBytes = 65'535;

Digest LeafHash(std::string_view entry);                   // SHA-256(0x00 || entry)
Digest NodeHash(const Digest& left, const Digest& right);  // SHA-256(0x01 || left || right)
Digest EmptyTreeHash();                                    // SHA-256("")

// The hash of the complete subtree of 2^level leaves that starts at leaf index << level. Asked only for subtrees that
// lie wholly inside the tree.
using SubtreeHash = std::function<absl::StatusOr<Digest>(int level, uint64_t index)>;

absl::StatusOr<Digest> RootHash(uint64_t tree_size, const SubtreeHash& subtree);
// RFC 9162 section 2.1.3.1. InvalidArgument unless leaf_index < tree_size.
absl::StatusOr<std::vector<Digest>> InclusionPath(uint64_t leaf_index, uint64_t tree_size, const SubtreeHash& subtree);
// RFC 9162 section 2.1.4.1. InvalidArgument unless 0 < old_size <= tree_size.
absl::StatusOr<std::vector<Digest>> ConsistencyPath(uint64_t old_size, uint64_t tree_size, const SubtreeHash& subtree);

// RFC 9162 sections 2.1.3.2 and 2.1.4.2. DataLoss where the proof does not hold.
absl::Status VerifyInclusion(const Digest& leaf_hash, uint64_t leaf_index, uint64_t tree_size,
                             const std::vector<Digest>& path, const Digest& root);
absl::Status VerifyConsistency(uint64_t old_size, const Digest& old_root, uint64_t new_size, const Digest& new_root,
                               const std::vector<Digest>& path);

}  // namespace hozen

#endif  // HOZEN_CORE_EVIDENCE_MERKLE_H_
