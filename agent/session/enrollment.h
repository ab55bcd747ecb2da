// How a host becomes one of the customer's: a token, a certificate request, and a look at what comes back.
#ifndef HOZEN_AGENT_SESSION_ENROLLMENT_H_
#define HOZEN_AGENT_SESSION_ENROLLMENT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/key.h"
#include "proto/hozen/v1/agent_state.pb.h"
#include "proto/hozen/v1/enrollment.pb.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// Makes a key, asks the collector for a certificate, and believes the answer only if the authority of the token vouches
// for it. InvalidArgument for a token that is malformed; Unavailable or DeadlineExceeded where the collector cannot be
// reached or is not the one of the token; PermissionDenied, Unauthenticated and others as the collector says (a token
// that is unknown, expired or used up); DataLoss where the answer does not hold.
absl::StatusOr<v1::AgentIdentity> Enroll(const std::string& collector_address, std::string_view token,
                                         const v1::HostFacts& facts);

// What Enroll asks of an answer: the delegation is the pinned authority's and of its customer, the chain leads to the
// delegated host CA, and the certificate is for this key and the host that the answer names.
absl::Status CheckEnrollment(const v1::EnrollResponse& response, const v1::EnrollmentToken& token,
                             const PublicKey& key);

// Asks for a new certificate with the identity's own key, and checks it the same way. Returns the new identity.
absl::StatusOr<v1::AgentIdentity> RenewCertificate(const v1::AgentIdentity& identity);

// When the certificate should be renewed: after two thirds of its life.
absl::StatusOr<absl::Time> RenewalTime(const v1::AgentIdentity& identity);

}  // namespace hozen

#endif  // HOZEN_AGENT_SESSION_ENROLLMENT_H_
