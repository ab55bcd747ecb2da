// How an acquisition begins: a verified plan and one of its hosts become a row and an entry of the custody log.
#ifndef HOZEN_COLLECTOR_FLEET_NEW_ACQUISITION_H_
#define HOZEN_COLLECTOR_FLEET_NEW_ACQUISITION_H_

#include <string_view>

#include "absl/time/time.h"
#include "collector/catalog/catalog.h"
#include "collector/custody/custody_log.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// All that is the same for every host of the plan: waiting, in its first attempt.
AcquisitionRow NewAcquisition(const v1::SignedPlan& signed_plan, const v1::Plan& plan, std::string_view operator_name);

// The same of one host, from `now` on. `digest` is PlanDigest of the plan.
void SetHost(const Digest& digest, std::string_view host_id, std::string_view hostname, absl::Time now,
             v1::Acquisition& acquisition);

// "plan.submitted", by the operator who signed the plan.
CustodyEvent SubmittedEvent(const Digest& digest, const v1::Acquisition& acquisition);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_NEW_ACQUISITION_H_
