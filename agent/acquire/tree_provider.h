// Which trees, beside the running system, the files of an acquisition are looked for in.
#ifndef HOZEN_AGENT_ACQUIRE_TREE_PROVIDER_H_
#define HOZEN_AGENT_ACQUIRE_TREE_PROVIDER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/acquire/file_tree.h"
#include "agent/acquire/hive_map.h"
#include "agent/acquire/item_sink.h"
#include "agent/volume/registry_query.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/registry.pb.h"

namespace hozen {

// What a system says of itself: the one on an offline disk, or a running Windows. Thread-safe.
class SystemFacts {
 public:
  virtual ~SystemFacts() = default;
  // What a pattern with variables stands for there. Unimplemented for a variable that such a system does not know.
  virtual absl::StatusOr<std::vector<std::string>> Expand(std::string_view pattern) const = 0;
  // Null where it is no Windows.
  virtual const WindowsValues* windows() const { return nullptr; }
  // Keys of a hive, as RegistryQuery has `value`; NotFound where there is no such hive, errors else as
  // VolumeReader::ReadRegistry, or of the system. An error of on_key is returned.
  using OnKey = std::function<absl::Status(const v1::RegistryKey&)>;
  virtual absl::StatusOr<RegistryEnd> ReadKeys(const HivePlace& place, const std::optional<std::string>& value,
                                               const OnKey& on_key) = 0;
};

// All keys that a place means.
inline absl::StatusOr<std::vector<v1::RegistryKey>> AllKeysAt(SystemFacts& facts, const HivePlace& place) {
  std::vector<v1::RegistryKey> keys;
  const absl::StatusOr<RegistryEnd> end = facts.ReadKeys(place, std::nullopt, [&keys](const v1::RegistryKey& key) {
    keys.push_back(key);
    return absl::OkStatus();
  });
  if (!end.ok()) return end.status();
  return keys;
}

// The trees are the provider's.
struct TreeSet {
  FileTree* raw = nullptr;  // the host's volumes; null where they cannot be read so, and then why
  std::string why_not_raw;
  FileTree* offline = nullptr;         // where it is set, files are looked for here and nowhere else
  SystemFacts* facts = nullptr;        // of `offline`, or of a running Windows; null for a running Linux
  std::optional<v1::Failure> failure;  // why there is nothing to look in at all
};

// Thread-safe: a target that was left behind may still use its trees while the next one begins.
class TreeProvider {
 public:
  virtual ~TreeProvider() = default;
  // Makes what is not there yet. An offline disk is told to the sink as an item of the target that opened it. Errors
  // are the sink's.
  virtual absl::StatusOr<TreeSet> Open(uint32_t target_index, ItemSink& sink) = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_TREE_PROVIDER_H_
