#include "collector/search/matching.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "collector/catalog/path_bytes.h"
#include "core/base/concat.h"
#include "core/plan/glob.h"

namespace hozen {
namespace {

absl::Status CheckText(std::string_view what, std::string_view text) {
  if (text.size() > kMaxPatternBytes) {
    return absl::InvalidArgumentError(Concat("the ", what, " has ", text.size(), " bytes, it may have ",
                                             kMaxPatternBytes, ": give a shorter part of it"));
  }
  if (text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError(Concat("the ", what, " holds a NUL byte, which no path can: leave it out"));
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const std::optional<int64_t>& from, const std::optional<int64_t>& to) {
  if (from.has_value() && to.has_value() && *from >= *to) {
    return absl::InvalidArgumentError("the range of times ends before it begins: exchange its ends");
  }
  return absl::OkStatus();
}

char Fold(char c) { return absl::ascii_tolower(static_cast<unsigned char>(c)); }

bool InRange(const SearchQuery& query, int64_t at_unix_ns) {
  return (!query.from_unix_ns.has_value() || at_unix_ns >= *query.from_unix_ns) &&
         (!query.to_unix_ns.has_value() || at_unix_ns < *query.to_unix_ns);
}

bool MatchesTimes(const SearchQuery& query, const SearchEntry& entry) {
  if (!query.has_times()) return !entry.file_name_times;
  for (const auto& [kind, at] :
       {std::pair(kModified, entry.modified_unix_ns), std::pair(kAccessed, entry.accessed_unix_ns),
        std::pair(kChanged, entry.changed_unix_ns), std::pair(kBorn, entry.born_unix_ns)}) {
    if ((query.times & kind) != 0 && at != 0 && InRange(query, at)) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckQuery(const SearchQuery& query) {
  for (const absl::Status& status :
       {CheckText("pattern of paths", query.path_glob), CheckText("text that paths shall contain", query.contains),
        CheckText("name", query.name), CheckTimes(query.from_unix_ns, query.to_unix_ns)}) {
    if (!status.ok()) return status;
  }
  if (query.sha256.size() > kMaxHashes) {
    return absl::InvalidArgumentError(
        Concat(query.sha256.size(), " hashes are more than the ", kMaxHashes, " of one search: ask in parts"));
  }
  if (query.min_size_bytes.has_value() && query.max_size_bytes.has_value() &&
      *query.min_size_bytes > *query.max_size_bytes) {
    return absl::InvalidArgumentError("the least size is more than the greatest: exchange them");
  }
  if (query.has_times() && (query.times & kAnyTime) == 0) {
    return absl::InvalidArgumentError("no kind of time was chosen: give one of modified, accessed, changed, created");
  }
  return absl::OkStatus();
}

absl::Status CheckQuery(const TimelineQuery& query) { return CheckTimes(query.from_unix_ns, query.to_unix_ns); }

bool ContainsIgnoringCase(std::string_view text, std::string_view wanted) {
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(),
                     [](char a, char b) { return Fold(a) == Fold(b); }) != text.end() ||
         wanted.empty();
}

bool MatchesPath(const SearchQuery& query, std::string_view path) {
  return (query.name.empty() || NameOfPath(path) == query.name) &&
         (query.contains.empty() || ContainsIgnoringCase(path, query.contains)) &&
         (query.path_glob.empty() || MatchesLoosely(query.path_glob, path));
}

bool Matches(const SearchQuery& query, const SearchEntry& entry) {
  if (query.min_size_bytes.has_value() && entry.size_bytes < *query.min_size_bytes) return false;
  if (query.max_size_bytes.has_value() && entry.size_bytes > *query.max_size_bytes) return false;
  if (query.deleted.has_value() && *query.deleted != (entry.allocation != Allocation::kAllocated)) return false;
  if (!query.sha256.empty() &&
      !(entry.sha256.has_value() && std::binary_search(query.sha256.begin(), query.sha256.end(), *entry.sha256))) {
    return false;
  }
  return MatchesTimes(query, entry) && MatchesPath(query, entry.path);
}

bool MatchesAcquisition(const SearchQuery& query, std::string_view acquisition_id, std::string_view host_id) {
  if (!query.acquisition_id.empty() && query.acquisition_id != acquisition_id) return false;
  if (query.skipped_acquisitions.contains(AbslView(acquisition_id))) return false;
  return !query.host_ids.has_value() ||
         std::find(query.host_ids->begin(), query.host_ids->end(), host_id) != query.host_ids->end();
}

std::vector<PointInTime> PointsInTime(const SearchEntry& entry) {
  std::vector<PointInTime> points;
  const auto add = [&points](int64_t at, uint8_t kind) {
    if (at == 0) return;
    for (PointInTime& point : points) {
      if (point.at_unix_ns == at) {
        point.kinds |= kind;
        return;
      }
    }
    points.push_back({.at_unix_ns = at, .kinds = kind});
  };
  add(entry.modified_unix_ns, kModified);
  add(entry.accessed_unix_ns, kAccessed);
  add(entry.changed_unix_ns, kChanged);
  add(entry.born_unix_ns, kBorn);
  std::sort(points.begin(), points.end(),
            [](const PointInTime& a, const PointInTime& b) { return a.at_unix_ns < b.at_unix_ns; });
  return points;
}

SearchEntry EntryOf(const v1::Item& item) {
  SearchEntry entry;
  entry.item_index = item.index();
  entry.path = item.path();
  entry.kind = item.kind();
  entry.state = item.state();
  entry.size_bytes = item.has_stream() ? item.size_bytes() : item.file().size_bytes();
  if (const absl::StatusOr<Digest> sha256 = Digest::FromBytes(item.sha256()); sha256.ok()) entry.sha256 = *sha256;
  if (item.allocation() == v1::ALLOCATION_DELETED) entry.allocation = Allocation::kDeleted;
  if (item.allocation() == v1::ALLOCATION_REALLOCATED) entry.allocation = Allocation::kReallocated;
  if (item.has_file()) {
    const v1::FileMetadata& file = item.file();
    entry.modified_unix_ns = file.modified_unix_ns();
    entry.accessed_unix_ns = file.accessed_unix_ns();
    entry.changed_unix_ns = file.changed_unix_ns();
    entry.born_unix_ns = file.born_unix_ns();
    entry.mode = file.mode();
    entry.uid = file.uid();
    entry.gid = file.gid();
    entry.address = Concat(file.inode());
  }
  return entry;
}

}  // namespace hozen
