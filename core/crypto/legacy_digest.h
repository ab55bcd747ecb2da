// MD5 and SHA-1, which formats of images carry and their readers compare. They find accidents, not forgers: nothing of
// ours is believed because of them.
#ifndef HOZEN_CORE_CRYPTO_LEGACY_DIGEST_H_
#define HOZEN_CORE_CRYPTO_LEGACY_DIGEST_H_

#include <string>
#include <string_view>

#include "core/crypto/openssl.h"

namespace hozen {

// Thread-compatible.
class LegacyDigest {
 public:
  enum class Kind { kMd5, kSha1 };
  explicit LegacyDigest(Kind kind);

  void Update(std::string_view bytes);
  // Ends the computation: 16 or 20 bytes. Call nothing else afterwards.
  std::string Finish();

 private:
  DigestContextPtr context_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_CRYPTO_LEGACY_DIGEST_H_
