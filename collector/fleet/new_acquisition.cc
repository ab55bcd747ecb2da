#include "collector/fleet/new_acquisition.h"

#include <string>

#include "collector/fleet/plan_summary.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/plan/plan.h"

namespace hozen {

AcquisitionRow NewAcquisition(const v1::SignedPlan& signed_plan, const v1::Plan& plan, std::string_view operator_name) {
  AcquisitionRow row;
  row.plan = signed_plan;
  v1::Acquisition& acquisition = row.acquisition;
  acquisition.set_plan_id(plan.plan_id());
  acquisition.set_operator_name(std::string(operator_name));
  acquisition.set_reason(plan.reason());
  acquisition.set_state(v1::Acquisition::STATE_WAITING);
  acquisition.set_deadline_unix_ns(plan.limits().deadline_unix_ns());
  acquisition.set_summary(SummaryOf(plan));
  acquisition.set_attempt(1);
  return row;
}

void SetHost(const Digest& digest, std::string_view host_id, std::string_view hostname, absl::Time now,
             v1::Acquisition& acquisition) {
  acquisition.set_acquisition_id(AcquisitionId(digest, host_id));
  acquisition.set_host_id(std::string(host_id));
  acquisition.set_hostname(std::string(hostname));
  acquisition.set_created_unix_ns(absl::ToUnixNanos(now));
}

CustodyEvent SubmittedEvent(const Digest& digest, const v1::Acquisition& acquisition) {
  CustodyEvent event;
  event.kind = "plan.submitted";
  event.actor = Concat("operator:", acquisition.operator_name());
  event.acquisition_id = acquisition.acquisition_id();
  event.host_id = acquisition.host_id();
  event.details = {{"plan_id", Printable(acquisition.plan_id())}, {"plan_sha256", digest.ToHex()}};
  if (acquisition.attempt() > 1) event.details.emplace_back("attempt", Concat(acquisition.attempt()));
  return event;
}

}  // namespace hozen
