#include "core/plan/enrollment_token.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr size_t kMaxTokenSize = 16 << 10;
constexpr size_t kSecretSizeBytes = 32;

absl::Status NotAToken(std::string_view why) {
  return absl::InvalidArgumentError(
      Concat("the enrolment token ", why, "; copy it whole, or make a new one with: hozen token create"));
}

}  // namespace

std::string EncodeEnrollmentToken(const v1::EnrollmentToken& token) {
  return Concat(kEnrollmentTokenPrefix, absl::WebSafeBase64Escape(token.SerializeAsString()));
}

absl::StatusOr<v1::EnrollmentToken> DecodeEnrollmentToken(std::string_view text) {
  text = StdView(absl::StripAsciiWhitespace(AbslView(text)));
  if (text.size() > kMaxTokenSize) return NotAToken("is too long");
  if (!text.starts_with(kEnrollmentTokenPrefix)) return NotAToken("does not start with \"hzt1.\"");
  text.remove_prefix(kEnrollmentTokenPrefix.size());
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(AbslView(text), &bytes)) return NotAToken("is not base64url behind \"hzt1.\"");
  v1::EnrollmentToken token;
  if (!token.ParseFromString(bytes)) return NotAToken("is damaged or cut off");
  if (token.secret().size() != kSecretSizeBytes) return NotAToken("has no secret of 32 bytes");
  if (token.collector_root_der().empty() || token.authority_public_key().empty() || token.customer_id().empty() ||
      token.collector_name().empty()) {
    return NotAToken("does not say whose collector it is for");
  }
  return token;
}

}  // namespace hozen
