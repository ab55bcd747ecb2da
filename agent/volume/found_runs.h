// What is asked about the runs of a file system, and what is answered.
#ifndef HOZEN_AGENT_VOLUME_FOUND_RUNS_H_
#define HOZEN_AGENT_VOLUME_FOUND_RUNS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/chunk/cutter.h"

namespace hozen {

struct RunQuery {
  uint64_t offset_bytes = 0;   // of the file system on the disk
  uint64_t from_bytes = 0;     // of the disk: what lies before it was asked for already
  size_t most_runs = 0;        // more are not kept; the answer then ends earlier
  bool valuable_only = false;  // only runs with a rank
};

template <typename Run>
struct FoundRuns {
  std::vector<Run> runs;   // sorted by where they begin, none before from_bytes
  uint64_t end_bytes = 0;  // what begins before this place of the disk is all here
  bool complete = false;   // there are no more; end_bytes is then the file system's
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_FOUND_RUNS_H_
