// From a customer's public key to "these are the bytes": the chain that makes a manifest believable, offline.
//
//   authority key -> delegation -> host CA -> host certificate -> manifest
//                               -> custody log key -> checkpoint -> inclusion of the manifest
#ifndef HOZEN_CORE_EVIDENCE_TRUST_H_
#define HOZEN_CORE_EVIDENCE_TRUST_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/certificate.h"
#include "core/crypto/key.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

inline constexpr std::string_view kManifestType = "application/vnd.hozen.manifest.v1+protobuf";
inline constexpr std::string_view kDelegationType = "application/vnd.hozen.delegation.v1+protobuf";

absl::StatusOr<v1::Envelope> SignManifest(const v1::Manifest& manifest, const PrivateKey& host_key);
absl::StatusOr<v1::Envelope> SignDelegation(const v1::Delegation& delegation, const PrivateKey& authority);

// DataLoss for a wrong signature, InvalidArgument for anything malformed or of another format version.
absl::StatusOr<v1::Delegation> VerifyDelegation(const v1::Envelope& envelope, const PublicKey& authority);

// The host's public key out of its chain (leaf, then the customer's host CA), once the CA's key is the delegated one,
// it signed the leaf, and the leaf speaks for a host of the delegation's customer. Dates are not asked: evidence
// outlives certificates. PermissionDenied where the chain is of another customer; DataLoss where a signature is wrong.
struct HostIdentity {
  std::string customer_id;
  std::string host_id;
  PublicKey key;
};
absl::StatusOr<HostIdentity> VerifyHostChain(std::string_view chain_pem, const v1::Delegation& delegation);

// DataLoss where it is not signed by the host; InvalidArgument where it names another host or customer.
absl::StatusOr<v1::Manifest> VerifyManifest(const v1::Envelope& envelope, const HostIdentity& host);

// That `proof` is of an entry in the delegated log, which has 1 to 65,535 bytes. DataLoss where it is not.
absl::Status VerifyCustodyProof(const v1::CustodyProof& proof, const v1::Delegation& delegation);

// The URIs in certificates.
std::string HostUri(std::string_view customer_id, std::string_view host_id);
std::string OperatorUri(std::string_view customer_id, std::string_view name);
std::string ServiceAdminUri(std::string_view name);

// Who a certificate's URI speaks for; nullopt where it is none of ours.
struct Subject {
  enum class Kind { kHost, kOperator, kServiceAdmin };
  Kind kind;
  std::string customer_id;  // empty for kServiceAdmin
  std::string name;         // the host's id or the operator's name
};
std::optional<Subject> SubjectOfUri(std::string_view uri);

}  // namespace hozen

#endif  // HOZEN_CORE_EVIDENCE_TRUST_H_
