// Joining text and numbers to a string, and crossing between the two string views: Debian's Abseil is built with its
// own absl::string_view, which std::string_view does not turn into by itself.
#ifndef HOZEN_CORE_BASE_CAT_H_
#define HOZEN_CORE_BASE_CAT_H_

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace hozen {

// Views of the same bytes; they live as long as what was given.
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

template <typename T>
decltype(auto) CatPiece(const T& piece) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return ToAbsl(piece);
  } else {
    return (piece);
  }
}

// absl::StrCat that also takes std::string_view.
template <typename... T>
std::string Cat(const T&... pieces) {
  return absl::StrCat(CatPiece(pieces)...);
}

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_CAT_H_
