#include "collector/search/search_driver.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "collector/catalog/path_bytes.h"
#include "collector/search/byte_trigrams.h"
#include "core/base/status_macros.h"
#include "core/plan/glob.h"

namespace hozen {
namespace {

// Lists are counted up to here: one that is longer is long.
constexpr int64_t kMostCounted = 2000;
// Going through a path that is a candidate costs its entries too; so much dearer is one than an entry or an event.
constexpr int64_t kPathCost = 4;
// A list as cheap as this is taken without a look at those that take longer to count.
constexpr int64_t kCheap = 1000;
// So many hosts' events are counted before it is enough.
constexpr size_t kMostHostsCounted = 64;

class Chooser {
 public:
  Chooser(SqliteConnection& connection, const SearchQuery& query) : connection_(connection), query_(query) {}

  absl::StatusOr<SearchDriver> Choose() {
    if (!query_.sha256.empty()) return SearchDriver{.kind = SearchDriver::Kind::kHashes};
    HOZEN_RETURN_IF_ERROR(OfferName());
    HOZEN_RETURN_IF_ERROR(OfferPathRange());
    HOZEN_RETURN_IF_ERROR(OfferTrigrams());
    HOZEN_RETURN_IF_ERROR(OfferTimes());
    HOZEN_RETURN_IF_ERROR(OfferAcquisitions());
    const bool asks_for_paths = !query_.path_glob.empty() || !query_.contains.empty();
    Offer({.kind = asks_for_paths ? SearchDriver::Kind::kPaths : SearchDriver::Kind::kEntries},
          std::numeric_limits<int64_t>::max());
    return std::move(best_);
  }

 private:
  void Offer(SearchDriver driver, int64_t cost) {
    if (offered_ && cost >= cost_) return;
    offered_ = true;
    cost_ = cost;
    best_ = std::move(driver);
  }

  bool is_cheap() const { return offered_ && cost_ <= kCheap; }

  static absl::StatusOr<int64_t> Only(SqliteStatement& statement) {
    HOZEN_ASSIGN_OR_RETURN(const bool row, statement.Step());
    return row ? statement.Int(0) : 0;
  }

  absl::Status OfferName() {
    if (query_.name.empty()) return absl::OkStatus();
    HOZEN_ASSIGN_OR_RETURN(
        SqliteStatement count,
        connection_.Prepare("SELECT count(*) FROM (SELECT 1 FROM paths p CROSS JOIN entries e ON e.path = p.id "
                            "WHERE p.name = ?1 LIMIT ?2)"));
    HOZEN_ASSIGN_OR_RETURN(const int64_t counted, Only(count.BindBlob(1, query_.name).BindInt(2, kMostCounted)));
    Offer({.kind = SearchDriver::Kind::kName}, counted);
    return absl::OkStatus();
  }

  absl::Status OfferPathRange() {
    SearchDriver driver{.kind = SearchDriver::Kind::kPathRange,
                        .prefix = std::string(LiteralPrefix(query_.path_glob)),
                        .behind_prefix = {}};
    if (driver.prefix.empty()) return absl::OkStatus();
    driver.behind_prefix = BehindPrefix(driver.prefix);
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement count,
                           connection_.Prepare("SELECT count(*) FROM (SELECT 1 FROM paths WHERE path >= ?1 "
                                               "AND (?2 IS NULL OR path < ?2) LIMIT ?3)"));
    count.BindBlob(1, driver.prefix).BindInt(3, kMostCounted);
    if (driver.behind_prefix.has_value()) {
      count.BindBlob(2, *driver.behind_prefix);
    } else {
      count.BindNull(2);
    }
    HOZEN_ASSIGN_OR_RETURN(const int64_t counted, Only(count));
    Offer(std::move(driver), kPathCost * counted);
    return absl::OkStatus();
  }

