#include "core/crypto/envelope.h"

#include <utility>

#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// More than anybody has reason to sign; each costs a verification, and peers send them.
constexpr int kMostSignatures = 32;
constexpr size_t kLongestTypeShown = 128;

}  // namespace

std::string PreAuthenticationEncoding(std::string_view payload_type, std::string_view payload) {
  return Concat("DSSEv1 ", payload_type.size(), " ", payload_type, " ", payload.size(), " ", payload);
}

absl::StatusOr<v1::Envelope> SignEnvelope(std::string_view payload_type, std::string payload, const PrivateKey& key) {
  HOZEN_ASSIGN_OR_RETURN(std::string signature, key.Sign(PreAuthenticationEncoding(payload_type, payload)));
  v1::Envelope envelope;
  envelope.set_payload_type(std::string(payload_type));
  envelope.set_payload(std::move(payload));
  v1::Signature& added = *envelope.add_signatures();
  added.set_key_id(std::string(key.public_key().KeyId().bytes()));
  added.set_signature(std::move(signature));
  return envelope;
}

absl::Status VerifyEnvelope(const v1::Envelope& envelope, std::string_view payload_type, const PublicKey& key) {
  if (envelope.payload_type() != payload_type) {
    return absl::InvalidArgumentError(Concat("a signed ", payload_type, " was expected, not a \"",
                                             envelope.payload_type().substr(0, kLongestTypeShown), "\""));
  }
  if (envelope.signatures_size() > kMostSignatures) {
    return absl::InvalidArgumentError(
        Concat(envelope.signatures_size(), " signatures on a ", payload_type, "; ", kMostSignatures, " are the most"));
  }
  const std::string signed_bytes = PreAuthenticationEncoding(envelope.payload_type(), envelope.payload());
  // DSSE: a key id is a hint. It may spare us a verification; it proves nothing.
  const Digest key_id = key.KeyId();
  for (const v1::Signature& signature : envelope.signatures()) {
    if (!signature.key_id().empty() && signature.key_id() != key_id.bytes()) continue;
    if (key.Verify(signed_bytes, signature.signature()).ok()) return absl::OkStatus();
  }
  return absl::DataLossError(
      Concat("the ", payload_type, " has no valid signature by key ", key_id.ToHex().substr(0, 16)));
}

}  // namespace hozen
