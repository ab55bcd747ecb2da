// The files that tools/bench search looks for: made up, but named as real ones are. The same numbers always give the
// same file.
#ifndef HOZEN_COLLECTOR_SEARCH_BENCH_MADE_UP_FLEET_H_
#define HOZEN_COLLECTOR_SEARCH_BENCH_MADE_UP_FLEET_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "collector/search/search_entry.h"

namespace hozen {

inline constexpr int64_t kNsPerSecond = 1'000'000'000;
inline constexpr int64_t kFleetBeginsUnixNs = 1'700'000'000 * kNsPerSecond;
inline constexpr int64_t kFleetSeconds = 365 * 24 * 3600;

// Spreads numbers evenly, the same way each time.
uint64_t Mix(uint64_t number);

// Hosts run one of twelve systems, four of them with paths as Windows has them. Of a host's files 80 in 100 are its
// system's: a real path, where three in ten have other version numbers in each system. The others are its own: real
// names with a number of their own below a user's folder or among logs. A host's later acquisitions have 7 in 10 of
// these again. 3 files in 100 are empty, 1 in 10 stands in a listing of a disk, and of those 1 in 20 is deleted.
// Thread-safe.
class MadeUpFleet {
 public:
  struct Options {
    std::vector<std::string> real_paths;  // absolute, at least one
    uint64_t acquisitions = 0;
    uint64_t items_of_acquisition = 0;
    uint64_t hosts = 0;
  };
  explicit MadeUpFleet(Options options) : options_(std::move(options)) {}

  SearchEntry Make(uint64_t acquisition, uint64_t index) const;
  // One of them all, another for each number.
  SearchEntry Some(uint64_t number) const;
  uint64_t HostOf(uint64_t acquisition) const { return acquisition % options_.hosts; }
  static std::string HostId(uint64_t host);
  static std::string AcquisitionId(uint64_t acquisition);
  const Options& options() const { return options_; }

 private:
  std::string SystemPath(uint64_t system, uint64_t number) const;
  std::string OwnPath(uint64_t host, uint64_t system, uint64_t number) const;
  void SetTimes(uint64_t host, uint64_t acquisition, uint64_t content, bool own, SearchEntry& entry) const;

  const Options options_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_BENCH_MADE_UP_FLEET_H_
