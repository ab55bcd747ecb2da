#include "collector/access/caller.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/evidence/trust.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

absl::Status UnknownCaller(std::string_view what) {
  return absl::UnauthenticatedError(Concat("the client certificate is of ", what));
}

// A caller that is not in the catalog must not be told apart from one with another key; anything else than absence is
// our own trouble and keeps its code.
absl::Status LookUpFailed(const absl::Status& status, std::string_view what) {
  if (absl::IsNotFound(status)) return UnknownCaller(what);
  return WithContext(status, "looking up the caller");
}

// What a certificate says of who calls with it.
struct Bearer {
  absl::Time not_before;
  absl::Time not_after;
  Subject subject;
  std::string public_key_der;
  std::string certificate_pem;
};

absl::StatusOr<Bearer> ReadBearer(std::string_view certificate_pem) {
  const absl::StatusOr<Certificate> certificate = Certificate::FromPem(certificate_pem);
  if (!certificate.ok()) {
    return absl::UnauthenticatedError(Concat("the client certificate: ", certificate.status().message()));
  }
  std::optional<Subject> subject = SubjectOfUri(certificate->uri());
  if (!subject.has_value()) return UnknownCaller("nobody that this collector issues certificates to");
  const absl::StatusOr<PublicKey> key = certificate->public_key();
  if (!key.ok()) {
    return absl::UnauthenticatedError(Concat("the client certificate's key: ", key.status().message()));
  }
  return Bearer{.not_before = certificate->not_before(),
                .not_after = certificate->not_after(),
                .subject = *std::move(subject),
                .public_key_der = key->ToDer(),
                .certificate_pem = certificate->ToPem()};
}

// An agent that uploads asks many times a second, and OpenSSL takes a millisecond to take a certificate apart. Only
// those that TLS has verified come here, so that nobody can fill this with certificates of their own.
class Bearers {
 public:
  absl::StatusOr<std::shared_ptr<const Bearer>> Read(std::string_view certificate_pem) {
    {
      absl::MutexLock lock(&mutex_);
      const auto found = known_.find(AbslView(certificate_pem));
      if (found != known_.end()) return found->second;
    }
    HOZEN_ASSIGN_OR_RETURN(Bearer read, ReadBearer(certificate_pem));
    auto bearer = std::make_shared<const Bearer>(std::move(read));
    absl::MutexLock lock(&mutex_);
    if (known_.size() >= kMost) known_.clear();
    known_.emplace(std::string(certificate_pem), bearer);
    return bearer;
  }

 private:
  static constexpr size_t kMost = 4096;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const Bearer>> known_ ABSL_GUARDED_BY(mutex_);
};

absl::Status CheckHost(const Caller& caller, Catalog& catalog) {
  constexpr std::string_view kUnknown =
      "a host that is not enrolled here with this key: enrol it again with a new token";
  const absl::StatusOr<HostRow> row = catalog.GetHost(caller.customer_id, caller.name);
  if (!row.ok()) return LookUpFailed(row.status(), kUnknown);
  if (row->public_key_der == caller.public_key_der) return absl::OkStatus();
  // It has renewed its certificate with a new key, and this is the first call with it.
  HOZEN_ASSIGN_OR_RETURN(const Certificate newest, Certificate::FromPem(row->certificate_chain_pem));
  HOZEN_ASSIGN_OR_RETURN(const PublicKey newest_key, newest.public_key());
  if (newest_key.ToDer() != caller.public_key_der) return UnknownCaller(kUnknown);
  return absl::OkStatus();
}

absl::StatusOr<std::string> CheckOperator(const Caller& caller, Catalog& catalog, absl::Time now) {
  constexpr std::string_view kUnknown =
      "an operator who is not known here with this key: ask an admin for a new credential";
  const absl::StatusOr<OperatorRow> row = catalog.GetOperator(caller.customer_id, caller.name);
  if (!row.ok()) return LookUpFailed(row.status(), kUnknown);
  const absl::StatusOr<CustomerRow> customer = catalog.GetCustomer(caller.customer_id);
  if (!customer.ok()) return LookUpFailed(customer.status(), kUnknown);
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, PublicKey::FromDer(customer->authority_key_der));
  const absl::StatusOr<v1::OperatorCertificate> certificate =
      VerifyOperatorCertificate(row->certificate, authority, caller.customer_id, now);
  if (!certificate.ok()) {
    return absl::UnauthenticatedError(
        Concat("the operator certificate of ", Printable(caller.name), ": ", certificate.status().message()));
  }
  if (certificate->public_key() != caller.public_key_der || certificate->name() != caller.name) {
    return UnknownCaller(kUnknown);
  }
  return certificate->role();
}

