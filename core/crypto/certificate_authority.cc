#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/ascii.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/crypto/certificate.h"
#include "core/crypto/openssl.h"

namespace hozen {
namespace {

constexpr int kSerialBits = 128;

// What all our certificates have; the extensions come from whoever knows what it is for.
struct Frame {
  std::string_view common_name;
  absl::Time not_before;
  absl::Time not_after;
  const PublicKey& subject;
};

absl::Status SetName(X509* certificate, std::string_view common_name) {
  const X509NamePtr name(X509_NAME_new());
  if (name == nullptr) OpenSslFatal("making a name");
  if (X509_NAME_add_entry_by_NID(name.get(), NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return OpenSslError(absl::StatusCode::kInvalidArgument,
                        Concat("the common name \"", common_name, "\" is not 1 to 64 characters of UTF-8"));
  }
  if (X509_set_subject_name(certificate, name.get()) != 1) OpenSslFatal("setting a name");
  return absl::OkStatus();
}

void SetSerial(X509* certificate) {
  const BigNumberPtr number(BN_new());
  // RFC 5280 section 4.1.2.2: positive, and not guessable so that nobody can prepare a collision.
  do {
    if (number == nullptr || BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1) {
      OpenSslFatal("making a serial number");
    }
  } while (BN_is_zero(number.get()));
  if (BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    OpenSslFatal("setting a serial number");
  }
}

absl::Status SetDates(X509* certificate, absl::Time not_before, absl::Time not_after) {
  // X.509 knows four digits of a year.
  static const absl::Time kLatest = absl::FromCivil(absl::CivilSecond(9999, 12, 31, 23, 59, 59), absl::UTCTimeZone());
  if (not_before < absl::UnixEpoch() || not_before >= not_after || not_after > kLatest) {
    return absl::InvalidArgumentError(Concat("a certificate cannot be valid from ", absl::FormatTime(not_before),
                                             " to ", absl::FormatTime(not_after)));
  }
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(not_before)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(not_after)) == nullptr) {
    return OpenSslError(absl::StatusCode::kInternal, "setting a certificate's dates");
  }
  return absl::OkStatus();
}

// `issuer` is null for one that signs itself.
absl::StatusOr<X509Ptr> NewCertificate(const Frame& frame, const X509* issuer) {
  X509Ptr certificate(X509_new());
  if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1) {
    OpenSslFatal("making a certificate");
  }
  SetSerial(certificate.get());
  HOZEN_RETURN_IF_ERROR(SetName(certificate.get(), frame.common_name));
  HOZEN_RETURN_IF_ERROR(SetDates(certificate.get(), frame.not_before, frame.not_after));
  const X509* const signer = issuer == nullptr ? certificate.get() : issuer;
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer)) != 1 ||
      X509_set_pubkey(certificate.get(), frame.subject.handle()) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, "filling in a certificate");
  }
  return certificate;
}

// `value` in OpenSSL's notation; only constants of ours come here, never a name that somebody chose.
absl::Status AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, Concat("adding the extension ", OBJ_nid2sn(nid)));
  }
  return absl::OkStatus();
}

absl::Status AddKeyIdentifiers(X509* certificate, X509* issuer) {
  HOZEN_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_subject_key_identifier, "hash"));
  return AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

absl::Status AddAuthorityExtensions(X509* certificate, X509* issuer, const char* basic_constraints) {
  HOZEN_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_basic_constraints, basic_constraints));
  HOZEN_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign"));
  return AddKeyIdentifiers(certificate, issuer);
}

bool IsUriCharacter(char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); }

bool IsDnsCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' || c == '*';
}

GeneralNamePtr TextName(int type, std::string_view text) {
  OpenSslPtr<ASN1_IA5STRING, &ASN1_IA5STRING_free> value(ASN1_IA5STRING_new());
  GeneralNamePtr name(GENERAL_NAME_new());
  if (value == nullptr || name == nullptr ||
      ASN1_STRING_set(value.get(), text.data(), static_cast<int>(text.size())) != 1) {
    OpenSslFatal("making an alternative name");
  }
  GENERAL_NAME_set0_value(name.get(), type, value.release());
  return name;
}

absl::StatusOr<GeneralNamePtr> UriName(const std::string& uri) {
  if (!std::all_of(uri.begin(), uri.end(), IsUriCharacter)) {
    return absl::InvalidArgumentError(Concat("the URI \"", uri, "\" has characters that a URI cannot have"));
  }
  return TextName(GEN_URI, uri);
}

absl::StatusOr<GeneralNamePtr> ServerName(const std::string& server) {
  // All that can be an address is one: clients would not match it as a name.
  if (ASN1_OCTET_STRING* const address = a2i_IPADDRESS(server.c_str()); address != nullptr) {
    GeneralNamePtr name(GENERAL_NAME_new());
    if (name == nullptr) OpenSslFatal("making an alternative name");
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address);
    return name;
  }
  ClearOpenSslErrors();  // not to be an address is no error here
  if (server.empty() || !std::all_of(server.begin(), server.end(), IsDnsCharacter)) {
    return absl::InvalidArgumentError(Concat("\"", server, "\" is neither a DNS name nor an IP address"));
  }
  return TextName(GEN_DNS, server);
}

