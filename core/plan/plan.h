// The order as a value: made and signed on the operator's machine, verified on the agent. Format: docs/formats/plan.md.
#ifndef HOZEN_CORE_PLAN_PLAN_H_
#define HOZEN_CORE_PLAN_PLAN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/crypto/key.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

inline constexpr std::string_view kPlanType = "application/vnd.hozen.plan.v1+protobuf";
inline constexpr std::string_view kOperatorCertificateType = "application/vnd.hozen.operator.v1+protobuf";
inline constexpr std::string_view kApprovalType = "application/vnd.hozen.approval.v1+protobuf";
inline constexpr size_t kMaxPlanSizeBytes = 4 << 20;
inline constexpr int kMaxPlanTargets = 100'000;

inline constexpr std::string_view kRoles[] = {"responder", "analyst", "approver", "admin", "auditor"};
bool IsRole(std::string_view role);
// Responders and admins.
bool MayOrder(std::string_view role);

absl::StatusOr<v1::Envelope> SignOperatorCertificate(const v1::OperatorCertificate& certificate,
                                                     const PrivateKey& authority);
// DataLoss for a wrong signature, InvalidArgument where it is malformed, FailedPrecondition where it is not valid at
// `now`, PermissionDenied where it is of another customer.
absl::StatusOr<v1::OperatorCertificate> VerifyOperatorCertificate(const v1::Envelope& envelope,
                                                                  const PublicKey& authority,
                                                                  std::string_view customer_id, absl::Time now);

// InvalidArgument where the plan is not one that an agent could accept: see CheckPlan.
absl::StatusOr<v1::SignedPlan> SignPlan(const v1::Plan& plan, const PrivateKey& operator_key,
                                        v1::Envelope operator_certificate);

// Everything that can be asked of a plan without keys: its format version, ids, at least one target and host, a
// deadline, patterns that parse, counts and sizes within our limits. InvalidArgument says what is wrong.
absl::Status CheckPlan(const v1::Plan& plan);

// Is it a pattern that Glob::Parse takes once its %%variables%% are replaced, with separator "/" or "\\"?
absl::Status CheckPattern(std::string_view pattern, std::string_view separator);

struct PlanExpectation {
  std::string customer_id;
  std::string host_id;  // empty: any (the collector's own look)
  absl::Time now;
  uint32_t approvals = 0;  // that local policy asks for, by different people, none of them the author
};

// The plan, once the authority vouches for the operator, the operator may order and signed these bytes, and the plan is
// for this customer and host, its deadline is ahead, and it carries the approvals asked for. Codes as
// VerifyOperatorCertificate; PermissionDenied also for a role that may not order, another host, too few approvals;
// DeadlineExceeded for a deadline that has passed; FailedPrecondition for a plan made more than a day from now.
absl::StatusOr<v1::Plan> VerifyPlan(const v1::SignedPlan& signed_plan, const PublicKey& authority,
                                    const PlanExpectation& expectation);

// An approver's or admin's yes to exactly this plan, to be added to its approvals.
absl::StatusOr<v1::SignedApproval> SignApproval(const v1::SignedPlan& signed_plan, std::string_view approver_name,
                                                absl::Time now, const PrivateKey& approver_key,
                                                v1::Envelope approver_certificate);

// SHA-256 of the plan's payload: its name.
Digest PlanDigest(const v1::SignedPlan& signed_plan);

// One plan on one host: the first 16 hexadecimal digits of SHA-256(plan digest || host id). Both sides derive it.
std::string AcquisitionId(const Digest& plan_digest, std::string_view host_id);

}  // namespace hozen

#endif  // HOZEN_CORE_PLAN_PLAN_H_
