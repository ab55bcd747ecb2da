// What can be found, and how it is asked for: pure values.
#ifndef HOZEN_COLLECTOR_SEARCH_SEARCH_ENTRY_H_
#define HOZEN_COLLECTOR_SEARCH_SEARCH_ENTRY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Kinds of points in time; sums of them are sets.
inline constexpr uint8_t kModified = 1;
inline constexpr uint8_t kAccessed = 2;
inline constexpr uint8_t kChanged = 4;
inline constexpr uint8_t kBorn = 8;
inline constexpr uint8_t kAnyTime = kModified | kAccessed | kChanged | kBorn;

enum class Allocation : uint8_t { kAllocated = 0, kDeleted = 1, kReallocated = 2 };

// An item of an acquisition, or a file on an acquired disk as the listing of its file system tells of it.
struct SearchEntry {
  uint64_t item_index = 0;  // of the item, or of the listing
  bool in_listing = false;
  std::string path;  // bytes; of a file in a listing, on its volume
  v1::Item::Kind kind = v1::Item::KIND_UNSPECIFIED;
  v1::Item::State state = v1::Item::STATE_COMPLETE;
  Allocation allocation = Allocation::kAllocated;
  bool file_name_times = false;  // the times are those of NTFS's $FILE_NAME
  uint64_t size_bytes = 0;
  std::optional<Digest> sha256;
  // Nanoseconds since 1970; 0 where not known.
  int64_t modified_unix_ns = 0;
  int64_t accessed_unix_ns = 0;
  int64_t changed_unix_ns = 0;
  int64_t born_unix_ns = 0;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string address;  // of its metadata, as fls prints it: "67", "67-128-1"

  friend bool operator==(const SearchEntry&, const SearchEntry&) = default;
};

struct SearchHit {
  SearchEntry entry;
  std::string acquisition_id;
  std::string host_id;
};

// Every condition that is given must hold; without any, everything is found.
struct SearchQuery {
  std::string path_glob;       // MatchesLoosely
  std::string contains;        // anywhere in the path; ASCII letters in either case
  std::string name;            // what follows the path's last separator, exactly
  std::vector<Digest> sha256;  // any of these
  // A time of one of these kinds at or after `from`, before `to`.
  uint8_t times = kAnyTime;
  std::optional<int64_t> from_unix_ns;
  std::optional<int64_t> to_unix_ns;
  std::optional<uint64_t> min_size_bytes;
  std::optional<uint64_t> max_size_bytes;
  std::optional<bool> deleted;
  std::optional<std::vector<std::string>> host_ids;  // any of these
  std::string acquisition_id;
  absl::flat_hash_set<std::string> skipped_acquisitions;

  bool has_times() const { return from_unix_ns.has_value() || to_unix_ns.has_value(); }
};

struct TimelineQuery {
  std::string host_id;
  std::string acquisition_id;  // empty for all of the host
  std::optional<int64_t> from_unix_ns;
  std::optional<int64_t> to_unix_ns;  // exclusive
};

struct TimelineEvent {
  int64_t at_unix_ns = 0;
  uint8_t kinds = 0;
  SearchHit hit;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_SEARCH_ENTRY_H_
