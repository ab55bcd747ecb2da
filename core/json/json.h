// JSON: how it is read and written here. What parses and writes is compiled once, because each file that called
// nlohmann's own would take a second or two longer to compile.
#ifndef HOZEN_CORE_JSON_JSON_H_
#define HOZEN_CORE_JSON_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace hozen {

// Members keep the order in which they were put in: people read these.
using Json = nlohmann::ordered_json;

// RFC 8259, in UTF-8: on one line without its end, or indented by so many spaces. Bytes that are not UTF-8 are replaced
// (U+FFFD), so it never throws; what must be exact is made printable, or base64, before.
std::string JsonText(const Json& json, int indent = -1);

// Of what others wrote: discarded (is_discarded, and of no type) where it is not JSON.
Json ParseJson(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_CORE_JSON_JSON_H_
