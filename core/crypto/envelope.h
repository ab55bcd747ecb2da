// Signed bytes with their type: DSSE v1.0.2 (https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md).
// The payload is kept as it was signed and never encoded again.
#ifndef HOZEN_CORE_CRYPTO_ENVELOPE_H_
#define HOZEN_CORE_CRYPTO_ENVELOPE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/key.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// DSSE's PAE: "DSSEv1 " + length and bytes of the type and of the payload.
std::string PreAuthenticationEncoding(std::string_view payload_type, std::string_view payload);

absl::StatusOr<v1::Envelope> SignEnvelope(std::string_view payload_type, std::string payload, const PrivateKey& key);

// OK if the type is the expected one and at least one signature is by `key`. The payload may be believed only then.
// InvalidArgument for another type; DataLoss for no or a wrong signature.
absl::Status VerifyEnvelope(const v1::Envelope& envelope, std::string_view payload_type, const PublicKey& key);

}  // namespace hozen

#endif  // HOZEN_CORE_CRYPTO_ENVELOPE_H_
