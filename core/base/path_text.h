// A path as the bytes that the house knows it by.
#ifndef HOZEN_CORE_BASE_PATH_TEXT_H_
#define HOZEN_CORE_BASE_PATH_TEXT_H_

#include <filesystem>
#include <string>
#include <string_view>

namespace hozen {

// Thread-safe. On Linux the bytes themselves, on Windows WTF-8; for whatever a name may be, unlike path::string().
std::string PathText(const std::filesystem::path& path);

// The way back.
std::filesystem::path PathOf(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_PATH_TEXT_H_
