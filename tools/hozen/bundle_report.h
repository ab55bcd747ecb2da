// What a bundle turned out to be.
#ifndef HOZEN_TOOLS_HOZEN_BUNDLE_REPORT_H_
#define HOZEN_TOOLS_HOZEN_BUNDLE_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// One thing that is wrong.
struct BundleFault {
  std::string where;  // the entry or part of the bundle, printable
  std::string detail;
  std::optional<uint64_t> item_index;
  std::string path;  // the item's, as bytes
  // Of the first wrong byte's run in the item's stream.
  std::optional<uint64_t> offset_bytes;
};

struct BundleReport {
  std::string format;         // "zip", "raw"
  v1::Delegation delegation;  // once verified; likewise below
  v1::Manifest manifest;
  v1::Plan plan;
  std::string committed_time;  // as the custody log has it
  uint64_t custody_entries = 0;
  uint64_t verified_items = 0;  // with a stream, whose bytes are right
  uint64_t verified_bytes = 0;
  // Of the image of a part of a disk: in chunks that reach out of it, so that what was signed does not tell.
  uint64_t unproven_bytes = 0;
  uint64_t fault_count = 0;
  std::vector<BundleFault> faults;  // the first of them

  bool ok() const { return fault_count == 0; }
  void Add(BundleFault fault) {
    constexpr size_t kMostKept = 1000;
    ++fault_count;
    if (faults.size() < kMostKept) faults.push_back(std::move(fault));
  }
  void Add(std::string where, std::string detail) {
    BundleFault fault;
    fault.where = std::move(where);
    fault.detail = std::move(detail);
    Add(std::move(fault));
  }
};

// Bytes checked so far and bytes to check (0: unknown).
using BundleProgress = std::function<void(uint64_t done_bytes, uint64_t expected_bytes)>;

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_BUNDLE_REPORT_H_
