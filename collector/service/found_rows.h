// What the search index finds, as callers see it: an item's whole row from the catalog, or a file on a disk.
#ifndef HOZEN_COLLECTOR_SERVICE_FOUND_ROWS_H_
#define HOZEN_COLLECTOR_SERVICE_FOUND_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"
#include "collector/search/search_entry.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

// For one answer; remembers names within bounds. Thread-compatible.
class FoundRows {
 public:
  // The catalog must outlive it. Asks only for what is this customer's.
  FoundRows(Catalog& catalog, std::string customer_id) : catalog_(catalog), customer_id_(std::move(customer_id)) {}

  // With all that the catalog has. NotFound where the catalog has no such item: it is older than the index.
  absl::StatusOr<v1::ItemRow> Whole(const SearchHit& hit);
  // What the index has, for answers of many rows.
  absl::StatusOr<v1::ItemRow> Brief(const SearchHit& hit);

 private:
  absl::StatusOr<v1::ItemRow> Begin(const SearchHit& hit);
  absl::StatusOr<std::string> HostnameOf(const std::string& host_id);
  absl::StatusOr<std::string> VolumeOf(const std::string& acquisition_id, uint64_t listing_index);

  Catalog& catalog_;
  const std::string customer_id_;
  absl::flat_hash_map<std::string, std::string> hostnames_;
  absl::flat_hash_map<std::pair<std::string, uint64_t>, std::string> volumes_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_FOUND_ROWS_H_
