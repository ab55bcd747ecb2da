// Keys that sign and keys that verify: Ed25519 (RFC 8032) and ECDSA on P-256 with SHA-256 (FIPS 186-4).
#ifndef HOZEN_CORE_CRYPTO_KEY_H_
#define HOZEN_CORE_CRYPTO_KEY_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/sha256.h"

// OpenSSL's key; only core/crypto looks inside.
typedef struct evp_pkey_st EVP_PKEY;

namespace hozen {

enum class KeyType { kEd25519, kEcdsaP256 };

// Thread-safe, cheap to copy: copies share one immutable key.
class PublicKey {
 public:
  // InvalidArgument for anything but a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of one of our types.
  static absl::StatusOr<PublicKey> FromDer(std::string_view spki_der);
  static absl::StatusOr<PublicKey> FromPem(std::string_view pem);
  // From the 32 bytes of an Ed25519 key.
  static absl::StatusOr<PublicKey> FromRawEd25519(std::string_view bytes);

  KeyType type() const;
  std::string ToDer() const;
  std::string ToPem() const;
  // The 32 bytes; FailedPrecondition for another type.
  absl::StatusOr<std::string> ToRawEd25519() const;
  // SHA-256 of ToDer.
  Digest KeyId() const;
  // DataLoss where the signature is not this key's over these bytes.
  absl::Status Verify(std::string_view message, std::string_view signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) { return a.KeyId() == b.KeyId(); }

  EVP_PKEY* handle() const { return key_.get(); }  // for core/crypto

 private:
  friend class PrivateKey;
  friend class Certificate;
  friend class CertificateRequest;
  explicit PublicKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

// Thread-safe, cheap to copy. Its bytes are wiped when the last copy goes.
class PrivateKey {
 public:
  static absl::StatusOr<PrivateKey> Generate(KeyType type);
  static absl::StatusOr<PrivateKey> FromPem(std::string_view pem);

  // PKCS #8, not encrypted: write it only to a file that its owner alone may read. Audit: every caller of this.
  std::string ToSecretPem() const;
  PublicKey public_key() const { return PublicKey(key_); }
  absl::StatusOr<std::string> Sign(std::string_view message) const;

  EVP_PKEY* handle() const { return key_.get(); }  // for core/crypto

 private:
  explicit PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

// From the system's generator for secrets.
std::string RandomBytes(size_t size_bytes);

}  // namespace hozen

#endif  // HOZEN_CORE_CRYPTO_KEY_H_
