// What the agent asks its volume reader about a registry, and how an answer ends.
#ifndef HOZEN_AGENT_VOLUME_REGISTRY_QUERY_H_
#define HOZEN_AGENT_VOLUME_REGISTRY_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/volume/raw_file.h"
#include "proto/hozen/v1/registry.pb.h"

namespace hozen {

inline constexpr uint64_t kMaxHiveBytes = uint64_t{512} << 20;
inline constexpr size_t kMaxHiveLogs = 3;
inline constexpr uint64_t kMaxHiveLogBytes = uint64_t{64} << 20;
inline constexpr size_t kMaxRegistryValueBytes = 1 << 20;  // of one value's data; the rest is left out, which shows
// A record is at most so long: one value of the most bytes, names and a path.
inline constexpr size_t kMaxRegistryKeyBytes = 4 << 20;

struct RegistryQuery {
  RawFileId hive;
  RawAttributeId attribute;     // the contents, where it says nothing
  std::vector<RawFileId> logs;  // the contents of .LOG1, .LOG2, .LOG, as far as they are there
  std::string key = "\\";       // a pattern below the hive's root that begins with \, as in plans; "\" is the root
  // Only values whose name it matches (* and ?; ASCII's case does not matter; "" is the unnamed one), and only keys
  // that have one. Without it all.
  std::optional<std::string> value;
};

struct RegistryEnd {
  uint64_t keys = 0;    // records handed on, parts of a key counted once, notes of damage not at all
  uint64_t errors = 0;  // keys and values that could not be read
  // Windows had not written all that it meant to. Where log_entries is 0, what is missing was not found in logs.
  bool dirty = false;
  uint64_t log_entries = 0;  // of the logs that were replayed in memory
};

using OnRegistryKey = std::function<absl::Status(const v1::RegistryKey&)>;

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_REGISTRY_QUERY_H_
