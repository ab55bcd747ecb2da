#include "agent/acquire/registry_lines.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/wtf8.h"

namespace hozen {
namespace {

enum Type : uint32_t {
  kSz = 1,
  kExpandSz = 2,
  kDword = 4,
  kDwordBigEndian = 5,
  kLink = 6,
  kMultiSz = 7,
  kQword = 11,
};
constexpr std::string_view kTypeNames[] = {"REG_NONE",
                                           "REG_SZ",
                                           "REG_EXPAND_SZ",
                                           "REG_BINARY",
                                           "REG_DWORD",
                                           "REG_DWORD_BIG_ENDIAN",
                                           "REG_LINK",
                                           "REG_MULTI_SZ",
                                           "REG_RESOURCE_LIST",
                                           "REG_FULL_RESOURCE_DESCRIPTOR",
                                           "REG_RESOURCE_REQUIREMENTS_LIST",
                                           "REG_QWORD"};
// Readers of JSON keep numbers exactly up to here.
constexpr uint64_t kMaxExact = uint64_t{1} << 53;

bool IsText(uint32_t type) { return type == kSz || type == kExpandSz || type == kLink; }

bool IsWhole(const v1::RegistryValue& value) { return value.data().size() == value.size_bytes(); }

std::string TypeName(uint32_t type) {
  if (type < std::size(kTypeNames)) return std::string(kTypeNames[type]);
  return Concat("0x", absl::Hex(type, absl::kZeroPad8));
}

// Without the NULs that end it.
std::string WithoutEnd(std::string text) {
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

std::string ListJson(std::string_view utf16) {
  const std::string text = WithoutEnd(Wtf8OfUtf16(utf16));
  std::string json = "[";
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\0', at), text.size());
    json += Concat(at == 0 ? "" : ",", JsonOfWtf8(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return json + "]";
}

// The data as JSON where its type says what it means; empty where it is bytes.
std::string MeaningJson(const v1::RegistryValue& value) {
  // Half a character at the end would be lost.
  const bool is_utf16 = value.data().size() % 2 == 0;
  if (IsText(value.type()) && is_utf16) return JsonOfWtf8(WithoutEnd(Wtf8OfUtf16(value.data())));
  if (value.type() == kMultiSz && is_utf16) return ListJson(value.data());
  const std::optional<uint64_t> number = RegistryNumber(value);
  if (!number.has_value()) return "";
  return *number > kMaxExact ? Concat("\"", *number, "\"") : Concat(*number);
}

std::string ValueJson(const v1::RegistryValue& value) {
  std::string json = Concat("{\"name\":", JsonOfWtf8(value.name()), ",\"type\":\"", TypeName(value.type()), "\"");
  if (const std::string meaning = MeaningJson(value); !meaning.empty()) {
    json += Concat(",\"data\":", meaning);
  } else {
    json += Concat(",\"data\":\"", absl::Base64Escape(value.data()), "\",\"encoding\":\"base64\"");
  }
  if (!IsWhole(value)) json += Concat(",\"cut\":true,\"size_bytes\":", value.size_bytes());
  if (!value.problem().empty()) json += Concat(",\"problem\":", JsonOfWtf8(value.problem()));
  return json + "}";
}

std::string TimeJson(int64_t unix_ns) {
  return Concat("\"", absl::FormatTime("%Y-%m-%dT%H:%M:%E7SZ", absl::FromUnixNanos(unix_ns), absl::UTCTimeZone()),
                "\"");
}

}  // namespace

std::optional<std::string> RegistryText(const v1::RegistryValue& value) {
  if (!IsText(value.type()) || !IsWhole(value)) return std::nullopt;
  std::string text = Wtf8OfUtf16(value.data());
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

std::optional<uint64_t> RegistryNumber(const v1::RegistryValue& value) {
  const size_t size = value.type() == kQword ? 8 : value.type() == kDword || value.type() == kDwordBigEndian ? 4 : 0;
  if (size == 0 || value.data().size() != size || !IsWhole(value)) return std::nullopt;
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) {
    const size_t at = value.type() == kDwordBigEndian ? i : size - 1 - i;
    number = number << 8 | static_cast<unsigned char>(value.data()[at]);
  }
  return number;
}

std::string RegistryLine(const v1::RegistryKey& key, std::string_view root) {
  std::string line = Concat("{\"key\":", JsonOfWtf8(Concat(root, key.path())));
  if (key.last_written_unix_ns() != 0) line += Concat(",\"last_written\":", TimeJson(key.last_written_unix_ns()));
  line += ",\"values\":[";
  for (int i = 0; i < key.values_size(); ++i) line += Concat(i == 0 ? "" : ",", ValueJson(key.values(i)));
  line += "]";
  if (key.continued()) line += ",\"continued\":true";
  if (!key.problem().empty()) line += Concat(",\"problem\":", JsonOfWtf8(key.problem()));
  return line + "}\n";
}

}  // namespace hozen
