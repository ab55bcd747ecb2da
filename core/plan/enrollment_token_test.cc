#include "core/plan/enrollment_token.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/concat.h"

namespace hozen {
namespace {

v1::EnrollmentToken SomeToken() {
  v1::EnrollmentToken token;
  token.set_secret(std::string(32, '\xfb'));
  token.set_collector_root_der("root");
  token.set_authority_public_key("authority");
  token.set_customer_id("c1");
  token.set_collector_name("collector.example");
  return token;
}

TEST(EnrollmentToken, ComesBackAsItWas) {
  const std::string text = EncodeEnrollmentToken(SomeToken());
  EXPECT_EQ(text.find_first_of("+/= \n"), std::string::npos) << text;
  const auto decoded = DecodeEnrollmentToken(Concat("  ", text, "\n"));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->SerializeAsString(), SomeToken().SerializeAsString());
}

TEST(EnrollmentToken, RefusesWhatIsCutOffAtAnyPlace) {
  const std::string text = EncodeEnrollmentToken(SomeToken());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_TRUE(absl::IsInvalidArgument(DecodeEnrollmentToken(text.substr(0, size)).status())) << size;
  }
}

TEST(EnrollmentToken, RefusesAnotherVersionAndOtherCharacters) {
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeEnrollmentToken("hzt2.AAAA").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeEnrollmentToken("hzt1.!!!!").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeEnrollmentToken(std::string(1 << 20, 'A')).status()));
}

TEST(EnrollmentToken, RefusesOneWithoutASecretOrACollector) {
  v1::EnrollmentToken token = SomeToken();
  token.set_secret("short");
  EXPECT_FALSE(DecodeEnrollmentToken(EncodeEnrollmentToken(token)).ok());
  token = SomeToken();
  token.clear_collector_root_der();
  EXPECT_FALSE(DecodeEnrollmentToken(EncodeEnrollmentToken(token)).ok());
}

}  // namespace
}  // namespace hozen
