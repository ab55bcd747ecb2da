#include "collector/fleet/enroller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "collector/custody/custody_log.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/key.h"
#include "core/crypto/sha256.h"
#include "core/evidence/trust.h"

namespace hozen {
namespace {

constexpr size_t kSecretSizeBytes = 32;
constexpr size_t kMaxFactsSizeBytes = 64 << 10;
constexpr size_t kIdRandomBytes = 8;
constexpr size_t kMaxNameSizeBytes = 256;
// 32 random bytes cannot be guessed at this pace, nor at any other; it bounds what guessing costs us.
constexpr int kFailureBurst = 100;
constexpr absl::Duration kFailureInterval = absl::Milliseconds(100);
// An agent renews every few weeks and tries again after an hour.
constexpr int kRenewalBurst = 10;
constexpr absl::Duration kRenewalInterval = absl::Minutes(30);
// A host whose clock is a little behind must be able to use its certificate at once.
constexpr absl::Duration kClockSkew = absl::Minutes(10);

// Keys of hosts speak TLS.
absl::StatusOr<PublicKey> KeyOfRequest(std::string_view der) {
  const absl::StatusOr<CertificateRequest> request = CertificateRequest::FromDer(der);
  if (!request.ok()) return WithContext(request.status(), "certificate request");
  HOZEN_ASSIGN_OR_RETURN(PublicKey key, request->public_key());
  if (key.type() != KeyType::kEcdsaP256) {
    return absl::InvalidArgumentError("certificate request: a host's key is ECDSA on P-256");
  }
  return key;
}

std::string ChainOf(const Certificate& leaf, const CustomerVault& vault) {
  return leaf.ToPem() + vault.host_ca().certificate().ToPem();
}

CustodyEvent EventOf(std::string kind, std::string_view host_id, const PublicKey& key) {
  CustodyEvent event;
  event.kind = std::move(kind);
  event.actor = Concat("host:", host_id);
  event.host_id = std::string(host_id);
  event.details.emplace_back("key_sha256", key.KeyId().ToHex());
  return event;
}

}  // namespace

Enroller::Enroller(Customers& customers, Catalog& catalog, Fleet& fleet, const Clock& clock)
    : customers_(customers),
      catalog_(catalog),
      fleet_(fleet),
      clock_(clock),
      failures_(kFailureBurst, kFailureInterval, clock) {}

absl::StatusOr<TokenUse> Enroller::UseToken(std::string_view secret) {
  constexpr std::string_view kAnother = "have an admin of the customer make a new one with `hozen token create`";
  if (secret.size() != kSecretSizeBytes) {
    return absl::InvalidArgumentError("the enrolment token is malformed: check that it was copied whole");
  }
  absl::StatusOr<TokenUse> use = catalog_.UseToken(Sha256::Of(secret), clock_.NowUnixNs());
  if (absl::IsNotFound(use.status())) {
    return absl::PermissionDeniedError(
        Concat("this enrolment token is not known here: check that it was copied whole and is for this collector, or ",
               kAnother));
  }
  if (absl::IsFailedPrecondition(use.status())) {
    return absl::FailedPreconditionError(Concat(use.status().message(), ": ", kAnother));
  }
  return use;
}

absl::StatusOr<Certificate> Enroller::Issue(const CustomerVault& vault, std::string_view host_id,
                                            const PublicKey& key) const {
  CertificateOptions options;
  options.common_name = std::string(host_id);
  options.uri = HostUri(vault.customer_id(), host_id);
  options.not_before = clock_.Now() - kClockSkew;
  options.not_after = std::min(clock_.Now() + kHostCertificateLifetime, vault.host_ca().certificate().not_after());
  return vault.host_ca().Issue(key, options);
}

absl::StatusOr<v1::EnrollResponse> Enroller::Enroll(const v1::EnrollRequest& request) {
  if (!failures_.MayTry()) {
    return absl::UnavailableError("too many enrolments have failed just now: try again in a few seconds");
  }
  // All that can be wrong with the request is looked at before it costs the token a use.
  if (request.facts().ByteSizeLong() > kMaxFactsSizeBytes) {
    failures_.Failed();
    return absl::InvalidArgumentError(Concat("the host's facts are longer than ", kMaxFactsSizeBytes, " bytes"));
  }
  absl::StatusOr<PublicKey> key = KeyOfRequest(request.certificate_request_der());
  if (!key.ok()) {
    failures_.Failed();
    return key.status();
  }
  absl::StatusOr<TokenUse> use = UseToken(request.token_secret());
  if (!use.ok()) {
    failures_.Failed();
    Log(Severity::kWarning,
        Concat("enrolment refused hostname=", std::string_view(request.facts().hostname()).substr(0, kMaxNameSizeBytes),
               " error=", use.status().message()));
    return use.status();
  }

  HOZEN_ASSIGN_OR_RETURN(const CustomerRow customer, catalog_.GetCustomer(use->customer_id));
  if (!customer.ready) {
    return absl::FailedPreconditionError("the token's customer is not set up to its end: run `hozen customer add`");
  }
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, customers_.Get(use->customer_id));
  const std::string host_id = absl::BytesToHexString(RandomBytes(kIdRandomBytes));
  HOZEN_ASSIGN_OR_RETURN(const Certificate certificate, Issue(*vault, host_id, *key));

