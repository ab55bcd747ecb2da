#include "tools/hozen/quantity.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/concat.h"
#include "core/base/language.h"

namespace hozen {
namespace {

absl::Status NotASize(std::string_view text) {
  return absl::InvalidArgumentError(Concat("\"", text, "\" ",
                                           Say("is not a size; write for example 4096, 64K, 10M, 1.5G",
                                               "はサイズではありません。例: 4096, 64K, 10M, 1.5G")));
}

absl::Status NotADuration(std::string_view text) {
  return absl::InvalidArgumentError(
      Concat("\"", text, "\" ",
             Say("is not a duration; write for example 90s, 15m, 4h, 1h30m, 7d (at most ten years)",
                 "は時間の長さではありません。例: 90s, 15m, 4h, 1h30m, 7d (最長10年)")));
}

// The digits (and one point, if allowed) at the front.
std::string_view LeadingNumber(std::string_view text, bool point_allowed) {
  size_t size = 0;
  while (size < text.size()) {
    if (text[size] == '.' && point_allowed) {
      point_allowed = false;
    } else if (!absl::ascii_isdigit(static_cast<unsigned char>(text[size]))) {
      break;
    }
    ++size;
  }
  return text.substr(0, size);
}

}  // namespace

absl::StatusOr<uint64_t> ParseSize(std::string_view text) {
  std::string_view rest = text;
  const std::string_view number = LeadingNumber(rest, true);
  rest.remove_prefix(number.size());
  if (rest.ends_with("/s")) rest.remove_suffix(2);
  if (rest.ends_with("iB") || rest.ends_with("ib")) {
    rest.remove_suffix(2);
    if (rest.empty()) return NotASize(text);
  } else if (rest.ends_with("B") || rest.ends_with("b")) {
    rest.remove_suffix(1);
  }
  int power = 0;
  if (rest.size() == 1) {
    const size_t found = std::string_view("KMGTP").find(absl::ascii_toupper(static_cast<unsigned char>(rest[0])));
    if (found == std::string_view::npos) return NotASize(text);
    power = static_cast<int>(found) + 1;
  } else if (!rest.empty()) {
    return NotASize(text);
  }
  if (number.empty() || number.front() == '.' || number.back() == '.' || number.size() > 20) return NotASize(text);
  const uint64_t unit = uint64_t{1} << (10 * power);
  if (number.find('.') == std::string_view::npos) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) return NotASize(text);
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / unit) return NotASize(text);
    return value * unit;
  }
  double value = 0;
  if (!absl::SimpleAtod(AbslView(number), &value)) return NotASize(text);
  value *= static_cast<double>(unit);
  if (!(value < static_cast<double>(std::numeric_limits<int64_t>::max()))) return NotASize(text);
  return static_cast<uint64_t>(std::llround(value));
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  absl::Duration total = absl::ZeroDuration();
  constexpr int64_t kMostSeconds = int64_t{10} * 366 * 24 * 3600;
  while (!rest.empty()) {
    const std::string_view number = LeadingNumber(rest, false);
    rest.remove_prefix(number.size());
    int64_t value = 0;
    if (number.empty() || number.size() > 12 || rest.empty() || !absl::SimpleAtoi(AbslView(number), &value)) {
      return NotADuration(text);
    }
    int64_t seconds = 0;
    switch (rest.front()) {
      case 's':
        seconds = 1;
        break;
      case 'm':
        seconds = 60;
        break;
      case 'h':
        seconds = 3600;
        break;
      case 'd':
        seconds = 24 * 3600;
        break;
      default:
        return NotADuration(text);
    }
    rest.remove_prefix(1);
    if (value > kMostSeconds / seconds) return NotADuration(text);
    total += absl::Seconds(value * seconds);
  }
  if (total <= absl::ZeroDuration() || total > absl::Seconds(kMostSeconds)) return NotADuration(text);
  return total;
}

std::string FormatSize(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return Concat(bytes, " B");
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  if (value < 9.95) return absl::StrFormat("%.1f %s", value, kUnits[unit]);
  return absl::StrFormat("%.0f %s", value, kUnits[unit]);
}

std::string ShortDuration(absl::Duration duration) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(duration));
  if (seconds < 60) return Concat(seconds, "s");
  if (seconds < 3600) return absl::StrFormat("%dm %02ds", seconds / 60, seconds % 60);
  if (seconds < 24 * 3600) return absl::StrFormat("%dh %02dm", seconds / 3600, seconds / 60 % 60);
  return absl::StrFormat("%dd %dh", seconds / (24 * 3600), seconds / 3600 % 24);
}

std::string FormatCount(uint64_t count) {
  std::string digits = Concat(count);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string FormatUtc(int64_t unix_ns) {
  if (unix_ns == 0) return "";
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixNanos(unix_ns), absl::UTCTimeZone());
}

std::string FormatLocal(int64_t unix_ns) {
  if (unix_ns == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixNanos(unix_ns), absl::LocalTimeZone());
}

std::string FormatAgo(int64_t unix_ns, absl::Time now) {
  if (unix_ns == 0) return std::string(Say("never", "なし"));
  const absl::Duration age = now - absl::FromUnixNanos(unix_ns);
  if (age < absl::Seconds(5)) return std::string(Say("just now", "たった今"));
  std::string text;
  if (age < absl::Minutes(1)) {
    text = Concat(absl::ToInt64Seconds(age), "s");
  } else if (age < absl::Hours(1)) {
    text = Concat(absl::ToInt64Minutes(age), "m");
  } else if (age < absl::Hours(48)) {
    text = Concat(absl::ToInt64Hours(age), "h");
  } else {
    text = Concat(absl::ToInt64Hours(age) / 24, "d");
  }
  return Concat(text, Say(" ago", "前"));
}

}  // namespace hozen
