#include "agent/run/runner.h"

#include <utility>

#include "agent/run/collect_target.h"
#include "agent/run/patient_collect.h"
#include "agent/run/queue_runner.h"
#include "core/base/status_context.h"

namespace hozen {

absl::StatusOr<std::unique_ptr<Runner>> Runner::Create(RunnerOptions options, RunnerOutside outside,
                                                       const Clock& clock) {
  absl::StatusOr<PublicKey> authority = PublicKey::FromDer(options.identity.authority_public_key());
  if (!authority.ok()) return WithContext(authority.status(), "the customer's authority in the agent's identity");
  return std::make_unique<QueueRunner>(std::move(options), std::move(outside), *std::move(authority),
                                       CollectWithPatience(CollectByKind), QueueRunner::Tuning(), clock);
}

}  // namespace hozen
