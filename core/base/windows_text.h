// Windows' UTF-16 and our WTF-8, and paths as its calls want them. For *_windows.cc files alone.
#ifndef HOZEN_CORE_BASE_WINDOWS_TEXT_H_
#define HOZEN_CORE_BASE_WINDOWS_TEXT_H_

#include <filesystem>
#include <string>
#include <string_view>

namespace hozen {

// All are thread-safe. The two are each other's inverse for whatever a file name of Windows may be, lone surrogates
// included; bytes that are no WTF-8 become U+FFFD each.
std::string Wtf8OfWide(std::wstring_view wide);
std::wstring WideOfWtf8(std::string_view wtf8);

// The same place, absolute, as "\\?\C:\..." or "\\?\UNC\server\share\...": of any length, and nothing in it is
// interpreted. A path that starts with "\\?\" or "\\.\" already stays as it is, and so does one that cannot be made
// absolute.
std::wstring ExtendedPath(const std::filesystem::path& path);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_WINDOWS_TEXT_H_
