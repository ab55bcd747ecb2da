#include "core/crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>
#include <utility>

#include "absl/strings/ascii.h"
#include "core/base/address_text.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/crypto/openssl.h"

namespace hozen {
namespace {

constexpr size_t kLongestDerBytes = 64 << 10;
constexpr size_t kLongestChain = 8;

absl::Time TimeOf(const ASN1_TIME* time, absl::Time otherwise) {
  std::tm parts = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    ClearOpenSslErrors();
    return otherwise;
  }
  return absl::FromTM(parts, absl::UTCTimeZone());
}

GeneralNamesPtr AlternativeNames(const X509* certificate) {
  GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) ClearOpenSslErrors();
  return names;
}

std::string_view ViewOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(ASN1_STRING_length(text))};
}

// A name with a zero byte in it is one thing to us and another to whoever reads it as C does.
bool IsPlainText(std::string_view name) { return !name.empty() && name.find('\0') == std::string_view::npos; }

// The next certificate; null at the end of `bio` or where it is damaged, which the error queue tells apart.
X509Ptr NextFromPem(BIO& bio) { return X509Ptr(PEM_read_bio_X509(&bio, nullptr, NoPassword, nullptr)); }

}  // namespace

absl::StatusOr<Certificate> Certificate::FromPem(std::string_view pem) {
  const BioPtr bio = ReadingBio(pem);
  if (bio == nullptr) return absl::InvalidArgumentError("a certificate's PEM is far too long");
  X509Ptr certificate = NextFromPem(*bio);
  if (certificate == nullptr) return OpenSslError(absl::StatusCode::kInvalidArgument, "not PEM of a certificate");
  return FromDer(DerOf(certificate.get(), i2d_X509));
}

absl::StatusOr<Certificate> Certificate::FromDer(std::string_view der) {
  HOZEN_ASSIGN_OR_RETURN(X509Ptr certificate, FromDerBytes<X509Ptr>(der, kLongestDerBytes, "a certificate", d2i_X509));
  return Certificate(std::shared_ptr<X509>(std::move(certificate)));
}

absl::StatusOr<std::vector<Certificate>> Certificate::ChainFromPem(std::string_view pem) {
  const BioPtr bio = ReadingBio(pem);
  if (bio == nullptr) return absl::InvalidArgumentError("a certificate chain's PEM is far too long");
  std::vector<Certificate> chain;
  for (X509Ptr next = NextFromPem(*bio); next != nullptr; next = NextFromPem(*bio)) {
    if (chain.size() == kLongestChain) {
      return absl::InvalidArgumentError(Concat("more than ", kLongestChain, " certificates in one chain"));
    }
    HOZEN_ASSIGN_OR_RETURN(Certificate certificate, FromDer(DerOf(next.get(), i2d_X509)));
    chain.push_back(std::move(certificate));
  }
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  absl::Status status = OpenSslError(absl::StatusCode::kInvalidArgument, "not PEM of certificates");
  if (!ended || chain.empty()) return status;
  return chain;
}

std::string Certificate::ToPem() const {
  const BioPtr bio = WritingBio();
  if (PEM_write_bio_X509(bio.get(), handle()) != 1) OpenSslFatal("writing a certificate");
  return BytesOf(*bio);
}

std::string Certificate::ToDer() const { return DerOf(handle(), i2d_X509); }

absl::StatusOr<PublicKey> Certificate::public_key() const {
  EVP_PKEY* const key = X509_get0_pubkey(handle());
  if (key == nullptr) return OpenSslError(absl::StatusCode::kInvalidArgument, "a certificate's key cannot be read");
  return PublicKey::FromDer(DerOf(key, i2d_PUBKEY));
}

// A date that cannot be read makes the certificate one that is never valid.
absl::Time Certificate::not_before() const { return TimeOf(X509_get0_notBefore(handle()), absl::InfiniteFuture()); }
absl::Time Certificate::not_after() const { return TimeOf(X509_get0_notAfter(handle()), absl::InfinitePast()); }

std::string Certificate::common_name() const {
  const X509_NAME* const subject = X509_get_subject_name(handle());
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size < 0) {
    ClearOpenSslErrors();
    return {};
  }
  std::string name(reinterpret_cast<const char*>(utf8), size);
  OPENSSL_free(utf8);
  return name;
}

std::string Certificate::uri() const {
  const GeneralNamesPtr names = AlternativeNames(handle());
  std::string uri;
  int count = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    uri = std::string(ViewOf(name->d.uniformResourceIdentifier));
    ++count;
  }
  return count == 1 && IsPlainText(uri) ? uri : std::string();
}

std::vector<std::string> Certificate::dns_names() const {
  const GeneralNamesPtr names = AlternativeNames(handle());
  std::vector<std::string> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    std::string text;
    if (name->type == GEN_DNS) text = std::string(ViewOf(name->d.dNSName));
    if (name->type == GEN_IPADD) text = InternetAddressText(ViewOf(name->d.iPAddress));
    if (IsPlainText(text)) found.push_back(std::move(text));
  }
  return found;
}

bool Certificate::is_authority() const {
  // 1 alone is a version 3 certificate that says so; the other answers are guesses about old ones.
  const bool authority = X509_check_ca(handle()) == 1;
  ClearOpenSslErrors();
  return authority;
}

std::string Certificate::serial() const {
  const BigNumberPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle()), nullptr));
  char* const hex = number == nullptr ? nullptr : BN_bn2hex(number.get());
  if (hex == nullptr) OpenSslFatal("reading a serial number");
  std::string serial(hex);
  OPENSSL_free(hex);
  absl::AsciiStrToLower(&serial);
  return serial;
}

absl::Status Certificate::VerifySignedBy(const Certificate& issuer) const {
  if (!issuer.is_authority()) {
    return absl::InvalidArgumentError(Concat("\"", issuer.common_name(), "\" is not a certificate authority"));
  }
  if (is_authority() && X509_get_pathlen(issuer.handle()) == 0) {
    return absl::InvalidArgumentError(
        Concat("the authority \"", issuer.common_name(), "\" may not make authorities below it"));
  }
  const int reason = X509_check_issued(issuer.handle(), handle());
  if (reason != X509_V_OK) {
    ClearOpenSslErrors();
    return absl::DataLossError(Concat("the certificate \"", common_name(), "\" was not issued by \"",
                                      issuer.common_name(), "\": ", X509_verify_cert_error_string(reason)));
  }
  HOZEN_ASSIGN_OR_RETURN(const PublicKey key, issuer.public_key());
  return VerifySignedBy(key);
}

absl::Status Certificate::VerifySignedBy(const PublicKey& issuer_key) const {
  if (X509_verify(handle(), issuer_key.handle()) == 1) return absl::OkStatus();
  return OpenSslError(absl::StatusCode::kDataLoss,
                      Concat("the certificate \"", common_name(), "\" is not signed by key ",
                             issuer_key.KeyId().ToHex().substr(0, 16)));
}

}  // namespace hozen
