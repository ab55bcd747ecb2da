// Customers, operators and enrolment tokens: what admins do, without gRPC.
#ifndef HOZEN_COLLECTOR_SERVICE_ADMINISTRATION_H_
#define HOZEN_COLLECTOR_SERVICE_ADMINISTRATION_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/caller.h"
#include "collector/service/service_context.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

// Thread-safe. Every call asks first whether the caller may (PermissionDenied), and writes into the customer's custody
// log before it changes anything, so that nothing is done that is not in there.
class Administration {
 public:
  explicit Administration(ServiceContext context) : context_(context) {}

  // Makes the customer's rooms. Where a customer of this name was begun and never finished, it is that one again, so a
  // command that broke in between can be given anew. AlreadyExists for the name of a finished one.
  absl::StatusOr<v1::BeginCustomerResponse> BeginCustomer(const Caller& caller,
                                                          const v1::BeginCustomerRequest& request);
  // Makes the customer ready and adds its first admin. DataLoss for a delegation that the authority did not sign,
  // InvalidArgument where it is of other keys than BeginCustomer gave. With the same authority it can be given again
  // until the admin is there; FailedPrecondition for a customer that is ready with another one.
  absl::StatusOr<v1::FinishCustomerResponse> FinishCustomer(const Caller& caller,
                                                            const v1::FinishCustomerRequest& request);
  // The operator's certificate for TLS. The operator is whoever the authority's OperatorCertificate says, with its key.
  // AlreadyExists for a name that is taken.
  absl::StatusOr<v1::AddOperatorResponse> AddOperator(const Caller& caller, const v1::AddOperatorRequest& request);
  absl::StatusOr<v1::CreateTokenResponse> CreateToken(const Caller& caller, const v1::CreateTokenRequest& request);

 private:
  absl::StatusOr<v1::AddOperatorResponse> Add(const Caller& caller, const CustomerRow& customer,
                                              const v1::AddOperatorRequest& request, bool must_be_admin);

  const ServiceContext context_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_ADMINISTRATION_H_
