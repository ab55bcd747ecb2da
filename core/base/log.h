// The program's log: one line an event on standard error, "2026-11-22T06:12:06.123Z WARN what happened key=value".
#ifndef HOZEN_CORE_BASE_LOG_H_
#define HOZEN_CORE_BASE_LOG_H_

#include <string_view>

namespace hozen {

enum class Severity { kDebug, kInfo, kWarning, kError };

// Thread-safe. Bytes that are not printable UTF-8, newlines among them, are escaped, so one event is one line.
void Log(Severity severity, std::string_view message);

// Events below it are dropped; kInfo until it is called.
void SetLogLevel(Severity lowest);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_LOG_H_
