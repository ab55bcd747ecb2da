#include "agent/session/enrollment.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <utility>

#include "agent/session/channel.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/certificate.h"
#include "core/evidence/trust.h"
#include "core/plan/enrollment_token.h"
#include "proto/hozen/v1/enrollment.grpc.pb.h"

namespace hozen {
namespace {

constexpr std::chrono::seconds kCallTimeout{60};
// Of the request alone, which needs some name: the collector takes nothing over from it but the key.
constexpr std::string_view kCommonName = "hozen-host";

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::Status CheckChain(const std::string& chain_pem, const v1::Envelope& delegation_envelope,
                        const PublicKey& authority, std::string_view customer_id, std::string_view host_id,
                        const PublicKey& key) {
  HOZEN_ASSIGN_OR_RETURN(const v1::Delegation delegation, VerifyDelegation(delegation_envelope, authority));
  if (delegation.customer_id() != customer_id) {
    return absl::DataLossError("the collector answered for another customer than the token's");
  }
  HOZEN_ASSIGN_OR_RETURN(const HostIdentity host, VerifyHostChain(chain_pem, delegation));
  if (host.host_id != host_id || host.customer_id != customer_id) {
    return absl::DataLossError("the certificate names another host than the collector's answer");
  }
  if (!(host.key == key)) return absl::DataLossError("the certificate is for another key than this host's");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckEnrollment(const v1::EnrollResponse& response, const v1::EnrollmentToken& token,
                             const PublicKey& key) {
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, PublicKey::FromDer(token.authority_public_key()));
  return WithContext(CheckChain(response.certificate_chain_pem(), response.delegation(), authority, token.customer_id(),
                                response.host_id(), key),
                     "the collector's answer was not believed");
}

absl::StatusOr<v1::AgentIdentity> Enroll(const std::string& collector_address, std::string_view token_text,
                                         const v1::HostFacts& facts) {
  HOZEN_ASSIGN_OR_RETURN(const v1::EnrollmentToken token, DecodeEnrollmentToken(token_text));
  HOZEN_ASSIGN_OR_RETURN(const Certificate root, Certificate::FromDer(token.collector_root_der()));
  HOZEN_RETURN_IF_ERROR(PublicKey::FromDer(token.authority_public_key()).status());

  v1::AgentIdentity identity;
  identity.set_format_version(1);
  identity.set_collector_address(collector_address);
  identity.set_collector_name(token.collector_name());
  identity.set_collector_root_pem(root.ToPem());
  identity.set_authority_public_key(token.authority_public_key());

  HOZEN_ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::Generate(KeyType::kEcdsaP256));
  HOZEN_ASSIGN_OR_RETURN(const CertificateRequest csr, CertificateRequest::Create(key, kCommonName));
  v1::EnrollRequest request;
  request.set_token_secret(token.secret());
  request.set_certificate_request_der(csr.ToDer());
  *request.mutable_facts() = facts;
  v1::EnrollResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  const auto stub = v1::Enrollment::NewStub(MakeChannel(identity));
  HOZEN_RETURN_IF_ERROR(
      WithContext(FromGrpc(stub->Enroll(&context, request, &response)), Concat("enrol at ", collector_address)));
  HOZEN_RETURN_IF_ERROR(CheckEnrollment(response, token, key.public_key()));

  identity.set_host_id(response.host_id());
  identity.set_customer_id(token.customer_id());
  identity.set_private_key_pem(key.ToSecretPem());
  identity.set_certificate_chain_pem(response.certificate_chain_pem());
  *identity.mutable_delegation() = response.delegation();
  return identity;
}

absl::StatusOr<v1::AgentIdentity> RenewCertificate(const v1::AgentIdentity& identity) {
  HOZEN_ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::FromPem(identity.private_key_pem()));
  HOZEN_ASSIGN_OR_RETURN(const CertificateRequest csr, CertificateRequest::Create(key, kCommonName));
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, PublicKey::FromDer(identity.authority_public_key()));
  v1::RenewRequest request;
  request.set_certificate_request_der(csr.ToDer());
  v1::RenewResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  const auto stub = v1::Enrollment::NewStub(MakeChannel(identity));
  HOZEN_RETURN_IF_ERROR(WithContext(FromGrpc(stub->Renew(&context, request, &response)), "renew the certificate"));
  HOZEN_RETURN_IF_ERROR(WithContext(CheckChain(response.certificate_chain_pem(), identity.delegation(), authority,
                                               identity.customer_id(), identity.host_id(), key.public_key()),
                                    "the renewed certificate was not believed"));
  v1::AgentIdentity renewed = identity;
  renewed.set_certificate_chain_pem(response.certificate_chain_pem());
  return renewed;
}

absl::StatusOr<absl::Time> RenewalTime(const v1::AgentIdentity& identity) {
  HOZEN_ASSIGN_OR_RETURN(const Certificate certificate, Certificate::FromPem(identity.certificate_chain_pem()));
  return certificate.not_before() + (certificate.not_after() - certificate.not_before()) * 2 / 3;
}

}  // namespace hozen
