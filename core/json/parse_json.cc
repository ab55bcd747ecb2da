// Apart from the writer, so that programs which only write have no parser.
#include "core/json/json.h"

namespace hozen {

Json ParseJson(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

}  // namespace hozen
