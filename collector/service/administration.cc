#include "collector/service/administration.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/sha256.h"
#include "core/evidence/trust.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxLabelBytes = 128;
constexpr uint32_t kMaxTokenUses = 100'000;
constexpr absl::Duration kCertificateLifetime = absl::Hours(24 * 365);
constexpr absl::Duration kTokenLongestLifetime = absl::Hours(24 * 366);
// The operator's clock may be behind ours.
constexpr absl::Duration kClockSkew = absl::Minutes(5);

// What a person reads in lists and files.
absl::Status CheckText(std::string_view what, std::string_view text, size_t most_bytes) {
  if (text.size() > most_bytes) {
    return absl::InvalidArgumentError(
        Concat(what, " has ", text.size(), " bytes; at most ", most_bytes, " are allowed"));
  }
  // What Printable would change is not shown as it is.
  if (!IsValidUtf8(text) || Printable(text) != text) {
    return absl::InvalidArgumentError(Concat(what, " holds characters that cannot be shown: ", Printable(text)));
  }
  return absl::OkStatus();
}

// An operator's name stands in a URI and in custody events.
absl::Status CheckOperatorName(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("._-@+").find(c) != std::string_view::npos;
  });
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Concat("an operator's name is 1 to ", kMaxNameBytes, " letters, digits and . _ - @ +, not ", Printable(name)));
}

absl::StatusOr<PublicKey> AuthorityOf(std::string_view key_der) {
  absl::StatusOr<PublicKey> key = PublicKey::FromDer(key_der);
  if (!key.ok()) return WithContext(key.status(), "the authority's public key");
  return key;
}

// That the delegation is for the rooms that we made for this customer, and no others.
absl::Status CheckDelegation(const v1::Delegation& delegation, const CustomerRow& customer, CustomerVault& vault) {
  const auto refuse = [](std::string_view what) {
    return absl::InvalidArgumentError(
        Concat("the delegation names another ", what, " than the collector made; begin again with hozen customer add"));
  };
  if (delegation.customer_id() != customer.customer_id || delegation.customer_name() != customer.name) {
    return refuse("customer");
  }
  HOZEN_ASSIGN_OR_RETURN(const PublicKey host_ca, vault.host_ca().certificate().public_key());
  if (delegation.host_ca_public_key() != host_ca.ToDer()) return refuse("host CA");
  HOZEN_ASSIGN_OR_RETURN(const std::string custody_key, vault.custody_key().ToRawEd25519());
  if (delegation.custody_log_key() != custody_key) return refuse("custody log key");
  if (delegation.custody_log_origin() != vault.custody_origin()) return refuse("custody log");
  return absl::OkStatus();
}

absl::StatusOr<v1::BeginCustomerResponse> Describe(CustomerVault& vault) {
  HOZEN_ASSIGN_OR_RETURN(const PublicKey host_ca, vault.host_ca().certificate().public_key());
  v1::BeginCustomerResponse response;
  response.set_customer_id(vault.customer_id());
  response.set_host_ca_public_key(host_ca.ToDer());
  HOZEN_ASSIGN_OR_RETURN(*response.mutable_custody_log_key(), vault.custody_key().ToRawEd25519());
  response.set_custody_log_origin(vault.custody_origin());
  return response;
}

}  // namespace

absl::StatusOr<v1::BeginCustomerResponse> Administration::BeginCustomer(const Caller& caller,
                                                                        const v1::BeginCustomerRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kAddCustomer));
  if (request.name().empty()) return absl::InvalidArgumentError("a customer needs a name");
  HOZEN_RETURN_IF_ERROR(CheckText("the customer's name", request.name(), kMaxLabelBytes));
  absl::StatusOr<CustomerVault*> vault = context_.customers.Create(request.name());
  if (absl::IsAlreadyExists(vault.status())) {
    HOZEN_ASSIGN_OR_RETURN(const std::vector<CustomerRow> customers, context_.catalog.ListCustomers());
    const auto begun = std::find_if(customers.begin(), customers.end(),
                                    [&](const CustomerRow& row) { return row.name == request.name() && !row.ready; });
    if (begun != customers.end()) vault = context_.customers.Get(begun->customer_id);
  }
  HOZEN_RETURN_IF_ERROR(vault.status());
  return Describe(**vault);
}

absl::StatusOr<v1::FinishCustomerResponse> Administration::FinishCustomer(const Caller& caller,
                                                                          const v1::FinishCustomerRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kAddCustomer));
  HOZEN_ASSIGN_OR_RETURN(CustomerRow customer, context_.catalog.GetCustomer(request.customer_id()));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(request.customer_id()));
  if (customer.ready && customer.authority_key_der != request.authority_public_key()) {
    return absl::FailedPreconditionError(
        Concat("customer ", Printable(customer.name), " is ready already, with another authority"));
  }
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, AuthorityOf(request.authority_public_key()));
  HOZEN_ASSIGN_OR_RETURN(const v1::Delegation delegation, VerifyDelegation(request.delegation(), authority));
  HOZEN_RETURN_IF_ERROR(CheckDelegation(delegation, customer, *vault));
  if (!customer.ready) {
    customer.authority_key_der = request.authority_public_key();
    customer.delegation = request.delegation();
    HOZEN_RETURN_IF_ERROR(
        vault->custody()
            .Append({.kind = "customer.created",
                     .actor = caller.Actor(),
                     .details = {{"name", customer.name}, {"authority_key_sha256", authority.KeyId().ToHex()}}})
            .status());
    customer.ready = true;
    HOZEN_RETURN_IF_ERROR(context_.catalog.FinishCustomer(customer));
  }
  v1::FinishCustomerResponse response;
  HOZEN_ASSIGN_OR_RETURN(*response.mutable_admin(), Add(caller, customer, request.admin(), /*must_be_admin=*/true));
  return response;
}

