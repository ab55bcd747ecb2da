#include "core/base/path_text.h"
#include "core/base/windows_text.h"

namespace hozen {

std::string PathText(const std::filesystem::path& path) { return Wtf8OfWide(path.native()); }

std::filesystem::path PathOf(std::string_view text) { return WideOfWtf8(text); }

}  // namespace hozen
