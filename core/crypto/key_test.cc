#include "core/crypto/key.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "core/crypto/testing_openssl_command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class KeyTest : public ::testing::TestWithParam<KeyType> {
 protected:
  PrivateKey MakeKey() {
    absl::StatusOr<PrivateKey> key = PrivateKey::Generate(GetParam());
    EXPECT_TRUE(key.ok()) << key.status();
    return *std::move(key);
  }
};

TEST_P(KeyTest, VerifiesItsOwnSignatures) {
  const PrivateKey key = MakeKey();
  const std::string message("evidence\0with zero", 18);
  const std::string signature = *key.Sign(message);
  EXPECT_TRUE(key.public_key().Verify(message, signature).ok());
  EXPECT_EQ(key.public_key().type(), GetParam());
}

TEST_P(KeyTest, SignsNothingAtAllToo) {
  const PrivateKey key = MakeKey();
  EXPECT_TRUE(key.public_key().Verify("", *key.Sign("")).ok());
}

TEST_P(KeyTest, RefusesEveryOtherMessageSignatureAndKey) {
  const PrivateKey key = MakeKey();
  const PublicKey public_key = key.public_key();
  const std::string signature = *key.Sign("evidence");
  EXPECT_TRUE(absl::IsDataLoss(public_key.Verify("evidencE", signature)));
  EXPECT_TRUE(absl::IsDataLoss(public_key.Verify("evidence", "")));
  EXPECT_TRUE(absl::IsDataLoss(public_key.Verify("evidence", signature + "x")));
  EXPECT_TRUE(absl::IsDataLoss(MakeKey().public_key().Verify("evidence", signature)));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] ^= 1;
    EXPECT_TRUE(absl::IsDataLoss(public_key.Verify("evidence", changed))) << i;
    EXPECT_TRUE(absl::IsDataLoss(public_key.Verify("evidence", signature.substr(0, i)))) << i;
  }
}

TEST_P(KeyTest, ComesBackFromEachEncoding) {
  const PrivateKey key = MakeKey();
  const PublicKey public_key = key.public_key();
  EXPECT_TRUE(*PublicKey::FromDer(public_key.ToDer()) == public_key);
  EXPECT_TRUE(*PublicKey::FromPem(public_key.ToPem()) == public_key);
  const absl::StatusOr<PrivateKey> again = PrivateKey::FromPem(key.ToSecretPem());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->public_key() == public_key);
  EXPECT_TRUE(public_key.Verify("m", *again->Sign("m")).ok());
  EXPECT_THAT(key.ToSecretPem(), StartsWith("-----BEGIN PRIVATE KEY-----"));
}

TEST_P(KeyTest, ItsIdIsTheHashOfItsDer) {
  const PublicKey key = MakeKey().public_key();
  EXPECT_EQ(key.KeyId(), Sha256::Of(key.ToDer()));
  EXPECT_FALSE(key == MakeKey().public_key());
}

TEST_P(KeyTest, DamagedDerIsAnErrorOrAnotherKey) {
  const std::string der = MakeKey().public_key().ToDer();
  for (size_t i = 0; i < der.size(); ++i) {
    EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromDer(der.substr(0, i)).status())) << i;
    for (const int bit : {1, 128}) {
      std::string changed = der;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      const absl::StatusOr<PublicKey> key = PublicKey::FromDer(changed);
      if (key.ok()) {
        EXPECT_EQ(key->ToDer(), changed);
      } else {
        EXPECT_TRUE(absl::IsInvalidArgument(key.status()));
      }
    }
  }
  EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromDer(der + "x").status()));
}

