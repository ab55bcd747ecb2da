// EVP hides the state between two blocks, which SaveState is about; so this file, and no other, uses the low-level
// functions that OpenSSL 3.0 calls deprecated. They run the same code, with the CPU's SHA instructions.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/crypto/sha256.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr uint8_t kStateVersion = 1;
constexpr size_t kBlockSizeBytes = SHA256_CBLOCK;
constexpr size_t kChainingWords = 8;
constexpr size_t kStateHeaderBytes = 1 + 4 * kChainingWords + 8;
// FIPS 180-4 counts bits in 64 bits.
constexpr uint64_t kLongestMessageBytes = (uint64_t{1} << 61) - 1;

constexpr char kZeros[64 << 10] = {};

template <typename Word>
void AppendBigEndian(Word word, std::string& out) {
  for (int shift = 8 * (sizeof(Word) - 1); shift >= 0; shift -= 8) out += static_cast<char>(word >> shift & 0xFF);
}

template <typename Word>
Word TakeBigEndian(std::string_view& bytes) {
  Word word = 0;
  for (size_t i = 0; i < sizeof(Word); ++i) word = word << 8 | static_cast<uint8_t>(bytes[i]);
  bytes.remove_prefix(sizeof(Word));
  return word;
}

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

absl::StatusOr<Digest> Digest::FromBytes(std::string_view bytes) {
  if (bytes.size() != kSizeBytes) {
    return absl::InvalidArgumentError(Concat("a SHA-256 is 32 bytes long, not ", bytes.size()));
  }
  Digest digest;
  std::memcpy(digest.bytes_.data(), bytes.data(), kSizeBytes);
  return digest;
}

absl::StatusOr<Digest> Digest::FromHex(std::string_view hex) {
  if (hex.size() != 2 * kSizeBytes || !std::all_of(hex.begin(), hex.end(), IsHexDigit)) {
    return absl::InvalidArgumentError("a SHA-256 is 64 hexadecimal digits");
  }
  return FromBytes(absl::HexStringToBytes(AbslView(hex)));
}

std::string Digest::ToHex() const { return absl::BytesToHexString(AbslView(bytes())); }

struct Sha256::State {
  SHA256_CTX context;
};

// None of OpenSSL's functions below can fail: they compute in the memory they are given.
Sha256::Sha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::Update(std::string_view bytes) { SHA256_Update(&state_->context, bytes.data(), bytes.size()); }

void Sha256::UpdateZeros(uint64_t size_bytes) {
  while (size_bytes > 0) {
    const size_t step = std::min<uint64_t>(size_bytes, sizeof(kZeros));
    SHA256_Update(&state_->context, kZeros, step);
    size_bytes -= step;
  }
}

Digest Sha256::Finish() {
  Digest digest;
  SHA256_Final(digest.bytes_.data(), &state_->context);
  return digest;
}

std::string Sha256::SaveState() const {
  const SHA256_CTX& context = state_->context;
  const uint64_t size_bytes = (uint64_t{context.Nh} << 32 | context.Nl) / 8;
  std::string state;
  state.reserve(kStateHeaderBytes + context.num);
  state += static_cast<char>(kStateVersion);
  for (size_t i = 0; i < kChainingWords; ++i) AppendBigEndian<uint32_t>(context.h[i], state);
  AppendBigEndian<uint64_t>(size_bytes, state);
  // OpenSSL declares its buffer as words but fills it with bytes as they came.
  state.append(reinterpret_cast<const char*>(context.data), context.num);
  return state;
}

absl::StatusOr<Sha256> Sha256::RestoreState(std::string_view state) {
  if (state.size() < kStateHeaderBytes || state.size() >= kStateHeaderBytes + kBlockSizeBytes) {
    return absl::InvalidArgumentError(Concat("a saved SHA-256 state is 41 to 104 bytes long, not ", state.size()));
  }
  const auto version = TakeBigEndian<uint8_t>(state);
  if (version != kStateVersion) {
    return absl::InvalidArgumentError(Concat("a saved SHA-256 state of version ", version, "; only 1 is known"));
  }
  Sha256 sha256;
  SHA256_CTX& context = sha256.state_->context;
  for (size_t i = 0; i < kChainingWords; ++i) context.h[i] = TakeBigEndian<uint32_t>(state);
  const auto size_bytes = TakeBigEndian<uint64_t>(state);
  if (size_bytes > kLongestMessageBytes || size_bytes % kBlockSizeBytes != state.size()) {
    return absl::InvalidArgumentError(
        Concat("a saved SHA-256 state of ", size_bytes, " bytes cannot hold ", state.size(), " of them back"));
  }
  context.Nh = static_cast<uint32_t>(size_bytes >> 29);
  context.Nl = static_cast<uint32_t>(size_bytes << 3);
  context.num = static_cast<unsigned>(state.size());
  std::memcpy(context.data, state.data(), state.size());
  return sha256;
}

Digest Sha256::Of(std::string_view bytes) {
  Sha256 sha256;
  sha256.Update(bytes);
  return sha256.Finish();
}

}  // namespace hozen
