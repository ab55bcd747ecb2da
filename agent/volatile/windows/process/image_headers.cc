#include "agent/volatile/windows/process/image_headers.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>

#include "agent/volatile/binary_fields.h"

namespace hozen {
namespace {

constexpr uint32_t kSignature = 0x4550;  // "PE\0\0"
constexpr size_t kHeadersAt = 0x3C;
// From the signature on; the same for 32 and 64 bits.
constexpr size_t kTimeAt = 8;
constexpr size_t kImageSizeAt = 80;
constexpr size_t kCheckSumAt = 88;
constexpr size_t kNeededBytes = 92;

using Marks = std::tuple<uint32_t, uint32_t, uint32_t>;

std::optional<Marks> MarksOf(std::string_view bytes) {
  const auto at = FieldAt<uint32_t>(bytes, kHeadersAt);
  if (at > bytes.size() || bytes.size() - at < kNeededBytes) return std::nullopt;
  const std::string_view headers = bytes.substr(at);
  if (FieldAt<uint32_t>(headers, 0) != kSignature) return std::nullopt;
  return Marks(FieldAt<uint32_t>(headers, kTimeAt), FieldAt<uint32_t>(headers, kImageSizeAt),
               FieldAt<uint32_t>(headers, kCheckSumAt));
}

}  // namespace

bool SameImageHeaders(std::string_view in_memory, std::string_view in_file) {
  const std::optional<Marks> of_file = MarksOf(in_file);
  return !of_file.has_value() || MarksOf(in_memory) == of_file;
}

}  // namespace hozen
