// Bytes that a host chose (names, paths, errors) made safe to show on a terminal.
#ifndef HOZEN_CORE_BASE_PRINTABLE_H_
#define HOZEN_CORE_BASE_PRINTABLE_H_

#include <string>
#include <string_view>

namespace hozen {

// Valid UTF-8 without control characters stays as it is (backslashes are doubled); every other byte becomes \xNN. So
// the result is one line, holds no escape sequence, and differs wherever the bytes differ.
std::string Printable(std::string_view bytes);

// The way back. Text that Printable never makes is kept as far as it can be.
std::string FromPrintable(std::string_view text);

bool IsValidUtf8(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_PRINTABLE_H_
