// Items as rows: what is written, and what a query asks for.
#ifndef HOZEN_COLLECTOR_CATALOG_ITEM_ROWS_H_
#define HOZEN_COLLECTOR_CATALOG_ITEM_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"
#include "collector/store/sqlite.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

// Parameters 1 to 9: idx, path, name, sha256, state, size_bytes, modified_unix_ns, body_offset_bytes, item.
void BindItem(const IndexedItem& item, SqliteStatement& statement);

// Walks the rows of a query page by page. Between pages no transaction is open. Thread-compatible.
class ItemPages {
 public:
  ItemPages(std::string customer_id, ItemQuery query);

  // The next rows, bounded in number and bytes; none at the end. InvalidArgument for a query without an acquisition.
  absl::StatusOr<std::vector<v1::ItemRow>> Next(SqliteConnection& connection);

 private:
  std::string Sql() const;
  void Bind(SqliteStatement& statement) const;

  const std::string customer_id_;
  const ItemQuery query_;
  uint64_t next_index_;
  uint64_t given_ = 0;
  bool finished_ = false;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_ITEM_ROWS_H_
