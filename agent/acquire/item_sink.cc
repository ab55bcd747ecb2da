#include "agent/acquire/item_sink.h"

#include "core/base/concat.h"

namespace hozen {

std::string NameAmongTaken(const v1::Item& item) {
  if (item.access() != v1::ACCESS_RAW) return item.path();
  // No path holds a NUL byte.
  std::string name = Concat(item.path(), std::string_view("\0raw", 4));
  if (item.has_attribute()) name += Concat(":", item.attribute().type(), "-", item.attribute().id());
  if (item.allocation() == v1::ALLOCATION_DELETED || item.allocation() == v1::ALLOCATION_REALLOCATED) {
    name += Concat(":", item.file().inode(), "-", item.file().sequence());
  }
  return name;
}

}  // namespace hozen