TEST_P(KeyTest, ThreadsMayShareIt) {
  const PrivateKey key = MakeKey();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([key] {
      for (int round = 0; round < 20; ++round) {
        const std::string message = std::to_string(round);
        EXPECT_TRUE(key.public_key().Verify(message, *key.Sign(message)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(KeyTest, OpenSslsProgramVerifiesOursAndWeVerifyItsOwn) {
  const PrivateKey key = MakeKey();
  const TestingOpenSslCommand openssl;
  openssl.Put("private.pem", key.ToSecretPem());
  openssl.Put("public.pem", key.public_key().ToPem());
  openssl.Put("message", "evidence");
  openssl.Put("ours", *key.Sign("evidence"));
  std::vector<std::string> verify = {"pkeyutl", "-verify", "-pubin",  "-inkey",   "public.pem",
                                     "-rawin",  "-in",     "message", "-sigfile", "ours"};
  std::vector<std::string> sign = {"pkeyutl", "-sign",   "-inkey", "private.pem", "-rawin",
                                   "-in",     "message", "-out",   "theirs"};
  if (GetParam() == KeyType::kEcdsaP256) {
    for (std::vector<std::string>* arguments : {&verify, &sign}) {
      arguments->insert(arguments->end(), {"-digest", "sha256"});
    }
  }
  const TestingOpenSslCommand::Result verified = openssl.Run(verify);
  EXPECT_EQ(verified.exit_status, 0) << verified.output;
  const TestingOpenSslCommand::Result made = openssl.Run(sign);
  ASSERT_EQ(made.exit_status, 0) << made.output;
  EXPECT_TRUE(key.public_key().Verify("evidence", openssl.Get("theirs")).ok());
}

INSTANTIATE_TEST_SUITE_P(EachType, KeyTest, ::testing::Values(KeyType::kEd25519, KeyType::kEcdsaP256),
                         [](const auto& each) { return each.param == KeyType::kEd25519 ? "Ed25519" : "EcdsaP256"; });

TEST(Ed25519Test, AgreesWithRfc8032) {
  // Section 7.1, test 3.
  const std::string bytes = absl::HexStringToBytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  const absl::StatusOr<PublicKey> key = PublicKey::FromRawEd25519(bytes);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(*key->ToRawEd25519(), bytes);
  EXPECT_TRUE(key->Verify("\xaf\x82",
                          absl::HexStringToBytes("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                                                 "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"))
                  .ok());
}

TEST(Ed25519Test, HasRawBytesAndTheOtherTypeHasNot) {
  EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromRawEd25519(std::string(31, 'x')).status()));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(PrivateKey::Generate(KeyType::kEcdsaP256)->public_key().ToRawEd25519().status()));
}

// What openssl's `arguments` write to private.pem and public.pem.
struct ForeignKey {
  std::string private_pem;
  std::string public_pem;
};

ForeignKey MakeForeignKey(std::vector<std::string> arguments, std::vector<std::string> public_arguments = {}) {
  const TestingOpenSslCommand openssl;
  arguments.insert(arguments.end(), {"-out", "private.pem"});
  const TestingOpenSslCommand::Result made = openssl.Run(arguments);
  EXPECT_EQ(made.exit_status, 0) << made.output;
  std::vector<std::string> publish = {"pkey", "-in", "private.pem", "-pubout", "-out", "public.pem"};
  publish.insert(publish.end(), public_arguments.begin(), public_arguments.end());
  const TestingOpenSslCommand::Result published = openssl.Run(publish);
  EXPECT_EQ(published.exit_status, 0) << published.output;
  return {openssl.Get("private.pem"), openssl.Get("public.pem")};
}

TEST(ForeignKeyTest, KeysOfOurTypesAreTaken) {
  const ForeignKey ec = MakeForeignKey({"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"});
  EXPECT_TRUE(PublicKey::FromPem(ec.public_pem).ok());
  EXPECT_TRUE(PrivateKey::FromPem(ec.private_pem).ok());
  const ForeignKey ed = MakeForeignKey({"genpkey", "-algorithm", "ED25519"});
  EXPECT_TRUE(PublicKey::FromPem(ed.public_pem).ok());
  EXPECT_TRUE(PrivateKey::FromPem(ed.private_pem).ok());
}

TEST(ForeignKeyTest, OtherTypesAndCurvesAreRefused) {
  for (const ForeignKey& key :
       {MakeForeignKey({"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}),
        MakeForeignKey({"genpkey", "-algorithm", "X25519"}),
        MakeForeignKey({"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"})}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromPem(key.public_pem).status()));
    const absl::Status refused = PrivateKey::FromPem(key.private_pem).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused));
    EXPECT_THAT(std::string(refused.message()), HasSubstr("neither an Ed25519 nor an ECDSA P-256 key"));
  }
}

TEST(ForeignKeyTest, ACompressedPointIsRefusedForItWouldBeASecondIdOfOneKey) {
  const ForeignKey key = MakeForeignKey({"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
                                        {"-ec_conv_form", "compressed"});
  EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromPem(key.public_pem).status()));
}

TEST(ForeignKeyTest, ExplicitCurveParametersAreRefused) {
  const ForeignKey key = MakeForeignKey(
      {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"});
  EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromPem(key.public_pem).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PrivateKey::FromPem(key.private_pem).status()));
}

TEST(ForeignKeyTest, AnEncryptedKeyIsAnErrorAndNobodyIsAskedForAPassword) {
  const ForeignKey key = MakeForeignKey({"genpkey", "-algorithm", "ED25519"});
  const TestingOpenSslCommand openssl;
  openssl.Put("plain.pem", key.private_pem);
  ASSERT_EQ(
      openssl.Run({"pkcs8", "-topk8", "-in", "plain.pem", "-passout", "pass:secret", "-out", "sealed.pem"}).exit_status,
      0);
  EXPECT_TRUE(absl::IsInvalidArgument(PrivateKey::FromPem(openssl.Get("sealed.pem")).status()));
}

TEST(KeyParsingTest, RubbishIsRefusedWithOpenSslsReason) {
  for (const std::string& rubbish : {std::string(), std::string("x"), std::string(2 << 20, 'x'),
                                     std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromPem(rubbish).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromDer(rubbish).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(PrivateKey::FromPem(rubbish).status()));
  }
  EXPECT_THAT(std::string(PrivateKey::FromPem("x").status().message()), HasSubstr("error:"));
}

TEST(RandomBytesTest, DiffersEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string bytes = RandomBytes(16);
    EXPECT_EQ(bytes.size(), 16u);
    EXPECT_TRUE(seen.insert(bytes).second);
  }
  EXPECT_EQ(RandomBytes(0), "");
}

}  // namespace
}  // namespace hozen
