#include "collector/search/search_indexes.h"

#include <system_error>

#include "collector/search/sqlite_search_index.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {

absl::StatusOr<SearchIndex*> SearchIndexes::Get(std::string_view customer_id) {
  absl::MutexLock lock(&mutex_);
  if (const auto found = indexes_.find(customer_id); found != indexes_.end()) return found->second.get();
  // Ids are ours, from the catalog or from a certificate; still none may lead elsewhere.
  const std::filesystem::path folder = folder_ / std::string(customer_id);
  std::error_code error;
  if (customer_id.empty() || customer_id.find_first_not_of("0123456789abcdef") != std::string_view::npos ||
      !std::filesystem::is_directory(folder, error)) {
    return absl::NotFoundError(Concat("customer ", Printable(customer_id), " has no folder"));
  }
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SearchIndex> index, OpenSqliteSearchIndex(folder / "search.sqlite"));
  return indexes_.emplace(std::string(customer_id), std::move(index)).first->second.get();
}

}  // namespace hozen
