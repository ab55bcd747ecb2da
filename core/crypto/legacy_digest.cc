#include "core/crypto/legacy_digest.h"

namespace hozen {

LegacyDigest::LegacyDigest(Kind kind) : context_(EVP_MD_CTX_new()) {
  const EVP_MD* const algorithm = kind == Kind::kMd5 ? EVP_md5() : EVP_sha1();
  if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), algorithm, nullptr) != 1) {
    OpenSslFatal("MD5 or SHA-1");
  }
}

void LegacyDigest::Update(std::string_view bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) OpenSslFatal("MD5 or SHA-1");
}

std::string LegacyDigest::Finish() {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) != 1) {
    OpenSslFatal("MD5 or SHA-1");
  }
  digest.resize(size);
  return digest;
}

}  // namespace hozen
