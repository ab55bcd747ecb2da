// Debian's Abseil has a string_view of its own, which knows nothing of the standard's. This is the bridge.
#ifndef HOZEN_CORE_BASE_CONCAT_H_
#define HOZEN_CORE_BASE_CONCAT_H_

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace hozen {

// For Abseil's functions that take text. Refers to the same bytes.
inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view StdView(absl::string_view text) { return {text.data(), text.size()}; }

namespace concat_internal {

template <typename T>
decltype(auto) Piece(const T& value) {
  if constexpr (std::is_same_v<T, std::string_view> && !std::is_same_v<T, absl::string_view>) {
    return AbslView(value);
  } else {
    return (value);
  }
}

}  // namespace concat_internal

// absl::StrCat that takes std::string_view too.
template <typename... Pieces>
std::string Concat(const Pieces&... pieces) {
  return absl::StrCat(concat_internal::Piece(pieces)...);
}

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_CONCAT_H_
