#include "collector/search/search_driver.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "collector/catalog/path_bytes.h"
#include "collector/search/byte_trigrams.h"
#include "core/base/status_macros.h"
#include "core/plan/glob.h"

namespace hozen {
namespace {

// What is gone through costs, one beside the other, with what hangs on it.
constexpr int64_t kPathCost = 3;
// Of paths that only begin alike, where fewer of them will match than of those that hold the same parts.
constexpr int64_t kRangePathCost = 4;
constexpr int64_t kEventCost = 2;
constexpr int64_t kEntryCost = 2;
// Lists are counted so far at first; where none has come to its end so cheaply, further.
constexpr int64_t kCountedAtFirst = 1000;
constexpr int64_t kCountedFurther = 8;  // times as far
constexpr int64_t kMostCounted = 64'000;
// One that did not come to its end is taken to be so many times as long as it was counted.
constexpr int64_t kLongerThanCounted = 4;
// So many hosts' events are counted; the others are taken to have as many.
constexpr size_t kMostHostsCounted = 64;

// A list that can be gone through, as long as it is known.
struct Candidate {
  SearchDriver::Kind kind;
  int64_t unit_cost;
  // How long it is; `most` where it is that long or longer.
  std::function<absl::StatusOr<int64_t>(int64_t most)> count;
  int64_t counted = 0;
  bool ended = false;

  int64_t cost() const {
    if (ended) return unit_cost * counted;
    return counted == 0 ? std::numeric_limits<int64_t>::max() : unit_cost * counted * kLongerThanCounted;
  }
};

class Chooser {
 public:
  Chooser(SqliteConnection& connection, const SearchQuery& query) : connection_(connection), query_(query) {}

  absl::StatusOr<SearchDriver> Choose() {
    HOZEN_RETURN_IF_ERROR(FindAcquisitions());
    if (!query_.sha256.empty()) {
      driver_.kind = SearchDriver::Kind::kHashes;
      return std::move(driver_);
    }
    OfferName();
    OfferPathRange();
    OfferTrigrams();
    HOZEN_RETURN_IF_ERROR(OfferTimes());
    OfferAcquisitions();
    if (candidates_.empty()) {
      const bool asks_for_paths = !query_.path_glob.empty() || !query_.contains.empty();
      driver_.kind = asks_for_paths ? SearchDriver::Kind::kPaths : SearchDriver::Kind::kEntries;
      return std::move(driver_);
    }
    HOZEN_RETURN_IF_ERROR(Count());
    driver_.kind = Best()->kind;
    return std::move(driver_);
  }

 private:
  // Until the shortest is one that came to its end, or it is not worth it.
  absl::Status Count() {
    if (candidates_.size() == 1 || Best()->cost() <= kCountedAtFirst) return absl::OkStatus();
    for (int64_t most = kCountedAtFirst; most <= kMostCounted; most *= kCountedFurther) {
      for (Candidate& candidate : candidates_) {
        if (candidate.ended) continue;
        HOZEN_ASSIGN_OR_RETURN(candidate.counted, candidate.count(most));
        candidate.ended = candidate.counted < most;
        // As short as this, it is gone through sooner than the others are counted.
        if (candidate.ended && candidate.cost() <= kCountedAtFirst) return absl::OkStatus();
      }
      const Candidate& best = *Best();
      const bool may_be_beaten = std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& other) {
        return !other.ended && other.unit_cost * other.counted < best.cost();
      });
      if (best.ended && !may_be_beaten) return absl::OkStatus();
    }
    return absl::OkStatus();
  }
  std::vector<Candidate>::const_iterator Best() const {
    return std::min_element(candidates_.begin(), candidates_.end(),
                            [](const Candidate& a, const Candidate& b) { return a.cost() < b.cost(); });
  }

  static absl::StatusOr<int64_t> Only(SqliteStatement& statement) {
    HOZEN_ASSIGN_OR_RETURN(const bool row, statement.Step());
    return row ? statement.Int(0) : 0;
  }