void Push(GENERAL_NAMES* names, GeneralNamePtr name) {
  if (sk_GENERAL_NAME_push(names, name.get()) <= 0) OpenSslFatal("adding an alternative name");
  (void)name.release();  // it is the list's now
}

absl::Status AddAlternativeNames(X509* certificate, const CertificateOptions& options) {
  if (options.uri.empty() && options.dns_names.empty()) return absl::OkStatus();
  const GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
  if (names == nullptr) OpenSslFatal("making alternative names");
  if (!options.uri.empty()) {
    HOZEN_ASSIGN_OR_RETURN(GeneralNamePtr name, UriName(options.uri));
    Push(names.get(), std::move(name));
  }
  for (const std::string& server : options.dns_names) {
    HOZEN_ASSIGN_OR_RETURN(GeneralNamePtr name, ServerName(server));
    Push(names.get(), std::move(name));
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, "adding alternative names");
  }
  return absl::OkStatus();
}

// The finished certificate, read back from its DER: what OpenSSL has just read is never changed again, so that threads
// may share it.
absl::StatusOr<Certificate> Seal(X509* certificate, const PrivateKey& signer) {
  const EVP_MD* const digest = signer.public_key().type() == KeyType::kEd25519 ? nullptr : EVP_sha256();
  if (X509_sign(certificate, signer.handle(), digest) <= 0) {
    return OpenSslError(absl::StatusCode::kInternal, "signing a certificate");
  }
  return Certificate::FromDer(DerOf(certificate, i2d_X509));
}

}  // namespace

absl::StatusOr<CertificateAuthority> CertificateAuthority::CreateRoot(std::string_view common_name,
                                                                      absl::Time not_before, absl::Time not_after) {
  HOZEN_ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::Generate(KeyType::kEcdsaP256));
  const PublicKey subject = key.public_key();
  HOZEN_ASSIGN_OR_RETURN(X509Ptr made, NewCertificate({common_name, not_before, not_after, subject}, nullptr));
  HOZEN_RETURN_IF_ERROR(AddAuthorityExtensions(made.get(), made.get(), "critical,CA:TRUE,pathlen:1"));
  HOZEN_ASSIGN_OR_RETURN(Certificate certificate, Seal(made.get(), key));
  return CertificateAuthority(std::move(certificate), std::move(key));
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::FromPem(std::string_view certificate_pem,
                                                                   std::string_view key_pem) {
  HOZEN_ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromPem(certificate_pem));
  HOZEN_ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::FromPem(key_pem));
  HOZEN_ASSIGN_OR_RETURN(const PublicKey certified, certificate.public_key());
  if (!(certified == key.public_key())) {
    return absl::InvalidArgumentError(
        Concat("the private key is not that of the certificate \"", certificate.common_name(), "\""));
  }
  if (!certificate.is_authority()) {
    return absl::InvalidArgumentError(Concat("\"", certificate.common_name(), "\" is not a certificate authority"));
  }
  return CertificateAuthority(std::move(certificate), std::move(key));
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::CreateIntermediate(std::string_view common_name,
                                                                              absl::Time not_before,
                                                                              absl::Time not_after) const {
  if (X509_get_pathlen(certificate_.handle()) == 0) {
    return absl::FailedPreconditionError(
        Concat("the authority \"", certificate_.common_name(), "\" may not make authorities below it"));
  }
  HOZEN_ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::Generate(KeyType::kEcdsaP256));
  const PublicKey subject = key.public_key();
  X509* const issuer = certificate_.handle();
  HOZEN_ASSIGN_OR_RETURN(X509Ptr made, NewCertificate({common_name, not_before, not_after, subject}, issuer));
  HOZEN_RETURN_IF_ERROR(AddAuthorityExtensions(made.get(), issuer, "critical,CA:TRUE,pathlen:0"));
  HOZEN_ASSIGN_OR_RETURN(Certificate certificate, Seal(made.get(), key_));
  return CertificateAuthority(std::move(certificate), std::move(key));
}

absl::StatusOr<Certificate> CertificateAuthority::Issue(const PublicKey& subject,
                                                        const CertificateOptions& options) const {
  X509* const issuer = certificate_.handle();
  HOZEN_ASSIGN_OR_RETURN(X509Ptr made,
                         NewCertificate({options.common_name, options.not_before, options.not_after, subject}, issuer));
  HOZEN_RETURN_IF_ERROR(AddExtension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE"));
  HOZEN_RETURN_IF_ERROR(AddExtension(made.get(), issuer, NID_key_usage, "critical,digitalSignature"));
  HOZEN_RETURN_IF_ERROR(
      AddExtension(made.get(), issuer, NID_ext_key_usage, options.server ? "serverAuth" : "clientAuth"));
  HOZEN_RETURN_IF_ERROR(AddKeyIdentifiers(made.get(), issuer));
  HOZEN_RETURN_IF_ERROR(AddAlternativeNames(made.get(), options));
  return Seal(made.get(), key_);
}

}  // namespace hozen
