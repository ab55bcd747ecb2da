#include "collector/catalog/item_rows.h"

#include <algorithm>
#include <utility>

#include "collector/catalog/path_bytes.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kRowsPerPage = 256;
constexpr size_t kBytesPerPage = 1 << 20;

// In Sql(): what each named parameter is.
enum Parameter : int {
  kCustomer = 1,
  kAcquisition,
  kNextIndex,
  kLimit,
  kGlob,
};

}  // namespace

void BindItem(const IndexedItem& item, SqliteStatement& statement) {
  const v1::Item& i = item.item;
  statement.BindInt(1, static_cast<int64_t>(i.index())).BindBlob(2, i.path()).BindBlob(3, NameOfPath(i.path()));
  if (i.sha256().empty()) {
    statement.BindNull(4);
  } else {
    statement.BindBlob(4, i.sha256());
  }
  statement.BindInt(5, i.state())
      .BindInt(6, static_cast<int64_t>(i.size_bytes()))
      .BindInt(7, i.file().modified_unix_ns())
      .BindInt(8, static_cast<int64_t>(item.body_offset_bytes));
  if (i.extents().empty()) {
    statement.BindBlob(9, i.SerializeAsString());
  } else {
    v1::Item without_map = i;
    without_map.clear_extents();
    statement.BindBlob(9, without_map.SerializeAsString());
  }
}

ItemPages::ItemPages(std::string customer_id, ItemQuery query)
    : customer_id_(std::move(customer_id)), query_(std::move(query)), next_index_(query_.from_index) {}

std::string ItemPages::Sql() const {
  // CROSS JOIN: items first, by the index that gives the order. Sorting would read everything before the first row.
  std::string sql = Concat(
      "SELECT i.idx, i.item, a.acquisition_id, a.host_id, h.hostname FROM items i "
      "CROSS JOIN acquisitions a ON a.customer_id = i.customer_id AND a.acquisition_id = i.acquisition_id "
      "CROSS JOIN hosts h ON h.customer_id = a.customer_id AND h.host_id = a.host_id "
      "WHERE i.customer_id = ?1 AND i.acquisition_id = ?2 AND i.idx >= ?3");
  if (query_.failed_only) {
    sql += Concat(" AND i.state IN (", v1::Item::STATE_PARTIAL, ", ", v1::Item::STATE_FAILED, ")");
  }
  if (!query_.path_glob.empty()) sql += Concat(" AND hozen_matches(?", static_cast<int>(kGlob), ", i.path)");
  return sql + " ORDER BY i.idx LIMIT ?4";
}

void ItemPages::Bind(SqliteStatement& statement) const {
  const uint64_t left = query_.most == 0 ? kRowsPerPage : query_.most - given_;
  statement.BindText(kCustomer, customer_id_)
      .BindText(kAcquisition, query_.acquisition_id)
      .BindInt(kNextIndex, static_cast<int64_t>(next_index_))
      .BindInt(kLimit, static_cast<int64_t>(std::min(left, kRowsPerPage)));
  // Only what Sql() names may be bound.
  if (!query_.path_glob.empty()) statement.BindBlob(kGlob, query_.path_glob);
}

absl::StatusOr<std::vector<v1::ItemRow>> ItemPages::Next(SqliteConnection& connection) {
  std::vector<v1::ItemRow> rows;
  if (query_.acquisition_id.empty()) return absl::InvalidArgumentError("items are asked for by their acquisition");
  if (finished_ || (query_.most > 0 && given_ >= query_.most)) return rows;
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement statement, connection.Prepare(Sql()));
  Bind(statement);
  size_t bytes = 0;
  while (bytes < kBytesPerPage) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, statement.Step());
    if (!more) break;
    v1::ItemRow& row = rows.emplace_back();
    const std::string item = statement.Bytes(1);
    bytes += item.size();
    if (!row.mutable_item()->ParseFromString(item)) {
      return absl::DataLossError(Concat("the catalog's row of item ", statement.Int(0), " of acquisition ",
                                        statement.Bytes(2), " is damaged"));
    }
    row.set_acquisition_id(statement.Bytes(2));
    row.set_host_id(statement.Bytes(3));
    row.set_hostname(statement.Bytes(4));
    next_index_ = static_cast<uint64_t>(statement.Int(0)) + 1;
  }
  given_ += rows.size();
  // An empty page says that nothing is left; so does the caller's own bound.
  finished_ = rows.empty();
  return rows;
}

}  // namespace hozen
