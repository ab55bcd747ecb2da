#include "collector/search/timeline_filter.h"

#include <cstddef>

namespace hozen {
namespace {

constexpr size_t kMostTold = 64;

bool SameWords(const TimelineEvent& a, const TimelineEvent& b) {
  SearchEntry entry = a.hit.entry;
  // The same file is another item in another acquisition, and a copy of it may have been had here and not there.
  entry.item_index = b.hit.entry.item_index;
  entry.state = b.hit.entry.state;
  entry.sha256 = b.hit.entry.sha256;
  return a.kinds == b.kinds && entry == b.hit.entry;
}

}  // namespace

bool TimelineFilter::IsNews(const TimelineEvent& event) {
  if (event.at_unix_ns != at_ || event.hit.entry.path != path_) {
    at_ = event.at_unix_ns;
    path_ = event.hit.entry.path;
    told_.clear();
  }
  for (const auto& [told, acquisition_id] : told_) {
    if (acquisition_id != event.hit.acquisition_id && SameWords(told, event)) return false;
  }
  if (told_.size() < kMostTold) told_.emplace_back(event, event.hit.acquisition_id);
  return true;
}

}  // namespace hozen
