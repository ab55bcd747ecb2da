// What a person or an installer is given so that a host can enrol: "hzt1." and the base64url (RFC 4648 section 5,
// without padding) of a v1::EnrollmentToken.
#ifndef HOZEN_CORE_PLAN_ENROLLMENT_TOKEN_H_
#define HOZEN_CORE_PLAN_ENROLLMENT_TOKEN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

inline constexpr std::string_view kEnrollmentTokenPrefix = "hzt1.";

std::string EncodeEnrollmentToken(const v1::EnrollmentToken& token);

// White space around the token is ignored. InvalidArgument where it is cut off, longer than 16 KiB, of another version,
// or lacks a part that an agent needs: a secret of 32 bytes, the collector's root and name, the authority, the
// customer.
absl::StatusOr<v1::EnrollmentToken> DecodeEnrollmentToken(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_CORE_PLAN_ENROLLMENT_TOKEN_H_
