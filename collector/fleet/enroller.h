// Gives hosts their identity: from a token and a certificate request to a host with a certificate. Knows no gRPC.
#ifndef HOZEN_COLLECTOR_FLEET_ENROLLER_H_
#define HOZEN_COLLECTOR_FLEET_ENROLLER_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "collector/access/caller.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/fleet/attempt_limiter.h"
#include "collector/fleet/fleet.h"
#include "core/base/clock.h"
#include "core/crypto/certificate.h"
#include "proto/hozen/v1/enrollment.pb.h"

namespace hozen {

inline constexpr absl::Duration kHostCertificateLifetime = absl::Hours(24 * 90);

// Thread-safe.
class Enroller {
 public:
  // All must outlive it.
  Enroller(Customers& customers, Catalog& catalog, Fleet& fleet, const Clock& clock);

  // Takes one use of the token. InvalidArgument for a malformed token or request; PermissionDenied for a token that is
  // not known; FailedPrecondition for one that is expired or used up; Unavailable while too many attempts fail.
  absl::StatusOr<v1::EnrollResponse> Enroll(const v1::EnrollRequest& request);

  // A new certificate for the calling host, for its key or for a new one. A new key replaces the old one when the host
  // first uses it (ConfirmKey), so that an answer that was lost locks nobody out. Unavailable for a host that asks for
  // more than anybody needs: each leaves an entry in the custody log for ever.
  absl::StatusOr<v1::RenewResponse> Renew(const Caller& host, const v1::RenewRequest& request);

  // The host has connected with this key: from now on it is its only one.
  absl::Status ConfirmKey(const Caller& host);

 private:
  bool MayRenew(const Caller& host);
  absl::StatusOr<TokenUse> UseToken(std::string_view secret);
  absl::StatusOr<Certificate> Issue(const CustomerVault& vault, std::string_view host_id, const PublicKey& key) const;

  Customers& customers_;
  Catalog& catalog_;
  Fleet& fleet_;
  const Clock& clock_;
  AttemptLimiter failures_;
  absl::Mutex mutex_;
  // By customer and host, for as long as this process lives.
  std::map<std::pair<std::string, std::string>, AttemptLimiter> renewals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_ENROLLER_H_
