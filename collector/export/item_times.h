// The times that a file system keeps of an item.
#ifndef HOZEN_COLLECTOR_EXPORT_ITEM_TIMES_H_
#define HOZEN_COLLECTOR_EXPORT_ITEM_TIMES_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct ItemTime {
  int64_t unix_ns = 0;           // 0 = not known
  std::string_view description;  // as plaso and Timesketch call it
};

// Modified, accessed, changed, born.
using ItemTimes = std::array<ItemTime, 4>;
ItemTimes TimesOf(const v1::Item& item);
ItemTimes TimesOf(int64_t modified_unix_ns, int64_t accessed_unix_ns, int64_t changed_unix_ns, int64_t born_unix_ns);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_ITEM_TIMES_H_
