// What Windows Management Instrumentation answers, as values that every system has.
#ifndef HOZEN_AGENT_PLATFORM_WMI_OBJECT_H_
#define HOZEN_AGENT_PLATFORM_WMI_OBJECT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace hozen {

struct WmiObject;

// Of one of CIM's types (https://learn.microsoft.com/en-us/windows/win32/wmisdk/cimtype-enumeration). Texts are WTF-8.
struct WmiValue {
  // A datetime as WMI writes it, "20260101120000.000000+060"
  // (https://learn.microsoft.com/en-us/windows/win32/wmisdk/cim-datetime).
  struct Time {
    std::string text;
  };
  // Nothing is null. Numbers of 64 bits are texts of digits, and so is what else is text: string, reference, char16.
  std::variant<std::monostate, bool, int64_t, double, std::string, Time, std::unique_ptr<WmiObject>,
               std::vector<WmiValue>>
      is;
};

struct WmiProperty {
  std::string name;
  WmiValue value;
  std::string problem;  // why the value is not all, or not there; in words
};

struct WmiObject {
  std::string class_name;
  std::string path;  // empty: it has no place in WMI
  std::vector<WmiProperty> properties;
  size_t size_bytes = 0;  // of what it holds in memory, roughly
};

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_WMI_OBJECT_H_
