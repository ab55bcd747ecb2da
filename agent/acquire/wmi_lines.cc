#include "agent/acquire/wmi_lines.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/wtf8.h"

namespace hozen {
namespace {

constexpr size_t kCimTimeSize = 25;  // "yyyymmddHHMMSS.mmmmmmsUUU"
constexpr size_t kCimPoint = 14;
constexpr size_t kCimSign = 21;

// Digits alone, as SimpleAtoi does not insist.
std::optional<int> Number(std::string_view digits) {
  int number = 0;
  if (digits.find_first_not_of("0123456789") != std::string_view::npos ||
      !absl::SimpleAtoi(AbslView(digits), &number)) {
    return std::nullopt;
  }
  return number;
}

std::string RealJson(double number) {
  if (std::isnan(number)) return "\"nan\"";
  if (std::isinf(number)) return number > 0 ? "\"inf\"" : "\"-inf\"";
  char text[32];
  const std::to_chars_result end = std::to_chars(text, text + sizeof(text), number);
  return std::string(text, end.ptr);
}

std::string ObjectJson(const WmiObject& object);

struct ValueJson {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(int64_t number) const { return Concat(number); }
  std::string operator()(double number) const { return RealJson(number); }
  std::string operator()(const std::string& text) const { return JsonOfWtf8(text); }
  std::string operator()(const WmiValue::Time& time) const {
    return JsonOfWtf8(Rfc3339OfCim(time.text).value_or(time.text));
  }
  std::string operator()(const std::unique_ptr<WmiObject>& object) const {
    return object == nullptr ? "null" : ObjectJson(*object);
  }
  std::string operator()(const std::vector<WmiValue>& values) const {
    std::string json = "[";
    for (const WmiValue& value : values) {
      if (json.size() > 1) json += ',';
      json += std::visit(*this, value.is);
    }
    return json + "]";
  }
};

std::string ObjectJson(const WmiObject& object) {
  std::string json = Concat("{\"class\":", JsonOfWtf8(object.class_name));
  if (!object.path.empty()) json += Concat(",\"path\":", JsonOfWtf8(object.path));
  json += ",\"properties\":{";
  std::string problems;
  bool first = true;
  for (const WmiProperty& property : object.properties) {
    const std::string name = JsonOfWtf8(property.name);
    // What has no name is the object itself, which could not be looked at.
    if (!property.name.empty()) {
      json += Concat(first ? "" : ",", name, ":", std::visit(ValueJson(), property.value.is));
      first = false;
    }
    if (property.problem.empty()) continue;
    problems += Concat(problems.empty() ? "" : ",", name, ":", JsonOfWtf8(property.problem));
  }
  json += "}";
  if (!problems.empty()) json += Concat(",\"problems\":{", problems, "}");
  return json + "}";
}

struct ValueHasProblems {
  bool operator()(const std::unique_ptr<WmiObject>& object) const { return object != nullptr && HasProblems(*object); }
  bool operator()(const std::vector<WmiValue>& values) const {
    return std::any_of(values.begin(), values.end(),
                       [this](const WmiValue& value) { return std::visit(*this, value.is); });
  }
  template <typename Other>
  bool operator()(const Other&) const {
    return false;
  }
};

}  // namespace

std::string WmiLine(const WmiObject& object) { return ObjectJson(object) + "\n"; }

std::string WmiEndLine(uint64_t records, uint64_t missing) {
  const std::string lack = missing == 0 ? "" : Concat(",\"missing\":\"", missing, "\"");
  return Concat("{\"end\":{\"records\":\"", records, "\"", lack, "}}\n");
}

bool HasProblems(const WmiObject& object) {
  return std::any_of(object.properties.begin(), object.properties.end(), [](const WmiProperty& property) {
    return !property.problem.empty() || std::visit(ValueHasProblems(), property.value.is);
  });
}

std::optional<std::string> Rfc3339OfCim(std::string_view text) {
  if (text.size() != kCimTimeSize || text[kCimPoint] != '.') return std::nullopt;
  const char sign = text[kCimSign];
  // An interval has a colon there.
  if (sign != '+' && sign != '-') return std::nullopt;
  const auto year = Number(text.substr(0, 4));
  const auto month = Number(text.substr(4, 2));
  const auto day = Number(text.substr(6, 2));
  const auto hour = Number(text.substr(8, 2));
  const auto minute = Number(text.substr(10, 2));
  const auto second = Number(text.substr(12, 2));
  const auto micro = Number(text.substr(kCimPoint + 1, 6));
  const auto offset = Number(text.substr(kCimSign + 1));
  if (!year || !month || !day || !hour || !minute || !second || !micro || !offset) return std::nullopt;
  // Days that no calendar has are others there.
  const absl::CivilSecond civil(*year, *month, *day, *hour, *minute, *second);
  if (civil.year() != *year || civil.month() != *month || civil.day() != *day || civil.hour() != *hour ||
      civil.minute() != *minute || civil.second() != *second) {
    return std::nullopt;
  }
  const absl::Time time = absl::FromCivil(civil, absl::UTCTimeZone()) + absl::Microseconds(*micro) -
                          absl::Minutes(sign == '-' ? -*offset : *offset);
  if (const auto utc_year = absl::ToCivilYear(time, absl::UTCTimeZone()).year(); utc_year < 1 || utc_year > 9999) {
    return std::nullopt;
  }
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

}  // namespace hozen
