// The version of all of Hozen: --version, manifests, inventories.
#ifndef HOZEN_CORE_BASE_VERSION_H_
#define HOZEN_CORE_BASE_VERSION_H_

#include <string_view>

namespace hozen {

inline constexpr std::string_view kHozenVersion = "0.1.0";

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_VERSION_H_
