// Bytes that a host chose (names, paths, errors) made safe to show on a terminal.
#ifndef HOZEN_CORE_BASE_PRINTABLE_H_
#define HOZEN_CORE_BASE_PRINTABLE_H_

#include <string>
#include <string_view>

namespace hozen {

// Valid UTF-8 without control characters stays as it is (backslashes are doubled); every other byte becomes \xNN. So
// the result is one line, holds no escape sequence, and differs wherever the bytes differ. Control characters are C0,
// C1, DEL, the separators of lines and paragraphs, and those that turn the reading direction.
std::string Printable(std::string_view bytes);

// As Printable, but backslashes stay single: for text of ours, in which names may be Printable already. No way back.
std::string PrintableLine(std::string_view text);

// The way back. Text that Printable never makes is kept as far as it can be.
std::string FromPrintable(std::string_view text);

bool IsValidUtf8(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_PRINTABLE_H_
