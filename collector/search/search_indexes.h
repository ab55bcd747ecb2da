// Every customer's search index, each opened when it is first asked for.
#ifndef HOZEN_COLLECTOR_SEARCH_SEARCH_INDEXES_H_
#define HOZEN_COLLECTOR_SEARCH_SEARCH_INDEXES_H_

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "collector/search/search_index.h"

namespace hozen {

// Thread-safe. What it gives lives as long as it does.
class SearchIndexes {
 public:
  // <folder>/<customer id>/search.sqlite; the customers' folders must be there.
  explicit SearchIndexes(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // NotFound where the customer has no folder.
  absl::StatusOr<SearchIndex*> Get(std::string_view customer_id);

 private:
  const std::filesystem::path folder_;
  absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<SearchIndex>, std::less<>> indexes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_SEARCH_INDEXES_H_
