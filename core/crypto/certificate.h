// X.509 certificates (RFC 5280) as far as we make and read them. Who a certificate speaks for stands in one URI of its
// subject alternative name: "hozen://<customer>/host/<id>", "hozen://<customer>/operator/<name>",
// "hozen://service/admin/<name>".
#ifndef HOZEN_CORE_CRYPTO_CERTIFICATE_H_
#define HOZEN_CORE_CRYPTO_CERTIFICATE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/crypto/key.h"

typedef struct x509_st X509;
typedef struct X509_req_st X509_REQ;

namespace hozen {

// Thread-safe, cheap to copy.
class Certificate {
 public:
  // The first certificate of `pem`; InvalidArgument where there is none.
  static absl::StatusOr<Certificate> FromPem(std::string_view pem);
  static absl::StatusOr<Certificate> FromDer(std::string_view der);
  // All certificates of `pem`, in their order; at most 8.
  static absl::StatusOr<std::vector<Certificate>> ChainFromPem(std::string_view pem);

  std::string ToPem() const;
  std::string ToDer() const;
  absl::StatusOr<PublicKey> public_key() const;
  absl::Time not_before() const;
  absl::Time not_after() const;
  std::string common_name() const;
  // The one URI of its subject alternative name; empty for none or several.
  std::string uri() const;
  std::vector<std::string> dns_names() const;
  bool is_authority() const;
  // Lower-case hexadecimal.
  std::string serial() const;

  // OK if `issuer`'s key signed this one and issuer is an authority. Says nothing about dates.
  absl::Status VerifySignedBy(const Certificate& issuer) const;
  absl::Status VerifySignedBy(const PublicKey& issuer_key) const;

  X509* handle() const { return certificate_.get(); }  // for core/crypto

 private:
  friend class CertificateAuthority;
  explicit Certificate(std::shared_ptr<X509> certificate) : certificate_(std::move(certificate)) {}
  std::shared_ptr<X509> certificate_;
};

// PKCS #10 (RFC 2986). Thread-safe, cheap to copy.
class CertificateRequest {
 public:
  static absl::StatusOr<CertificateRequest> Create(const PrivateKey& key, std::string_view common_name);
  // InvalidArgument where it is malformed, longer than 64 KiB or not signed by the key it names.
  static absl::StatusOr<CertificateRequest> FromDer(std::string_view der);
  std::string ToDer() const;
  absl::StatusOr<PublicKey> public_key() const;

 private:
  explicit CertificateRequest(std::shared_ptr<X509_REQ> request) : request_(std::move(request)) {}
  std::shared_ptr<X509_REQ> request_;
};

// What is written into a certificate; nothing is taken over from a request but its key.
struct CertificateOptions {
  std::string common_name;
  std::string uri;                     // empty for none
  std::vector<std::string> dns_names;  // and IP addresses
  absl::Time not_before;
  absl::Time not_after;
  bool server = false;  // extended key usage serverAuth, else clientAuth
};

// Signs certificates. Thread-safe.
class CertificateAuthority {
 public:
  // A new self-signed root.
  static absl::StatusOr<CertificateAuthority> CreateRoot(std::string_view common_name, absl::Time not_before,
                                                         absl::Time not_after);
  // From what was saved; `certificate` is this authority's own. InvalidArgument where the key is not its.
  static absl::StatusOr<CertificateAuthority> FromPem(std::string_view certificate_pem, std::string_view key_pem);

  // An authority below this one that can issue only end certificates.
  absl::StatusOr<CertificateAuthority> CreateIntermediate(std::string_view common_name, absl::Time not_before,
                                                          absl::Time not_after) const;
  absl::StatusOr<Certificate> Issue(const PublicKey& subject, const CertificateOptions& options) const;

  const Certificate& certificate() const { return certificate_; }
  // Audit: every caller of this.
  std::string SecretKeyPem() const { return key_.ToSecretPem(); }

 private:
  CertificateAuthority(Certificate certificate, PrivateKey key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}
  Certificate certificate_;
  PrivateKey key_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_CRYPTO_CERTIFICATE_H_
