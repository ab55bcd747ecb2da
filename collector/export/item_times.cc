#include "collector/export/item_times.h"

namespace hozen {

ItemTimes TimesOf(int64_t modified_unix_ns, int64_t accessed_unix_ns, int64_t changed_unix_ns, int64_t born_unix_ns) {
  return {ItemTime{modified_unix_ns, "Content Modification Time"}, ItemTime{accessed_unix_ns, "Last Access Time"},
          ItemTime{changed_unix_ns, "Metadata Modification Time"}, ItemTime{born_unix_ns, "Creation Time"}};
}

ItemTimes TimesOf(const v1::Item& item) {
  const v1::FileMetadata& file = item.file();
  return TimesOf(file.modified_unix_ns(), file.accessed_unix_ns(), file.changed_unix_ns(), file.born_unix_ns());
}

}  // namespace hozen
