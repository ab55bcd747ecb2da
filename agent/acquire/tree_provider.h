// Which trees, beside the running system, the files of an acquisition are looked for in.
#ifndef HOZEN_AGENT_ACQUIRE_TREE_PROVIDER_H_
#define HOZEN_AGENT_ACQUIRE_TREE_PROVIDER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "agent/acquire/file_tree.h"
#include "agent/acquire/item_sink.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// The trees are the provider's.
struct TreeSet {
  FileTree* raw = nullptr;  // the host's volumes; null where they cannot be read so, and then why
  std::string why_not_raw;
  FileTree* offline = nullptr;         // where it is set, files are looked for here and nowhere else
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
