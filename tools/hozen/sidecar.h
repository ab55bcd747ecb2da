// The sidecar of a raw image, read without taking its body into memory. Format: docs/formats/bundle.md.
#ifndef HOZEN_TOOLS_HOZEN_SIDECAR_H_
#define HOZEN_TOOLS_HOZEN_SIDECAR_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/hozen/proof_chain.h"

namespace hozen {

// Thread-compatible.
class Sidecar {
 public:
  // NotFound and PermissionDenied where it cannot be opened; InvalidArgument where it is no sidecar or one of a newer
  // format; DataLoss where it is damaged.
  static absl::StatusOr<Sidecar> Open(const std::filesystem::path& file);

  const BundleProofs& proofs() const { return proofs_; }
  uint64_t item_index() const { return item_index_; }
  const std::string& sha256_hex() const { return sha256_hex_; }
  uint64_t size_bytes() const { return size_bytes_; }

  // All members before the body but the proofs. Nobody signed them.
  const nlohmann::json& said() const { return said_; }

  // The body, decoded, piece by piece. DataLoss where it is no base64 or the file ends inside it.
  absl::Status ReadBody(const std::function<absl::Status(std::string_view)>& on_bytes) const;

 private:
  std::filesystem::path file_;
  BundleProofs proofs_;
  uint64_t item_index_ = 0;
  uint64_t size_bytes_ = 0;
  std::string sha256_hex_;
  nlohmann::json said_;
  uint64_t body_at_ = 0;  // of its first base64 digit
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_SIDECAR_H_
