// Puts a committed acquisition into its customer's search index: its items from the catalog, the files on its disks
// from the listings in the store.
#ifndef HOZEN_COLLECTOR_SEARCH_INDEXER_H_
#define HOZEN_COLLECTOR_SEARCH_INDEXER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/search/search_indexes.h"

namespace hozen {

// What is committed and not in the index yet, ascending.
absl::StatusOr<std::vector<std::string>> PendingAcquisitions(Catalog& catalog, std::string_view customer_id,
                                                             SearchIndex& index);

// Thread-safe; an acquisition is worked at by one thread at a time.
class Indexer {
 public:
  // All must outlive it. `entries_per_batch`: what a crash costs, and how long one transaction is.
  Indexer(Customers& customers, Catalog& catalog, SearchIndexes& indexes, size_t entries_per_batch = 16'384)
      : customers_(customers), catalog_(catalog), indexes_(indexes), entries_per_batch_(entries_per_batch) {}

  // PendingAcquisitions of the customer's index.
  absl::StatusOr<std::vector<std::string>> Pending(std::string_view customer_id);

  // Goes on where it was left, to the end. `poll` is asked before each batch; its error ends the work and comes back,
  // and what was done stays done. ResourceExhausted while there is no room; DataLoss where a listing is damaged.
  absl::Status Index(std::string_view customer_id, std::string_view acquisition_id,
                     const std::function<absl::Status()>& poll);

 private:
  Customers& customers_;
  Catalog& catalog_;
  SearchIndexes& indexes_;
  const size_t entries_per_batch_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_INDEXER_H_
