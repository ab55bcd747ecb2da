#include "core/evidence/checkpoint.h"

#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr std::string_view kOrigin = "hozen.example/custody/acme";

std::string KeyHash(const std::string& name, const std::string& raw_key) {
  return std::string(Sha256::Of(name + "\n\x01" + raw_key).bytes().substr(0, 4));
}

class CheckpointTest : public ::testing::Test {
 protected:
  absl::Status Verify(std::string_view note, std::string_view origin = kOrigin) {
    return VerifyCheckpoint(note, origin, key_.public_key()).status();
  }

  // A note over any text, with the line that our key would sign it with.
  std::string NoteOver(const std::string& text) {
    const std::string signature = KeyHash(std::string(kOrigin), *key_.public_key().ToRawEd25519()) + *key_.Sign(text);
    return text + "\n\xe2\x80\x94 " + std::string(kOrigin) + " " + absl::Base64Escape(signature) + "\n";
  }

  PrivateKey key_ = *PrivateKey::Generate(KeyType::kEd25519);
  Checkpoint checkpoint_{std::string(kOrigin), 42, Sha256::Of("root")};
};

TEST_F(CheckpointTest, IsTheSignedNoteOfTheSpecification) {
  const std::string note = *SignCheckpoint(checkpoint_, key_);
  const std::string text =
      absl::StrCat(std::string(kOrigin), "\n42\n", absl::Base64Escape(std::string(checkpoint_.root.bytes())), "\n");
  EXPECT_EQ(note, NoteOver(text));
  absl::StatusOr<Checkpoint> read = VerifyCheckpoint(note, kOrigin, key_.public_key());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->origin, kOrigin);
  EXPECT_EQ(read->tree_size, 42u);
  EXPECT_EQ(read->root, checkpoint_.root);
}

// The example in the documentation of Go's golang.org/x/mod/sumdb/note: what another implementation makes of a key's
// name and of a signature's bytes. The tests here make their notes in the same way.
TEST(SignedNoteTest, KeyHashAndSignatureAreThoseOfOtherPrograms) {
  std::string key, signature;
  ASSERT_TRUE(absl::Base64Unescape("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", &key));
  ASSERT_TRUE(absl::Base64Unescape(
      "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=", &signature));
  const std::string raw = key.substr(1);
  const std::string text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  EXPECT_EQ(absl::BytesToHexString(KeyHash("PeterNeumann", raw)), "c74f20a3");
  EXPECT_EQ(signature.substr(0, 4), KeyHash("PeterNeumann", raw));
  EXPECT_TRUE(PublicKey::FromRawEd25519(raw)->Verify(text, signature.substr(4)).ok());
}

TEST_F(CheckpointTest, TheSmallestAndLargestTreesCanBeSaid) {
  for (const uint64_t size : {uint64_t{0}, ~uint64_t{0}}) {
    checkpoint_.tree_size = size;
    absl::StatusOr<Checkpoint> read = VerifyCheckpoint(*SignCheckpoint(checkpoint_, key_), kOrigin, key_.public_key());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->tree_size, size);
  }
}

TEST_F(CheckpointTest, AnotherKeyOrAnotherTextIsRefused) {
  const std::string note = *SignCheckpoint(checkpoint_, key_);
  EXPECT_EQ(Verify(absl::StrReplaceAll(note, {{"\n42\n", "\n43\n"}})).code(), kDataLoss);
  const PrivateKey other = *PrivateKey::Generate(KeyType::kEd25519);
  EXPECT_EQ(Verify(*SignCheckpoint(checkpoint_, other)).code(), kDataLoss);
}

TEST_F(CheckpointTest, AnotherOriginIsRefused) {
  EXPECT_EQ(Verify(*SignCheckpoint(checkpoint_, key_), "hozen.example/custody/other").code(), kInvalidArgument);
}

TEST_F(CheckpointTest, OnlyEd25519AndPlainOriginsSign) {
  EXPECT_EQ(SignCheckpoint(checkpoint_, *PrivateKey::Generate(KeyType::kEcdsaP256)).status().code(), kInvalidArgument);
  for (const char* origin : {"", "a b", "a+b", "a\nb", "\xc3\xa9"}) {
    checkpoint_.origin = origin;
    EXPECT_EQ(SignCheckpoint(checkpoint_, key_).status().code(), kInvalidArgument) << origin;
  }
}

TEST_F(CheckpointTest, WitnessesMaySignToo) {
  const std::string note = *SignCheckpoint(checkpoint_, key_);
  const std::string witness = "\xe2\x80\x94 witness.example AAAAAQID\n";
  const size_t signatures = note.find("\n\n") + 2;
  EXPECT_TRUE(Verify(note + witness).ok()) << Verify(note + witness);
  EXPECT_TRUE(Verify(note.substr(0, signatures) + witness + note.substr(signatures)).ok());
  EXPECT_EQ(Verify(note.substr(0, signatures) + witness).code(), kDataLoss);
}

TEST_F(CheckpointTest, ExtensionLinesAreSignedAndPassedOver) {
  const std::string root = absl::Base64Escape(std::string(checkpoint_.root.bytes()));
  EXPECT_TRUE(Verify(NoteOver(std::string(kOrigin) + "\n42\n" + root + "\nextension\n")).ok());
  EXPECT_EQ(Verify(NoteOver(std::string(kOrigin) + "\n42\n" + root + "\n\nextension\n")).code(), kInvalidArgument);
}

TEST_F(CheckpointTest, MalformedTextIsRefusedEvenWhenItIsSigned) {
  const std::string origin(kOrigin);
  const std::string root = absl::Base64Escape(std::string(checkpoint_.root.bytes()));
  for (const std::string& text : {
           origin + "\n42\n",
           origin + "\n042\n" + root + "\n",
           origin + "\n-1\n" + root + "\n",
           origin + "\n 42\n" + root + "\n",
           origin + "\n18446744073709551616\n" + root + "\n",
           origin + "\n42\n" + root.substr(0, 40) + "\n",
           origin + "\n42\nnot base64!\n",
       }) {
    EXPECT_EQ(Verify(NoteOver(text)).code(), kInvalidArgument) << text;
  }
}

TEST_F(CheckpointTest, WhatIsNoNoteIsRefused) {
  const std::string note = *SignCheckpoint(checkpoint_, key_);
  for (const std::string& bad :
       {std::string(), std::string("\n\n"), std::string("x"), note.substr(0, note.size() - 1), note + "x\n",
        note.substr(0, note.find("\n\n") + 2), note + "\n", std::string(70'000, 'x'), note + "\xff\n",
        absl::StrReplaceAll(note, {{"\n42", "\r\n42"}}), note + "\xe2\x80\x94 nobody\n",
        note + "\xe2\x80\x94 nobody !!!\n"}) {
    EXPECT_EQ(Verify(bad).code(), kInvalidArgument) << bad.substr(0, 300);
  }
}

TEST_F(CheckpointTest, MutatedNotesAreNeverAcceptedAndNeverCrash) {
  const std::string note = *SignCheckpoint(checkpoint_, key_);
  std::mt19937 random(5);
  for (int i = 0; i < 2'000; ++i) {
    std::string mutated = note;
    const size_t at = random() % mutated.size();
    const char byte = static_cast<char>(random());
    if (mutated[at] == byte) continue;
    mutated[at] = byte;
    EXPECT_FALSE(Verify(mutated).ok()) << mutated;
  }
}

}  // namespace
}  // namespace hozen
