#include "collector/export/item_filter.h"

#include <algorithm>

#include "collector/export/item_times.h"
#include "core/base/concat.h"
#include "core/plan/glob.h"

namespace hozen {
namespace {

constexpr size_t kMaxGlobBytes = 4096;
constexpr size_t kMaxArtifacts = 1000;

}  // namespace

bool ItemFilter::TakesTime(int64_t unix_ns) const {
  return unix_ns != 0 && unix_ns >= from_unix_ns && (to_unix_ns == 0 || unix_ns < to_unix_ns);
}

bool ItemFilter::TakesPath(std::string_view path) const { return path_glob.empty() || MatchesLoosely(path_glob, path); }

bool ItemFilter::TakesArtifact(const v1::Item& item) const {
  return artifacts.empty() || std::find(artifacts.begin(), artifacts.end(), item.artifact()) != artifacts.end();
}

bool ItemFilter::Takes(const v1::Item& item) const {
  if (!TakesPath(item.path()) || !TakesArtifact(item)) return false;
  if (!has_times()) return true;
  const ItemTimes times = TimesOf(item);
  return std::any_of(times.begin(), times.end(), [this](const ItemTime& time) { return TakesTime(time.unix_ns); });
}

absl::Status CheckFilter(const ItemFilter& filter) {
  if (filter.path_glob.size() > kMaxGlobBytes) {
    return absl::InvalidArgumentError(Concat("the pattern is longer than ", kMaxGlobBytes, " bytes"));
  }
  if (filter.artifacts.size() > kMaxArtifacts) {
    return absl::InvalidArgumentError(Concat("more than ", kMaxArtifacts, " artifacts are named"));
  }
  if (filter.to_unix_ns != 0 && filter.to_unix_ns <= filter.from_unix_ns) {
    return absl::InvalidArgumentError("the end of the time range is not behind its start");
  }
  return absl::OkStatus();
}

}  // namespace hozen
