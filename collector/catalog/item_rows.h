// Items as rows: what is written, and what a query asks for.
#ifndef HOZEN_COLLECTOR_CATALOG_ITEM_ROWS_H_
#define HOZEN_COLLECTOR_CATALOG_ITEM_ROWS_H_

#include <cstdint>
#include <optional>
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

  // The next rows, bounded in number and bytes; none at the end.
  absl::StatusOr<std::vector<v1::ItemRow>> Next(SqliteConnection& connection);

 private:
  // What the rows are ordered by, which is also what finds them.
  enum class Order { kIndex, kId, kPath };
  std::string Sql() const;
  void Bind(SqliteStatement& statement) const;

  const std::string customer_id_;
  const ItemQuery query_;
  const Order order_;
  const std::string prefix_;
  const std::optional<std::string> behind_prefix_;
  // The last row that was given out.
  bool started_ = false;
  int64_t last_number_ = 0;  // idx or id
  std::string last_path_;
  uint64_t given_ = 0;
  bool finished_ = false;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_ITEM_ROWS_H_
