// How much a triage would bring home, found out without reading contents: the same order for metadata only.
#ifndef HOZEN_TOOLS_HOZEN_ESTIMATE_H_
#define HOZEN_TOOLS_HOZEN_ESTIMATE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

struct MetadataPlan {
  v1::Plan plan;
  std::vector<bool> wants_contents;  // of each of its targets: did the order ask for contents?
  int dropped = 0;                   // commands and volatile state, whose output has no size beforehand
};

// The order, asking for metadata where it asked for contents.
MetadataPlan MetadataOnly(v1::Plan order);

// Thread-compatible.
class Estimate {
 public:
  struct Sum {
    uint64_t files = 0;
    uint64_t bytes = 0;   // of contents that are wanted, of files not counted before under another artifact or name
    uint64_t failed = 0;  // what could not even be looked at
  };
  // `most_file_bytes`: longer files are cut off there; 0 = none are.
  Estimate(std::vector<bool> wants_contents, uint64_t most_file_bytes)
      : wants_contents_(std::move(wants_contents)), most_file_bytes_(most_file_bytes) {}

  void Add(const v1::Item& item);
  // By artifact; what was named by path has an empty name.
  const std::map<std::string, Sum>& by_artifact() const { return by_artifact_; }
  Sum total() const;

 private:
  const std::vector<bool> wants_contents_;
  const uint64_t most_file_bytes_;
  std::map<std::string, Sum> by_artifact_;
  absl::flat_hash_set<std::pair<uint64_t, uint64_t>> seen_;  // device and inode
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_ESTIMATE_H_