absl::StatusOr<v1::AddOperatorResponse> Administration::AddOperator(const Caller& caller,
                                                                    const v1::AddOperatorRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kAdminister));
  HOZEN_ASSIGN_OR_RETURN(const CustomerRow customer, context_.catalog.GetCustomer(caller.customer_id));
  return Add(caller, customer, request, /*must_be_admin=*/false);
}

absl::StatusOr<v1::AddOperatorResponse> Administration::Add(const Caller& caller, const CustomerRow& customer,
                                                            const v1::AddOperatorRequest& request, bool must_be_admin) {
  const absl::Time now = context_.clock.Now();
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, AuthorityOf(customer.authority_key_der));
  HOZEN_ASSIGN_OR_RETURN(const v1::OperatorCertificate certificate,
                         VerifyOperatorCertificate(request.certificate(), authority, customer.customer_id, now));
  HOZEN_RETURN_IF_ERROR(CheckOperatorName(certificate.name()));
  if (!IsRole(certificate.role())) {
    return absl::InvalidArgumentError(Concat("there is no role ", Printable(certificate.role())));
  }
  if (must_be_admin && certificate.role() != "admin") {
    return absl::InvalidArgumentError("the first operator of a customer must be an admin");
  }
  HOZEN_ASSIGN_OR_RETURN(const CertificateRequest tls, CertificateRequest::FromDer(request.certificate_request_der()));
  HOZEN_ASSIGN_OR_RETURN(const PublicKey key, tls.public_key());
  if (key.ToDer() != certificate.public_key()) {
    return absl::InvalidArgumentError("the certificate request is for another key than the operator certificate");
  }
  if (context_.catalog.GetOperator(customer.customer_id, certificate.name()).ok()) {
    return absl::AlreadyExistsError(Concat("there is an operator ", certificate.name(), " already"));
  }
  HOZEN_ASSIGN_OR_RETURN(
      const Certificate issued,
      context_.root.Issue(key, {.common_name = certificate.name(),
                                .uri = OperatorUri(customer.customer_id, certificate.name()),
                                .dns_names = {},
                                .not_before = now - kClockSkew,
                                .not_after = std::min(now + kCertificateLifetime,
                                                      absl::FromUnixNanos(certificate.not_after_unix_ns()))}));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(customer.customer_id));
  HOZEN_RETURN_IF_ERROR(vault->custody()
                            .Append({.kind = "operator.added",
                                     .actor = caller.Actor(),
                                     .details = {{"name", certificate.name()},
                                                 {"role", certificate.role()},
                                                 {"key_sha256", key.KeyId().ToHex()}}})
                            .status());
  HOZEN_RETURN_IF_ERROR(context_.catalog.AddOperator(
      customer.customer_id,
      {.name = certificate.name(), .role = certificate.role(), .certificate = request.certificate()}));
  v1::AddOperatorResponse response;
  response.set_certificate_chain_pem(issued.ToPem());
  return response;
}

absl::StatusOr<v1::CreateTokenResponse> Administration::CreateToken(const Caller& caller,
                                                                    const v1::CreateTokenRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kAdminister));
  const absl::StatusOr<Digest> secret_sha256 = Digest::FromBytes(request.secret_sha256());
  if (!secret_sha256.ok()) return WithContext(secret_sha256.status(), "the token's digest");
  HOZEN_RETURN_IF_ERROR(CheckText("the label", request.label(), kMaxLabelBytes));
  if (request.uses() == 0 || request.uses() > kMaxTokenUses) {
    return absl::InvalidArgumentError(
        Concat("a token is good for 1 to ", kMaxTokenUses, " hosts, not ", request.uses()));
  }
  const absl::Time now = context_.clock.Now();
  const absl::Time expires = absl::FromUnixNanos(request.expires_unix_ns());
  if (expires <= now || expires > now + kTokenLongestLifetime) {
    return absl::InvalidArgumentError(Concat("a token expires within a year from now, not at ",
                                             absl::FormatTime(absl::RFC3339_sec, expires, absl::UTCTimeZone()),
                                             "; the collector's clock says ",
                                             absl::FormatTime(absl::RFC3339_sec, now, absl::UTCTimeZone())));
  }
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  HOZEN_RETURN_IF_ERROR(
      vault->custody()
          .Append({.kind = "token.created",
                   .actor = caller.Actor(),
                   .details = {{"secret_sha256", secret_sha256->ToHex()},
                               {"uses", Concat(request.uses())},
                               {"label", request.label()},
                               {"expires", absl::FormatTime(absl::RFC3339_sec, expires, absl::UTCTimeZone())}}})
          .status());
  HOZEN_RETURN_IF_ERROR(context_.catalog.AddToken(caller.customer_id, *secret_sha256, request.label(),
                                                  request.expires_unix_ns(), request.uses()));
  return v1::CreateTokenResponse();
}

}  // namespace hozen
