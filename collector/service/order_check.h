// What the collector asks of a plan before it hands it to anybody. Agents ask again, and more.
#ifndef HOZEN_COLLECTOR_SERVICE_ORDER_CHECK_H_
#define HOZEN_COLLECTOR_SERVICE_ORDER_CHECK_H_

#include "absl/status/statusor.h"
#include "collector/access/caller.h"
#include "collector/service/service_context.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// The plan, once it verifies for the caller's customer and is signed by the caller himself: nobody hands in orders in
// another's name. Codes as VerifyPlan, PermissionDenied for another's plan. Whether the caller may order is the
// caller's of this to ask.
absl::StatusOr<v1::Plan> CheckOrder(const ServiceContext& context, const Caller& caller,
                                    const v1::SignedPlan& signed_plan);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_ORDER_CHECK_H_
