#include "agent/volume/reparse_target.h"

#include <cstdint>

#include "agent/volume/little_endian.h"
#include "core/base/wtf8.h"

namespace hozen {
namespace {

constexpr uint32_t kMountPoint = 0xA0000003;
constexpr uint32_t kSymbolicLink = 0xA000000C;
constexpr size_t kHeaderBytes = 8;   // tag, length, reserved
constexpr size_t kOffsetsBytes = 8;  // of two names, each with its length
constexpr size_t kFlagsBytes = 4;    // of a symbolic link alone, between those and the names

}  // namespace

absl::StatusOr<std::string> ReparseTarget(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return absl::DataLossError("its reparse point is damaged");
  const uint32_t tag = static_cast<uint32_t>(LittleEndian(bytes, 0, 4));
  if (tag != kMountPoint && tag != kSymbolicLink) return absl::NotFoundError("it leads nowhere");
  const size_t names_at = kHeaderBytes + kOffsetsBytes + (tag == kSymbolicLink ? kFlagsBytes : 0);
  if (bytes.size() < names_at) return absl::DataLossError("its reparse point is damaged");
  const size_t offset = LittleEndian(bytes, kHeaderBytes, 2);
  const size_t size = LittleEndian(bytes, kHeaderBytes + 2, 2);
  if (offset + size > bytes.size() - names_at) return absl::DataLossError("its reparse point is damaged");
  return Wtf8OfUtf16(bytes.substr(names_at + offset, size));
}

}  // namespace hozen
