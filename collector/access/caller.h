// Who is calling, and may they? From a verified client certificate to a customer, a host or an operator with a role.
#ifndef HOZEN_COLLECTOR_ACCESS_CALLER_H_
#define HOZEN_COLLECTOR_ACCESS_CALLER_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "collector/catalog/catalog.h"
#include "core/crypto/certificate.h"

namespace hozen {

struct Caller {
  enum class Kind { kHost, kOperator, kServiceAdmin };
  Kind kind;
  std::string customer_id;  // empty for kServiceAdmin
  std::string name;         // host id or operator's name
  std::string role;         // kOperator
  std::string public_key_der;
  std::string certificate_pem;  // that it called with: a host's manifest is checked against it
  // As custody events name it: "host:<id>", "operator:<name>", "admin:<name>".
  std::string Actor() const;
};

// From the certificate that TLS verified against our root. Unauthenticated where it is none of ours, expired at `now`,
// or its host or operator is not in the catalog with this very key. A host's key is the one in force or that of the
// newest certificate it was issued (see Enroller::Renew).
absl::StatusOr<Caller> IdentifyCaller(std::string_view certificate_pem, Catalog& catalog, absl::Time now);

enum class Action {
  kAgent,         // hosts: session, ingest, renewal
  kAddCustomer,   // service admins
  kAdminister,    // admin: operators, tokens
  kOrder,         // responder, admin
  kReadFleet,     // every operator: hosts, acquisitions
  kReadEvidence,  // responder, analyst, admin
  kReadCustody,   // every operator
};

// OK or PermissionDenied, naming the role and what it would take.
absl::Status Authorize(const Caller& caller, Action action);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_ACCESS_CALLER_H_