  absl::Status OfferTrigrams() {
    std::vector<std::string> literals = LooseLiterals(query_.path_glob);
    if (!query_.contains.empty()) literals.push_back(query_.contains);
    SearchDriver driver{.kind = SearchDriver::Kind::kTrigrams,
                        .prefix = {},
                        .behind_prefix = {},
                        .expression = TrigramExpression(literals)};
    if (driver.expression.empty() || is_cheap()) return absl::OkStatus();
    HOZEN_ASSIGN_OR_RETURN(
        SqliteStatement count,
        connection_.Prepare("SELECT count(*) FROM (SELECT 1 FROM trigrams WHERE trigrams MATCH ?1 LIMIT ?2)"));
    HOZEN_ASSIGN_OR_RETURN(const int64_t counted, Only(count.BindText(1, driver.expression).BindInt(2, kMostCounted)));
    // Before a path range that is as long: that one was not counted to its end, and asks for less.
    Offer(std::move(driver), counted < kMostCounted ? kPathCost * counted : kPathCost * counted - 1);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<int64_t>> HostNumbers() {
    std::vector<int64_t> numbers;
    if (!query_.host_ids.has_value()) {
      HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection_.Prepare("SELECT number FROM hosts ORDER BY number"));
      while (true) {
        HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
        if (!more) return numbers;
        numbers.push_back(select.Int(0));
      }
    }
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement select, connection_.Prepare("SELECT number FROM hosts WHERE host_id = ?"));
    for (const std::string& host_id : *query_.host_ids) {
      select.Reset();
      HOZEN_ASSIGN_OR_RETURN(const bool found, select.BindText(1, host_id).Step());
      if (found) numbers.push_back(select.Int(0));
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
  }

  absl::Status OfferTimes() {
    if (!query_.has_times() || is_cheap()) return absl::OkStatus();
    SearchDriver driver{.kind = SearchDriver::Kind::kTimes};
    HOZEN_ASSIGN_OR_RETURN(driver.numbers, HostNumbers());
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement count,
                           connection_.Prepare("SELECT count(*) FROM (SELECT 1 FROM events WHERE host = ?1 "
                                               "AND at >= ?2 AND at < ?3 LIMIT ?4)"));
    int64_t counted = 0;
    for (size_t i = 0; i < driver.numbers.size() && counted < kMostCounted; ++i) {
      if (i == kMostHostsCounted) {
        counted = kMostCounted;
        break;
      }
      count.Reset();
      count.BindInt(1, driver.numbers[i])
          .BindInt(2, query_.from_unix_ns.value_or(std::numeric_limits<int64_t>::min()))
          .BindInt(3, query_.to_unix_ns.value_or(std::numeric_limits<int64_t>::max()))
          .BindInt(4, kMostCounted);
      HOZEN_ASSIGN_OR_RETURN(const int64_t more, Only(count));
      counted += more;
    }
    Offer(std::move(driver), counted);
    return absl::OkStatus();
  }

  absl::Status OfferAcquisitions() {
    if (query_.acquisition_id.empty() && !query_.host_ids.has_value()) return absl::OkStatus();
    SearchDriver driver{.kind = SearchDriver::Kind::kAcquisitions};
    int64_t entries = 0;
    const auto take = [&](SqliteStatement& select) -> absl::Status {
      while (true) {
        HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
        if (!more) return absl::OkStatus();
        driver.numbers.push_back(select.Int(0));
        entries += select.Int(1);
      }
    };
    if (!query_.acquisition_id.empty()) {
      HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                             connection_.Prepare("SELECT number, coalesce(last_entry - first_entry + 1, 0) "
                                                 "FROM acquisitions WHERE acquisition_id = ?"));
      HOZEN_RETURN_IF_ERROR(take(select.BindText(1, query_.acquisition_id)));
    } else {
      HOZEN_ASSIGN_OR_RETURN(const std::vector<int64_t> hosts, HostNumbers());
      HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                             connection_.Prepare("SELECT number, coalesce(last_entry - first_entry + 1, 0) "
                                                 "FROM acquisitions WHERE host = ? ORDER BY number"));
      for (const int64_t host : hosts) {
        select.Reset();
        HOZEN_RETURN_IF_ERROR(take(select.BindInt(1, host)));
      }
    }
    // Behind any list that has been counted to its end and is as short as this.
    Offer(std::move(driver), std::max<int64_t>(entries, 1));
    return absl::OkStatus();
  }

  SqliteConnection& connection_;
  const SearchQuery& query_;
  SearchDriver best_;
  int64_t cost_ = 0;
  bool offered_ = false;
};

}  // namespace

absl::StatusOr<SearchDriver> ChooseDriver(SqliteConnection& connection, const SearchQuery& query) {
  return Chooser(connection, query).Choose();
}

}  // namespace hozen
