#include "core/crypto/envelope.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr char kType[] = "application/vnd.hozen.test.v1+protobuf";

PrivateKey MakeKey() { return *PrivateKey::Generate(KeyType::kEd25519); }

TEST(PreAuthenticationEncodingTest, AgreesWithDsse) {
  // The example of DSSE's protocol.md.
  EXPECT_EQ(PreAuthenticationEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(PreAuthenticationEncoding("", ""), "DSSEv1 0  0 ");
  EXPECT_EQ(PreAuthenticationEncoding("t", std::string("a\0b", 3)), std::string("DSSEv1 1 t 3 a\0b", 16));
}

TEST(EnvelopeTest, VerifiesWithTheKeyThatSigned) {
  const PrivateKey key = MakeKey();
  const absl::StatusOr<v1::Envelope> envelope = SignEnvelope(kType, "payload", key);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->payload(), "payload");
  ASSERT_EQ(envelope->signatures_size(), 1);
  EXPECT_EQ(envelope->signatures(0).key_id(), key.public_key().KeyId().bytes());
  EXPECT_TRUE(
      key.public_key().Verify(PreAuthenticationEncoding(kType, "payload"), envelope->signatures(0).signature()).ok());
  EXPECT_TRUE(VerifyEnvelope(*envelope, kType, key.public_key()).ok());
}

TEST(EnvelopeTest, AnotherTypeIsInvalid) {
  const PrivateKey key = MakeKey();
  const v1::Envelope envelope = *SignEnvelope(kType, "payload", key);
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyEnvelope(envelope, "application/other", key.public_key())));
}

TEST(EnvelopeTest, TheTypeIsSignedToo) {
  const PrivateKey key = MakeKey();
  v1::Envelope envelope = *SignEnvelope(kType, "payload", key);
  envelope.set_payload_type("application/other");
  EXPECT_TRUE(absl::IsDataLoss(VerifyEnvelope(envelope, "application/other", key.public_key())));
}

TEST(EnvelopeTest, AChangedPayloadSignatureOrKeyIsDataLoss) {
  const PrivateKey key = MakeKey();
  const v1::Envelope envelope = *SignEnvelope(kType, "payload", key);
  v1::Envelope changed = envelope;
  changed.set_payload("paYload");
  EXPECT_TRUE(absl::IsDataLoss(VerifyEnvelope(changed, kType, key.public_key())));
  changed = envelope;
  (*changed.mutable_signatures(0)->mutable_signature())[5] ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(VerifyEnvelope(changed, kType, key.public_key())));
  changed = envelope;
  changed.clear_signatures();
  EXPECT_TRUE(absl::IsDataLoss(VerifyEnvelope(changed, kType, key.public_key())));
  EXPECT_TRUE(absl::IsDataLoss(VerifyEnvelope(envelope, kType, MakeKey().public_key())));
}

TEST(EnvelopeTest, AForeignSignatureUnderOurKeyIdProvesNothing) {
  const PrivateKey key = MakeKey();
  v1::Envelope forged = *SignEnvelope(kType, "payload", MakeKey());
  forged.mutable_signatures(0)->set_key_id(std::string(key.public_key().KeyId().bytes()));
  EXPECT_TRUE(absl::IsDataLoss(VerifyEnvelope(forged, kType, key.public_key())));
}

TEST(EnvelopeTest, OneGoodSignatureAmongOthersIsEnough) {
  const PrivateKey key = MakeKey();
  v1::Envelope envelope = *SignEnvelope(kType, "payload", MakeKey());
  *envelope.add_signatures() = SignEnvelope(kType, "payload", key)->signatures(0);
  EXPECT_TRUE(VerifyEnvelope(envelope, kType, key.public_key()).ok());
}

TEST(EnvelopeTest, ASignatureWithoutAKeyIdIsTried) {
  const PrivateKey key = MakeKey();
  v1::Envelope envelope = *SignEnvelope(kType, "payload", key);
  envelope.mutable_signatures(0)->clear_key_id();
  EXPECT_TRUE(VerifyEnvelope(envelope, kType, key.public_key()).ok());
}

TEST(EnvelopeTest, TooManySignaturesAreNotTried) {
  const PrivateKey key = MakeKey();
  v1::Envelope envelope = *SignEnvelope(kType, "payload", key);
  for (int i = 0; i < 32; ++i) *envelope.add_signatures() = envelope.signatures(0);
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyEnvelope(envelope, kType, key.public_key())));
}

}  // namespace
}  // namespace hozen