  HostRow row;
  row.host.set_host_id(host_id);
  *row.host.mutable_facts() = request.facts();
  row.host.set_label(use->label);
  row.host.set_enrolled_unix_ns(clock_.NowUnixNs());
  row.host.set_seen_unix_ns(clock_.NowUnixNs());
  row.host.set_certificate_not_after_unix_ns(absl::ToUnixNanos(certificate.not_after()));
  row.public_key_der = key->ToDer();
  row.certificate_chain_pem = ChainOf(certificate, *vault);

  CustodyEvent event = EventOf("host.enrolled", host_id, *key);
  event.details.emplace_back("hostname",
                             Printable(std::string_view(request.facts().hostname()).substr(0, kMaxNameSizeBytes)));
  event.details.emplace_back("label", Printable(use->label));
  HOZEN_RETURN_IF_ERROR(vault->custody().Append(event).status());
  HOZEN_RETURN_IF_ERROR(catalog_.AddHost(use->customer_id, row));
  Log(Severity::kInfo, Concat("host enrolled customer=", use->customer_id, " host=", host_id));

  v1::EnrollResponse response;
  response.set_host_id(host_id);
  response.set_customer_id(use->customer_id);
  response.set_certificate_chain_pem(row.certificate_chain_pem);
  *response.mutable_delegation() = customer.delegation;
  return response;
}

bool Enroller::MayRenew(const Caller& host) {
  absl::MutexLock lock(&mutex_);
  const auto [renewals, unused] =
      renewals_.try_emplace(std::pair(host.customer_id, host.name), kRenewalBurst, kRenewalInterval, clock_);
  if (!renewals->second.MayTry()) return false;
  renewals->second.Failed();  // takes one of those that are left
  return true;
}

absl::StatusOr<v1::RenewResponse> Enroller::Renew(const Caller& host, const v1::RenewRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(host, Action::kAgent));
  HOZEN_ASSIGN_OR_RETURN(const PublicKey key, KeyOfRequest(request.certificate_request_der()));
  if (!MayRenew(host)) {
    return absl::UnavailableError("this host has renewed its certificate many times just now: try again in an hour");
  }
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, customers_.Get(host.customer_id));
  HOZEN_ASSIGN_OR_RETURN(const Certificate certificate, Issue(*vault, host.name, key));
  const std::string chain = ChainOf(certificate, *vault);
  HOZEN_RETURN_IF_ERROR(vault->custody().Append(EventOf("host.certificate-renewed", host.name, key)).status());
  HOZEN_RETURN_IF_ERROR(fleet_.ChangeHost(host.customer_id, host.name, [&](HostRow& row) {
    row.certificate_chain_pem = chain;
    row.host.set_certificate_not_after_unix_ns(absl::ToUnixNanos(certificate.not_after()));
    return absl::OkStatus();
  }));
  v1::RenewResponse response;
  response.set_certificate_chain_pem(chain);
  return response;
}

absl::Status Enroller::ConfirmKey(const Caller& host) {
  HOZEN_ASSIGN_OR_RETURN(const HostRow row, catalog_.GetHost(host.customer_id, host.name));
  if (row.public_key_der == host.public_key_der) return absl::OkStatus();
  Log(Severity::kInfo, Concat("host has a new key customer=", host.customer_id, " host=", host.name));
  return fleet_.ChangeHost(host.customer_id, host.name, [&](HostRow& found) {
    found.public_key_der = host.public_key_der;
    return absl::OkStatus();
  });
}

}  // namespace hozen
