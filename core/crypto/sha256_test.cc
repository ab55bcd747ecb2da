#include "core/crypto/sha256.h"

#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

// 200 bytes of which no two blocks are equal.
std::string Sample(size_t size = 200) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 37 + i / 64 + 1);
  return bytes;
}

TEST(Sha256Test, AgreesWithFips180) {
  EXPECT_EQ(Sha256::Of("").ToHex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256::Of("abc").ToHex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256::Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").ToHex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256::Of(std::string(1'000'000, 'a')).ToHex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, TheSplitDoesNotMatter) {
  const std::string bytes = Sample();
  for (size_t split = 0; split <= bytes.size(); ++split) {
    Sha256 sha256;
    sha256.Update(std::string_view(bytes).substr(0, split));
    sha256.Update(std::string_view(bytes).substr(split));
    EXPECT_EQ(sha256.Finish(), Sha256::Of(bytes)) << split;
  }
}

TEST(Sha256Test, UpdateZerosIsUpdateWithZeros) {
  for (const uint64_t size : {0, 1, 63, 64, 65, 65535, 65536, 65537, 1'000'003}) {
    Sha256 sha256;
    sha256.Update("before");
    sha256.UpdateZeros(size);
    sha256.Update("after");
    EXPECT_EQ(sha256.Finish(), Sha256::Of("before" + std::string(size, '\0') + "after")) << size;
  }
}

TEST(Sha256Test, UpdateZerosAgreesWithOthersOverAGibibyte) {
  Sha256 sha256;
  sha256.UpdateZeros(uint64_t{1} << 30);
  // head -c 1G /dev/zero | sha256sum
  EXPECT_EQ(sha256.Finish().ToHex(), "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14");
}

TEST(Sha256Test, MovesWithItsState) {
  Sha256 first;
  first.Update("ab");
  Sha256 second = std::move(first);
  second.Update("c");
  Sha256 third;
  third = std::move(second);
  EXPECT_EQ(third.Finish(), Sha256::Of("abc"));
}

TEST(Sha256StateTest, IsTakenUpAgainAtEveryOffset) {
  const std::string bytes = Sample();
  for (size_t offset = 0; offset <= 130; ++offset) {
    Sha256 before;
    before.Update(std::string_view(bytes).substr(0, offset));
    const std::string state = before.SaveState();
    EXPECT_EQ(state.size(), 41 + offset % 64) << offset;
    absl::StatusOr<Sha256> after = Sha256::RestoreState(state);
    ASSERT_TRUE(after.ok()) << offset << ": " << after.status();
    EXPECT_EQ(after->SaveState(), state) << offset;
    after->Update(std::string_view(bytes).substr(offset));
    EXPECT_EQ(after->Finish(), Sha256::Of(bytes)) << offset;
    before.Update(std::string_view(bytes).substr(offset));
    EXPECT_EQ(before.Finish(), Sha256::Of(bytes)) << "saving changed the computation at " << offset;
  }
}

TEST(Sha256StateTest, HasTheWrittenFormat) {
  // The initial chaining value of FIPS 180-4 section 5.3.3, three bytes of length, and the three bytes.
  Sha256 sha256;
  sha256.Update("abc");
  EXPECT_EQ(sha256.SaveState(), std::string("\x01"
                                            "\x6a\x09\xe6\x67\xbb\x67\xae\x85\x3c\x6e\xf3\x72\xa5\x4f\xf5\x3a"
                                            "\x51\x0e\x52\x7f\x9b\x05\x68\x8c\x1f\x83\xd9\xab\x5b\xe0\xcd\x19"
                                            "\x00\x00\x00\x00\x00\x00\x00\x03"
                                            "abc",
                                            44));
}

TEST(Sha256StateTest, LengthsOver4GibibytesSurvive) {
  // A state as it would stand after 2^40 + 5 bytes; only the length and the tail matter for the way through.
  Sha256 sha256;
  sha256.Update("abcde");
  std::string state = sha256.SaveState();
  state[33 + 2] = 1;
  absl::StatusOr<Sha256> restored = Sha256::RestoreState(state);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->SaveState(), state);
  EXPECT_NE(restored->Finish(), Sha256::Of("abcde"));
}

TEST(Sha256StateTest, RefusesWhatSaveStateCannotHaveMade) {
  Sha256 sha256;
  sha256.Update(Sample(70));
  const std::string state = sha256.SaveState();
  const auto is_refused = [](const std::string& bytes) {
    return absl::IsInvalidArgument(Sha256::RestoreState(bytes).status());
  };
  EXPECT_FALSE(is_refused(state));
  for (size_t size = 0; size < state.size(); ++size) EXPECT_TRUE(is_refused(state.substr(0, size))) << size;
  EXPECT_TRUE(is_refused(state + "x")) << "a byte too many";
  EXPECT_TRUE(is_refused(state + std::string(64, 'x'))) << "a block too many";
  std::string other_version = state;
  other_version[0] = 2;
  EXPECT_TRUE(is_refused(other_version));
  std::string too_long = state;
  too_long[33] = '\x20';
  EXPECT_TRUE(is_refused(too_long)) << "2^61 bytes have more bits than SHA-256 counts";
}

TEST(DigestTest, GoesThroughBytesAndHex) {
  const Digest digest = Sha256::Of("abc");
  EXPECT_EQ(digest.bytes().size(), 32u);
  EXPECT_EQ(*Digest::FromBytes(digest.bytes()), digest);
  EXPECT_EQ(*Digest::FromHex(digest.ToHex()), digest);
  EXPECT_EQ(*Digest::FromHex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), digest);
}

TEST(DigestTest, RefusesOtherLengthsAndDigits) {
  EXPECT_TRUE(absl::IsInvalidArgument(Digest::FromBytes(std::string(31, 'x')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Digest::FromBytes(std::string(33, 'x')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Digest::FromBytes("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Digest::FromHex(std::string(63, 'a')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Digest::FromHex(std::string(63, 'a') + "g").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Digest::FromHex(std::string(66, 'a')).status()));
}

TEST(DigestTest, IsOrderedAndHashable) {
  const Digest one = *Digest::FromBytes(std::string(31, '\0') + "\x01");
  const Digest high = *Digest::FromBytes("\x80" + std::string(31, '\0'));
  EXPECT_LT(Digest(), one);
  EXPECT_LT(one, high) << "bytes are compared without sign";
  EXPECT_EQ((std::set<Digest>{high, one, one, Digest()}.size()), 3u);
  EXPECT_EQ((absl::flat_hash_set<Digest>{high, one, one, Digest()}.size()), 3u);
}

}  // namespace
}  // namespace hozen
