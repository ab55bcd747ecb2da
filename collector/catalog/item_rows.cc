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
  kHost,
  kName,
  kSha256,
  kGlob,
  kPrefix,
  kBehindPrefix,
  kLastNumber,
  kLastPath,
  kLimit,
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
    : customer_id_(std::move(customer_id)),
      query_(std::move(query)),
      order_(!query_.acquisition_id.empty()                      ? Order::kIndex
             : query_.sha256.has_value() || !query_.name.empty() ? Order::kId
                                                                 : Order::kPath),
      prefix_(LiteralPrefix(query_.path_glob)),
      behind_prefix_(BehindPrefix(prefix_)) {}

std::string ItemPages::Sql() const {
  // CROSS JOIN: items first, by the index that gives the order. Sorting would read everything before the first row.
  std::string sql =
      "SELECT i.idx, i.id, i.path, i.item, a.acquisition_id, a.host_id, h.hostname FROM items i "
      "CROSS JOIN acquisitions a ON a.customer_id = i.customer_id AND a.acquisition_id = i.acquisition_id "
      "CROSS JOIN hosts h ON h.customer_id = a.customer_id AND h.host_id = a.host_id "
      "WHERE i.customer_id = ?1";
  auto where = [&sql](const char* condition, int parameter) { sql += Concat(" AND ", condition, "?", parameter); };
  if (!query_.acquisition_id.empty()) where("i.acquisition_id = ", kAcquisition);
  if (!query_.host_id.empty()) where("a.host_id = ", kHost);
  if (!query_.name.empty()) where("i.name = ", kName);
  if (query_.sha256) where("i.sha256 = ", kSha256);
  if (query_.failed_only) {
    sql += Concat(" AND i.state IN (", v1::Item::STATE_PARTIAL, ", ", v1::Item::STATE_FAILED, ")");
  }
  if (!query_.path_glob.empty()) {
    if (!prefix_.empty()) where("i.path >= ", kPrefix);
    if (behind_prefix_) where("i.path < ", kBehindPrefix);
    sql += Concat(" AND hozen_matches(?", static_cast<int>(kGlob), ", i.path)");
  }
  switch (order_) {
    case Order::kIndex:
      if (started_) where("i.idx > ", kLastNumber);
      if (!started_ && query_.from_index > 0) where("i.idx >= ", kLastNumber);
      sql += " ORDER BY i.idx";
      break;
    case Order::kId:
      if (started_) where("i.id > ", kLastNumber);
      sql += " ORDER BY i.id";
      break;
    case Order::kPath:
      if (started_) {
        sql +=
            Concat(" AND (i.path, i.id) > (?", static_cast<int>(kLastPath), ", ?", static_cast<int>(kLastNumber), ")");
      }
      sql += " ORDER BY i.path, i.id";
      break;
  }
  return sql + Concat(" LIMIT ?", static_cast<int>(kLimit));
}

void ItemPages::Bind(SqliteStatement& statement) const {
  // Only what Sql() names may be bound.
  statement.BindText(kCustomer, customer_id_);
  if (!query_.acquisition_id.empty()) statement.BindText(kAcquisition, query_.acquisition_id);
  if (!query_.host_id.empty()) statement.BindText(kHost, query_.host_id);
  if (!query_.name.empty()) statement.BindBlob(kName, query_.name);
  if (query_.sha256) statement.BindBlob(kSha256, query_.sha256->bytes());
  if (!query_.path_glob.empty()) {
    statement.BindBlob(kGlob, query_.path_glob);
    if (!prefix_.empty()) statement.BindBlob(kPrefix, prefix_);
    if (behind_prefix_) statement.BindBlob(kBehindPrefix, *behind_prefix_);
  }
  if (!started_ && order_ == Order::kIndex && query_.from_index > 0) {
    statement.BindInt(kLastNumber, static_cast<int64_t>(query_.from_index));
  }
  if (started_) {
    statement.BindInt(kLastNumber, last_number_);
    if (order_ == Order::kPath) statement.BindBlob(kLastPath, last_path_);
  }
  const uint64_t left = query_.most == 0 ? kRowsPerPage : query_.most - given_;
  statement.BindInt(kLimit, static_cast<int64_t>(std::min(left, kRowsPerPage)));
}

absl::StatusOr<std::vector<v1::ItemRow>> ItemPages::Next(SqliteConnection& connection) {
  std::vector<v1::ItemRow> rows;
  if (finished_ || (query_.most > 0 && given_ >= query_.most)) return rows;
  HOZEN_ASSIGN_OR_RETURN(SqliteStatement statement, connection.Prepare(Sql()));
  Bind(statement);
  size_t bytes = 0;
  while (bytes < kBytesPerPage) {
    HOZEN_ASSIGN_OR_RETURN(const bool more, statement.Step());
    if (!more) break;
    v1::ItemRow& row = rows.emplace_back();
    const std::string item = statement.Bytes(3);
    bytes += item.size();
    if (!row.mutable_item()->ParseFromString(item)) {
      return absl::DataLossError(Concat("the catalog's row of item ", statement.Int(0), " of acquisition ",
                                        statement.Bytes(4), " is damaged"));
    }
    row.set_acquisition_id(statement.Bytes(4));
    row.set_host_id(statement.Bytes(5));
    row.set_hostname(statement.Bytes(6));
    last_number_ = statement.Int(order_ == Order::kIndex ? 0 : 1);
    last_path_ = statement.Bytes(2);
  }
  started_ = true;
  given_ += rows.size();
  // An empty page says that nothing is left; so does the caller's own bound.
  finished_ = rows.empty();
  return rows;
}

}  // namespace hozen
