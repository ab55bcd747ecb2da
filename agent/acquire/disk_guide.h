// What is known of a disk before it is read: which bytes belong to which file, and which may be left out.
#ifndef HOZEN_AGENT_ACQUIRE_DISK_GUIDE_H_
#define HOZEN_AGENT_ACQUIRE_DISK_GUIDE_H_

#include <cstdint>
#include <vector>

#include "core/chunk/cutter.h"

namespace hozen {

struct DiskZone {
  uint64_t end_bytes = 0;
  std::vector<FileRun> runs;
  std::vector<ByteRange> left_out;  // not to be acquired
};

// Called from one thread at a time, the one that made it. A guide only advises: what it cannot find out, it leaves
// away.
class DiskGuide {
 public:
  virtual ~DiskGuide() = default;

  // What is known from from_bytes on, up to the zone's end, which lies behind it.
  virtual DiskZone Look(uint64_t from_bytes) = 0;

  // The runs with a rank, sorted by where they begin.
  virtual std::vector<FileRun> Valuable() = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_DISK_GUIDE_H_