  void OfferName() {
    if (query_.name.empty()) return;
    candidates_.push_back({.kind = SearchDriver::Kind::kName, .unit_cost = kPathCost, .count = [this](int64_t most) {
                             return CountName(most);
                           }});
  }
  absl::StatusOr<int64_t> CountName(int64_t most) {
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement count,
                           connection_.Prepare("SELECT count(*) FROM (SELECT 1 FROM paths WHERE name = ?1 LIMIT ?2)"));
    return Only(count.BindBlob(1, query_.name).BindInt(2, most));
  }

  void OfferPathRange() {
    driver_.prefix = std::string(LiteralPrefix(query_.path_glob));
    if (driver_.prefix.empty()) return;
    driver_.behind_prefix = BehindPrefix(driver_.prefix);
    candidates_.push_back({.kind = SearchDriver::Kind::kPathRange,
                           .unit_cost = kRangePathCost,
                           .count = [this](int64_t most) { return CountPathRange(most); }});
  }
  absl::StatusOr<int64_t> CountPathRange(int64_t most) {
    // A bound that might be missing would be no bound to SQLite: it would go on to the end.
    const bool bounded = driver_.behind_prefix.has_value();
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement count,
                           connection_.Prepare(bounded ? "SELECT count(*) FROM (SELECT 1 FROM paths "
                                                         "WHERE path >= ?1 AND path < ?3 LIMIT ?2)"
                                                       : "SELECT count(*) FROM (SELECT 1 FROM paths "
                                                         "WHERE path >= ?1 LIMIT ?2)"));
    count.BindBlob(1, driver_.prefix).BindInt(2, most);
    if (bounded) count.BindBlob(3, *driver_.behind_prefix);
    return Only(count);
  }

  void OfferTrigrams() {
    std::vector<std::string> literals = LooseLiterals(query_.path_glob);
    if (!query_.contains.empty()) literals.push_back(query_.contains);
    driver_.expression = TrigramExpression(literals);
    if (driver_.expression.empty()) return;
    candidates_.push_back({.kind = SearchDriver::Kind::kTrigrams,
                           .unit_cost = kPathCost,
                           .count = [this](int64_t most) { return CountTrigrams(most); }});
  }
  absl::StatusOr<int64_t> CountTrigrams(int64_t most) {
    HOZEN_ASSIGN_OR_RETURN(
        SqliteStatement count,
        connection_.Prepare("SELECT count(*) FROM (SELECT 1 FROM trigrams WHERE trigrams MATCH ?1 LIMIT ?2)"));
    return Only(count.BindText(1, driver_.expression).BindInt(2, most));
  }

  absl::Status OfferTimes() {
    if (!query_.has_times()) return absl::OkStatus();
    HOZEN_ASSIGN_OR_RETURN(driver_.hosts, HostNumbers());
    candidates_.push_back({.kind = SearchDriver::Kind::kTimes, .unit_cost = kEventCost, .count = [this](int64_t most) {
                             return CountTimes(most);
                           }});
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> CountTimes(int64_t most) {
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement count,
                           connection_.Prepare("SELECT count(*) FROM (SELECT 1 FROM events WHERE host = ?1 "
                                               "AND at >= ?2 AND at < ?3 LIMIT ?4)"));
    int64_t counted = 0;
    size_t hosts = 0;
    for (; hosts < std::min(driver_.hosts.size(), kMostHostsCounted) && counted < most; ++hosts) {
      count.Reset();
      count.BindInt(1, driver_.hosts[hosts])
          .BindInt(2, query_.from_unix_ns.value_or(std::numeric_limits<int64_t>::min()))
          .BindInt(3, query_.to_unix_ns.value_or(std::numeric_limits<int64_t>::max()))
          .BindInt(4, most - counted);
      HOZEN_ASSIGN_OR_RETURN(const int64_t more, Only(count));
      counted += more;
    }
    if (hosts == 0) return counted;
    return std::min(most, counted * static_cast<int64_t>(driver_.hosts.size()) / static_cast<int64_t>(hosts));
  }

  void OfferAcquisitions() {
    if (!driver_.acquisitions.has_value()) return;
    // Known without counting.
    candidates_.push_back({.kind = SearchDriver::Kind::kAcquisitions,
                           .unit_cost = kEntryCost,
                           .count = {},
                           .counted = entries_,
                           .ended = true});
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

  // Those that are asked for by id or by host, and how many entries they have.
  absl::Status FindAcquisitions() {
    if (query_.acquisition_id.empty() && !query_.host_ids.has_value()) return absl::OkStatus();
    std::vector<int64_t>& numbers = driver_.acquisitions.emplace();
    const auto take = [&](SqliteStatement& select) -> absl::Status {
      while (true) {
        HOZEN_ASSIGN_OR_RETURN(const bool more, select.Step());
        if (!more) return absl::OkStatus();
        numbers.push_back(select.Int(0));
        entries_ += select.Int(1);
      }
    };
    if (!query_.acquisition_id.empty()) {
      HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                             connection_.Prepare("SELECT number, coalesce(last_entry - first_entry + 1, 0) "
                                                 "FROM acquisitions WHERE acquisition_id = ?"));
      return take(select.BindText(1, query_.acquisition_id));
    }
    HOZEN_ASSIGN_OR_RETURN(const std::vector<int64_t> hosts, HostNumbers());
    HOZEN_ASSIGN_OR_RETURN(SqliteStatement select,
                           connection_.Prepare("SELECT number, coalesce(last_entry - first_entry + 1, 0) "
                                               "FROM acquisitions WHERE host = ? ORDER BY number"));
    for (const int64_t host : hosts) {
      select.Reset();
      HOZEN_RETURN_IF_ERROR(take(select.BindInt(1, host)));
    }
    std::sort(numbers.begin(), numbers.end());
    return absl::OkStatus();
  }

  SqliteConnection& connection_;
  const SearchQuery& query_;
  SearchDriver driver_;
  int64_t entries_ = 0;  // of driver_.acquisitions
  std::vector<Candidate> candidates_;
};

}  // namespace

absl::StatusOr<SearchDriver> ChooseDriver(SqliteConnection& connection, const SearchQuery& query) {
  return Chooser(connection, query).Choose();
}

}  // namespace hozen