bool RoleMay(std::string_view role, Action action) {
  switch (action) {
    case Action::kAdminister:
      return role == "admin";
    case Action::kOrder:
      return MayOrder(role);
    case Action::kReadFleet:
    case Action::kReadCustody:
      return IsRole(role);
    case Action::kReadEvidence:
      return role == "responder" || role == "analyst" || role == "admin";
    case Action::kAgent:
    case Action::kAddCustomer:
      return false;
  }
  return false;
}

std::string_view Needed(Action action) {
  switch (action) {
    case Action::kAgent:
      return "only an enrolled host may do this";
    case Action::kAddCustomer:
      return "only a service administrator may do this";
    case Action::kAdminister:
      return "it takes the role admin";
    case Action::kOrder:
      return "it takes the role responder or admin";
    case Action::kReadFleet:
    case Action::kReadCustody:
      return "it takes an operator of the customer, in any role";
    case Action::kReadEvidence:
      return "it takes the role responder, analyst or admin";
  }
  return "nobody may";
}

std::string Describe(const Caller& caller) {
  switch (caller.kind) {
    case Caller::Kind::kHost:
      return Concat("host ", Printable(caller.name));
    case Caller::Kind::kOperator:
      return Concat("operator ", Printable(caller.name), " with the role ", Printable(caller.role));
    case Caller::Kind::kServiceAdmin:
      return Concat("service administrator ", Printable(caller.name));
  }
  return "caller";
}

bool May(const Caller& caller, Action action) {
  switch (caller.kind) {
    case Caller::Kind::kHost:
      return action == Action::kAgent;
    case Caller::Kind::kServiceAdmin:
      return action == Action::kAddCustomer;
    case Caller::Kind::kOperator:
      return RoleMay(caller.role, action);
  }
  return false;
}

}  // namespace

std::string Caller::Actor() const {
  switch (kind) {
    case Kind::kHost:
      return Concat("host:", name);
    case Kind::kOperator:
      return Concat("operator:", name);
    case Kind::kServiceAdmin:
      return Concat("admin:", name);
  }
  return "unknown";
}

absl::StatusOr<Caller> IdentifyCaller(std::string_view certificate_pem, Catalog& catalog, absl::Time now) {
  static auto& bearers = *new Bearers();
  HOZEN_ASSIGN_OR_RETURN(const std::shared_ptr<const Bearer> bearer, bearers.Read(certificate_pem));
  // TLS looks at dates when the connection is made; a session may outlive them.
  if (now < bearer->not_before || now > bearer->not_after) {
    return absl::UnauthenticatedError(
        Concat("the client certificate is valid from ", absl::FormatTime(bearer->not_before, absl::UTCTimeZone()),
               " to ", absl::FormatTime(bearer->not_after, absl::UTCTimeZone()), ", and it is ",
               absl::FormatTime(now, absl::UTCTimeZone()), ": renew it, or check the clocks"));
  }

  Caller caller;
  caller.customer_id = bearer->subject.customer_id;
  caller.name = bearer->subject.name;
  caller.public_key_der = bearer->public_key_der;
  caller.certificate_pem = bearer->certificate_pem;
  switch (bearer->subject.kind) {
    case Subject::Kind::kHost:
      caller.kind = Caller::Kind::kHost;
      HOZEN_RETURN_IF_ERROR(CheckHost(caller, catalog));
      return caller;
    case Subject::Kind::kOperator: {
      caller.kind = Caller::Kind::kOperator;
      HOZEN_ASSIGN_OR_RETURN(caller.role, CheckOperator(caller, catalog, now));
      return caller;
    }
    case Subject::Kind::kServiceAdmin:
      caller.kind = Caller::Kind::kServiceAdmin;
      caller.customer_id.clear();
      return caller;
  }
  return UnknownCaller("an unknown kind");
}

absl::Status Authorize(const Caller& caller, Action action) {
  if (May(caller, action)) return absl::OkStatus();
  return absl::PermissionDeniedError(Concat(Describe(caller), " may not do this: ", Needed(action)));
}

}  // namespace hozen
