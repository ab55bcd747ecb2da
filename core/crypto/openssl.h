// What every file of this room needs of OpenSSL: owners for its objects and its errors as a status.
#ifndef HOZEN_CORE_CRYPTO_OPENSSL_H_
#define HOZEN_CORE_CRYPTO_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hozen {

template <auto kFree>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

template <typename T, auto kFree>
using OpenSslPtr = std::unique_ptr<T, OpenSslDeleter<kFree>>;

using BioPtr = OpenSslPtr<BIO, &BIO_free_all>;
using BigNumberPtr = OpenSslPtr<BIGNUM, &BN_free>;
using DigestContextPtr = OpenSslPtr<EVP_MD_CTX, &EVP_MD_CTX_free>;
using ExtensionPtr = OpenSslPtr<X509_EXTENSION, &X509_EXTENSION_free>;
using GeneralNamePtr = OpenSslPtr<GENERAL_NAME, &GENERAL_NAME_free>;
using GeneralNamesPtr = OpenSslPtr<GENERAL_NAMES, &GENERAL_NAMES_free>;
using KeyPtr = OpenSslPtr<EVP_PKEY, &EVP_PKEY_free>;
using X509Ptr = OpenSslPtr<X509, &X509_free>;
using X509NamePtr = OpenSslPtr<X509_NAME, &X509_NAME_free>;
using X509RequestPtr = OpenSslPtr<X509_REQ, &X509_REQ_free>;

// "<what>: <OpenSSL's reasons>". Empties this thread's queue of OpenSSL errors, so that the next status has its own.
absl::Status OpenSslError(absl::StatusCode code, std::string_view what);

// Forgets this thread's OpenSSL errors: TLS runs on the same threads and would take ours for its own.
void ClearOpenSslErrors();

// For calls that fail only where there is no memory or no OpenSSL to speak of: logs OpenSSL's reasons and aborts.
[[noreturn]] void OpenSslFatal(std::string_view what);

// Reads `bytes`, which must outlive it. Null only for more than 1 MiB, which nothing of ours needs.
BioPtr ReadingBio(std::string_view bytes);
// Its memory is wiped when it is freed.
BioPtr WritingBio();
std::string BytesOf(BIO& bio);

// Never asks a person for a password: an encrypted PEM is an error. For PEM_read_bio_*.
int NoPassword(char* buffer, int size, int writing, void* user);

// An object's DER through its i2d function. Aborts where OpenSSL cannot: what we hold can be encoded.
template <typename T, typename Encode>
std::string DerOf(T* object, Encode encode) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  if (size <= 0) OpenSslFatal("encoding DER");
  std::string bytes(reinterpret_cast<const char*>(der), size);
  OPENSSL_free(der);
  return bytes;
}

// An object out of DER through its d2i function; InvalidArgument where it is not one, or has bytes behind it.
template <typename Ptr, typename Decode>
absl::StatusOr<Ptr> FromDerBytes(std::string_view der, size_t limit_bytes, std::string_view what, Decode decode) {
  if (der.size() > limit_bytes)
    return OpenSslError(absl::StatusCode::kInvalidArgument, std::string(what) + " too long");
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  Ptr object(decode(nullptr, &at, static_cast<long>(der.size())));
  if (object == nullptr || at != end) {
    return OpenSslError(absl::StatusCode::kInvalidArgument, "not DER of " + std::string(what));
  }
  return object;
}

}  // namespace hozen

#endif  // HOZEN_CORE_CRYPTO_OPENSSL_H_
