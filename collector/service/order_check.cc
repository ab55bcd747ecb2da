#include "collector/service/order_check.h"

#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/crypto/key.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

absl::Status CheckAuthor(const v1::SignedPlan& signed_plan, const PublicKey& authority, const Caller& caller,
                         absl::Time now) {
  HOZEN_ASSIGN_OR_RETURN(
      const v1::OperatorCertificate certificate,
      VerifyOperatorCertificate(signed_plan.operator_certificate(), authority, caller.customer_id, now));
  if (certificate.name() == caller.name && certificate.public_key() == caller.public_key_der) return absl::OkStatus();
  return absl::PermissionDeniedError(
      Concat("the plan is signed by ", Printable(certificate.name()), ", but handed in by ", Printable(caller.name)));
}

}  // namespace

absl::StatusOr<v1::Plan> CheckOrder(const ServiceContext& context, const Caller& caller,
                                    const v1::SignedPlan& signed_plan) {
  const absl::Time now = context.clock.Now();
  HOZEN_ASSIGN_OR_RETURN(const CustomerRow customer, context.catalog.GetCustomer(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, PublicKey::FromDer(customer.authority_key_der));
  HOZEN_ASSIGN_OR_RETURN(v1::Plan plan,
                         VerifyPlan(signed_plan, authority,
                                    {.customer_id = caller.customer_id, .host_id = {}, .now = now, .approvals = 0}));
  HOZEN_RETURN_IF_ERROR(CheckAuthor(signed_plan, authority, caller, now));
  return plan;
}

}  // namespace hozen
