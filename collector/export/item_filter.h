// Which items of an acquisition an export takes.
#ifndef HOZEN_COLLECTOR_EXPORT_ITEM_FILTER_H_
#define HOZEN_COLLECTOR_EXPORT_ITEM_FILTER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// All that is set must fit; nothing set is everything.
struct ItemFilter {
  std::string path_glob;               // as `hozen items --path`: * also matches separators
  std::vector<std::string> artifacts;  // one of these
  // Items one of whose file times lies here, from inclusive, to exclusive; 0 = open. Items without times do not fit.
  int64_t from_unix_ns = 0;
  int64_t to_unix_ns = 0;

  bool takes_all() const { return path_glob.empty() && artifacts.empty() && !has_times(); }
  bool has_times() const { return from_unix_ns != 0 || to_unix_ns != 0; }
  bool TakesTime(int64_t unix_ns) const;
  bool TakesPath(std::string_view path) const;
  bool TakesArtifact(const v1::Item& item) const;
  bool Takes(const v1::Item& item) const;
};

// InvalidArgument where it can fit nothing, or is too long to be meant.
absl::Status CheckFilter(const ItemFilter& filter);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_ITEM_FILTER_H_
