#include "core/crypto/key.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <optional>

#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/openssl.h"

namespace hozen {
namespace {

constexpr size_t kLongestDerBytes = 4096;
// A SubjectPublicKeyInfo of each type has one size: for P-256 with the curve named and the point uncompressed.
constexpr size_t kEd25519DerBytes = 44;
constexpr size_t kEcdsaP256DerBytes = 91;
constexpr size_t kRawEd25519Bytes = 32;

std::optional<KeyType> TypeOf(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
      return KeyType::kEd25519;
    case EVP_PKEY_EC: {
      char group[64] = {};
      size_t size = 0;
      if (EVP_PKEY_get_group_name(key, group, sizeof(group), &size) != 1) return std::nullopt;
      if (std::string_view(group, size) != "prime256v1") return std::nullopt;
      return KeyType::kEcdsaP256;
    }
    default:
      return std::nullopt;
  }
}

absl::Status UnknownType() {
  return OpenSslError(absl::StatusCode::kInvalidArgument, "neither an Ed25519 nor an ECDSA P-256 key");
}

// Ed25519 hashes by itself, so it has no digest to name.
const EVP_MD* DigestFor(KeyType type) { return type == KeyType::kEd25519 ? nullptr : EVP_sha256(); }

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

DigestContextPtr NewDigestContext() {
  DigestContextPtr context(EVP_MD_CTX_new());
  if (context == nullptr) OpenSslFatal("making a digest context");
  return context;
}

}  // namespace

absl::StatusOr<PublicKey> PublicKey::FromDer(std::string_view spki_der) {
  HOZEN_ASSIGN_OR_RETURN(KeyPtr key, FromDerBytes<KeyPtr>(spki_der, kLongestDerBytes, "a public key", d2i_PUBKEY));
  const std::optional<KeyType> type = TypeOf(key.get());
  if (!type.has_value()) return UnknownType();
  // One key, one encoding: a key's id is the hash of its DER, and nobody shall have two.
  const size_t size = *type == KeyType::kEd25519 ? kEd25519DerBytes : kEcdsaP256DerBytes;
  if (spki_der.size() != size || DerOf(key.get(), i2d_PUBKEY) != spki_der) {
    return absl::InvalidArgumentError("a public key in an unusual encoding; name the curve, do not compress the point");
  }
  return PublicKey(std::move(key));
}

absl::StatusOr<PublicKey> PublicKey::FromPem(std::string_view pem) {
  const BioPtr bio = ReadingBio(pem);
  if (bio == nullptr) return absl::InvalidArgumentError("a public key's PEM is far too long");
  const KeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) return OpenSslError(absl::StatusCode::kInvalidArgument, "not PEM of a public key");
  return FromDer(DerOf(key.get(), i2d_PUBKEY));
}

absl::StatusOr<PublicKey> PublicKey::FromRawEd25519(std::string_view bytes) {
  if (bytes.size() != kRawEd25519Bytes) {
    return absl::InvalidArgumentError(Concat("an Ed25519 key is 32 bytes long, not ", bytes.size()));
  }
  KeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(bytes), bytes.size()));
  if (key == nullptr) return OpenSslError(absl::StatusCode::kInvalidArgument, "not an Ed25519 key");
  return PublicKey(std::move(key));
}

KeyType PublicKey::type() const {
  return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519 ? KeyType::kEd25519 : KeyType::kEcdsaP256;
}

std::string PublicKey::ToDer() const { return DerOf(key_.get(), i2d_PUBKEY); }

std::string PublicKey::ToPem() const {
  const BioPtr bio = WritingBio();
  if (PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) OpenSslFatal("writing a public key");
  return BytesOf(*bio);
}

absl::StatusOr<std::string> PublicKey::ToRawEd25519() const {
  if (type() != KeyType::kEd25519) return absl::FailedPreconditionError("not an Ed25519 key, so it has no 32 bytes");
  std::string bytes(kRawEd25519Bytes, '\0');
  size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) != 1 ||
      size != kRawEd25519Bytes) {
    OpenSslFatal("reading an Ed25519 key");
  }
  return bytes;
}

Digest PublicKey::KeyId() const { return Sha256::Of(ToDer()); }

absl::Status PublicKey::Verify(std::string_view message, std::string_view signature) const {
  const DigestContextPtr context = NewDigestContext();
  if (EVP_DigestVerifyInit(context.get(), nullptr, DigestFor(type()), nullptr, key_.get()) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, "preparing to verify a signature");
  }
  if (EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message), message.size()) != 1) {
    return OpenSslError(absl::StatusCode::kDataLoss,
                        Concat("the signature is not by key ", KeyId().ToHex().substr(0, 16), " over these bytes"));
  }
  return absl::OkStatus();
}

absl::StatusOr<PrivateKey> PrivateKey::Generate(KeyType type) {
  KeyPtr key(type == KeyType::kEd25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                       : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (key == nullptr) return OpenSslError(absl::StatusCode::kInternal, "generating a key");
  return PrivateKey(std::move(key));
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  const BioPtr bio = ReadingBio(pem);
  if (bio == nullptr) return absl::InvalidArgumentError("a private key's PEM is far too long");
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) return OpenSslError(absl::StatusCode::kInvalidArgument, "not PEM of a private key");
  if (!TypeOf(key.get()).has_value()) return UnknownType();
  // Refuses the rarer encodings here, where the person who made the key can still be told.
  HOZEN_RETURN_IF_ERROR(PublicKey::FromDer(DerOf(key.get(), i2d_PUBKEY)).status());
  return PrivateKey(std::move(key));
}

std::string PrivateKey::ToSecretPem() const {
  const BioPtr bio = WritingBio();
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    OpenSslFatal("writing a private key");
  }
  return BytesOf(*bio);
}

absl::StatusOr<std::string> PrivateKey::Sign(std::string_view message) const {
  const DigestContextPtr context = NewDigestContext();
  const EVP_MD* const digest = DigestFor(public_key().type());
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, Bytes(message), message.size()) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, "preparing to sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, Bytes(message),
                     message.size()) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, "signing");
  }
  signature.resize(size);  // ECDSA's DER is often shorter than it could be
  return signature;
}

std::string RandomBytes(size_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  if (RAND_priv_bytes_ex(nullptr, reinterpret_cast<unsigned char*>(bytes.data()), size_bytes, 0) != 1) {
    OpenSslFatal("asking for random bytes");
  }
  return bytes;
}

}  // namespace hozen
