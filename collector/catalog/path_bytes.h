// Paths as indexes see them: bytes with a name at their end, in ranges.
#ifndef HOZEN_COLLECTOR_CATALOG_PATH_BYTES_H_
#define HOZEN_COLLECTOR_CATALOG_PATH_BYTES_H_

#include <optional>
#include <string>
#include <string_view>

namespace hozen {

// What follows the last separator: '/' in a path that begins with it, else the last of '/' and '\'.
std::string_view NameOfPath(std::string_view path);
// The bytes that every match of a loose glob begins with.
std::string_view LiteralPrefix(std::string_view glob);
// The first string behind all those that begin with `prefix`; nothing where there is none.
std::optional<std::string> BehindPrefix(std::string_view prefix);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_PATH_BYTES_H_
