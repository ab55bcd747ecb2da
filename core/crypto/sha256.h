// SHA-256 (FIPS 180-4) as a value and as a computation that can be put away and taken up again.
#ifndef HOZEN_CORE_CRYPTO_SHA256_H_
#define HOZEN_CORE_CRYPTO_SHA256_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace hozen {

// A SHA-256 value. Cheap to copy; ordered and hashable.
class Digest {
 public:
  static constexpr size_t kSizeBytes = 32;

  Digest() = default;  // all zero bytes, which no input is known to have
  // InvalidArgument unless it is 32 bytes.
  static absl::StatusOr<Digest> FromBytes(std::string_view bytes);
  // InvalidArgument unless it is 64 hexadecimal digits.
  static absl::StatusOr<Digest> FromHex(std::string_view hex);

  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  std::string ToHex() const;

  friend auto operator<=>(const Digest&, const Digest&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Digest& d) {
    return H::combine(std::move(h), d.bytes_);
  }

 private:
  friend class Sha256;
  std::array<uint8_t, kSizeBytes> bytes_{};
};

// Thread-compatible.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void Update(std::string_view bytes);
  // As Update with so many zero bytes.
  void UpdateZeros(uint64_t size_bytes);
  // Ends the computation; call nothing else afterwards.
  Digest Finish();

  // The computation as it stands, and the way back. Integers are big-endian (docs/formats/agent-state.md):
  //   1 byte       version, 1
  //   8 x 4 bytes  chaining value after the last whole block
  //   8 bytes      length of what was hashed, in bytes
  //   0..63 bytes  what came behind the last whole block
  // InvalidArgument for bytes that SaveState cannot have made.
  std::string SaveState() const;
  static absl::StatusOr<Sha256> RestoreState(std::string_view state);

  static Digest Of(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_CRYPTO_SHA256_H_
