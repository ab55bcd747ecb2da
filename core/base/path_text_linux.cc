#include "core/base/path_text.h"

namespace hozen {

std::string PathText(const std::filesystem::path& path) { return path.native(); }

std::filesystem::path PathOf(std::string_view text) { return text; }

}  // namespace hozen
