#include "agent/platform/named_streams.h"

#include <utility>

#include "absl/strings/match.h"
#include "core/base/concat.h"
#include "core/base/wtf8.h"

namespace hozen {
namespace {

// Offsets within an entry, all little endian.
constexpr size_t kNext = 0;
constexpr size_t kNameSize = 4;
constexpr size_t kSize = 8;
constexpr size_t kAllocated = 16;
constexpr size_t kName = 24;
constexpr std::string_view kData = ":$DATA";

uint64_t Number(std::string_view bytes, size_t at, size_t size) {
  uint64_t number = 0;
  for (size_t i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

}  // namespace

absl::StatusOr<std::vector<NamedStream>> ParseStreamInformation(std::string_view bytes) {
  std::vector<NamedStream> streams;
  while (!bytes.empty()) {
    if (bytes.size() < kName) return absl::DataLossError("a list of streams ends within an entry");
    const uint64_t next = Number(bytes, kNext, 4);
    const uint64_t name_size = Number(bytes, kNameSize, 4);
    if (name_size > bytes.size() - kName || next > bytes.size() || (next != 0 && next < kName)) {
      return absl::DataLossError("a list of streams leads out of its bytes");
    }
    // ":name:$DATA"; the contents are "::$DATA".
    const std::string whole = Wtf8OfUtf16(bytes.substr(kName, name_size));
    std::string_view name = whole;
    if (name.size() > 1 + kData.size() && name.front() == ':' &&
        absl::EndsWithIgnoreCase(AbslView(name), AbslView(kData))) {
      name = name.substr(1, name.size() - 1 - kData.size());
      if (streams.size() == kMostNamedStreams) break;
      streams.push_back({.name = std::string(name),
                         .size_bytes = Number(bytes, kSize, 8),
                         .allocated_bytes = Number(bytes, kAllocated, 8)});
    }
    if (next == 0) break;
    bytes.remove_prefix(next);
  }
  return streams;
}

}  // namespace hozen
