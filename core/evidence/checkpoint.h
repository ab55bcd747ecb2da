// A log's signed head: c2sp.org/tlog-checkpoint in a c2sp.org/signed-note with an Ed25519 signature.
#ifndef HOZEN_CORE_EVIDENCE_CHECKPOINT_H_
#define HOZEN_CORE_EVIDENCE_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/key.h"
#include "core/crypto/sha256.h"

namespace hozen {

struct Checkpoint {
  std::string origin;
  uint64_t tree_size = 0;
  Digest root;
};

// The signed note. `key` is Ed25519; its name in the signature line is the origin.
absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, const PrivateKey& key);

// DataLoss where it has no valid signature by `key`, InvalidArgument where it is malformed or of another origin.
absl::StatusOr<Checkpoint> VerifyCheckpoint(std::string_view note, std::string_view origin, const PublicKey& key);

}  // namespace hozen

#endif  // HOZEN_CORE_EVIDENCE_CHECKPOINT_H_
