#include <utility>

#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/crypto/certificate.h"
#include "core/crypto/openssl.h"

namespace hozen {
namespace {

constexpr size_t kLongestRequestBytes = 64 << 10;

}  // namespace

absl::StatusOr<CertificateRequest> CertificateRequest::Create(const PrivateKey& key, std::string_view common_name) {
  const X509RequestPtr request(X509_REQ_new());
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1) {
    OpenSslFatal("making a certificate request");
  }
  X509_NAME* const subject = X509_REQ_get_subject_name(request.get());
  if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return OpenSslError(absl::StatusCode::kInvalidArgument,
                        Concat("the common name \"", common_name, "\" is not 1 to 64 characters of UTF-8"));
  }
  const EVP_MD* const digest = key.public_key().type() == KeyType::kEd25519 ? nullptr : EVP_sha256();
  if (X509_REQ_set_pubkey(request.get(), key.handle()) != 1 ||
      X509_REQ_sign(request.get(), key.handle(), digest) <= 0) {
    return OpenSslError(absl::StatusCode::kInternal, "signing a certificate request");
  }
  // Through DER once: what OpenSSL has just read is never changed again, so threads may share it.
  return FromDer(DerOf(request.get(), i2d_X509_REQ));
}

absl::StatusOr<CertificateRequest> CertificateRequest::FromDer(std::string_view der) {
  HOZEN_ASSIGN_OR_RETURN(X509RequestPtr read, FromDerBytes<X509RequestPtr>(der, kLongestRequestBytes,
                                                                           "a certificate request", d2i_X509_REQ));
  CertificateRequest request{std::shared_ptr<X509_REQ>(std::move(read))};
  HOZEN_ASSIGN_OR_RETURN(const PublicKey key, request.public_key());
  if (X509_REQ_verify(request.request_.get(), key.handle()) != 1) {
    return OpenSslError(absl::StatusCode::kInvalidArgument,
                        "the certificate request is not signed by the key that it names");
  }
  return request;
}

std::string CertificateRequest::ToDer() const { return DerOf(request_.get(), i2d_X509_REQ); }

absl::StatusOr<PublicKey> CertificateRequest::public_key() const {
  EVP_PKEY* const key = X509_REQ_get0_pubkey(request_.get());
  if (key == nullptr) return OpenSslError(absl::StatusCode::kInvalidArgument, "a request's key cannot be read");
  return PublicKey::FromDer(DerOf(key, i2d_PUBKEY));
}

}  // namespace hozen
