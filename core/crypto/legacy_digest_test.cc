#include "core/crypto/legacy_digest.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace hozen {
namespace {

std::string HexOf(LegacyDigest::Kind kind, std::string_view first, std::string_view second) {
  LegacyDigest digest(kind);
  digest.Update(first);
  digest.Update(second);
  return absl::BytesToHexString(digest.Finish());
}

// RFC 1321 and FIPS 180-4.
TEST(LegacyDigestTest, KnownAnswers) {
  EXPECT_EQ(HexOf(LegacyDigest::Kind::kMd5, "", ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(HexOf(LegacyDigest::Kind::kMd5, "a", "bc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(HexOf(LegacyDigest::Kind::kSha1, "ab", "c"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

}  // namespace
}  // namespace hozen
