#include "collector/service/found_rows.h"

#include <cstddef>

#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMostRemembered = 10'000;
constexpr std::string_view kListingEnding = ".bodyfile";

v1::OnDisk::Allocation AllocationOf(Allocation allocation) {
  switch (allocation) {
    case Allocation::kAllocated:
      return v1::OnDisk::ALLOCATION_ALLOCATED;
    case Allocation::kDeleted:
      return v1::OnDisk::ALLOCATION_DELETED;
    case Allocation::kReallocated:
      return v1::OnDisk::ALLOCATION_REALLOCATED;
  }
  return v1::OnDisk::ALLOCATION_UNSPECIFIED;
}

void FillItem(const SearchEntry& entry, v1::Item& item) {
  item.set_index(entry.item_index);
  item.set_kind(entry.kind);
  item.set_state(entry.state);
  item.set_path(entry.path);
  if (entry.sha256.has_value()) item.set_sha256(std::string(entry.sha256->bytes()));
  v1::FileMetadata& file = *item.mutable_file();
  file.set_mode(entry.mode);
  file.set_uid(entry.uid);
  file.set_gid(entry.gid);
  file.set_size_bytes(entry.size_bytes);
  file.set_modified_unix_ns(entry.modified_unix_ns);
  file.set_accessed_unix_ns(entry.accessed_unix_ns);
  file.set_changed_unix_ns(entry.changed_unix_ns);
  file.set_born_unix_ns(entry.born_unix_ns);
  uint64_t inode = 0;
  const std::string_view digits = std::string_view(entry.address).substr(0, entry.address.find('-'));
  if (absl::SimpleAtoi(AbslView(digits), &inode)) file.set_inode(inode);
}

}  // namespace

absl::StatusOr<v1::ItemRow> FoundRows::Whole(const SearchHit& hit) {
  if (hit.entry.in_listing) return Brief(hit);
  HOZEN_ASSIGN_OR_RETURN(v1::ItemRow row, Begin(hit));
  HOZEN_ASSIGN_OR_RETURN(IndexedItem indexed, catalog_.GetItem(customer_id_, hit.acquisition_id, hit.entry.item_index));
  *row.mutable_item() = std::move(indexed.item);
  return row;
}

absl::StatusOr<v1::ItemRow> FoundRows::Brief(const SearchHit& hit) {
  HOZEN_ASSIGN_OR_RETURN(v1::ItemRow row, Begin(hit));
  FillItem(hit.entry, *row.mutable_item());
  if (!hit.entry.in_listing) return row;
  v1::OnDisk& on_disk = *row.mutable_on_disk();
  on_disk.set_listing_index(hit.entry.item_index);
  HOZEN_ASSIGN_OR_RETURN(*on_disk.mutable_volume(), VolumeOf(hit.acquisition_id, hit.entry.item_index));
  on_disk.set_address(hit.entry.address);
  on_disk.set_allocation(AllocationOf(hit.entry.allocation));
  on_disk.set_file_name_times(hit.entry.file_name_times);
  return row;
}

absl::StatusOr<v1::ItemRow> FoundRows::Begin(const SearchHit& hit) {
  v1::ItemRow row;
  row.set_acquisition_id(hit.acquisition_id);
  row.set_host_id(hit.host_id);
  HOZEN_ASSIGN_OR_RETURN(*row.mutable_hostname(), HostnameOf(hit.host_id));
  return row;
}

absl::StatusOr<std::string> FoundRows::HostnameOf(const std::string& host_id) {
  if (const auto found = hostnames_.find(host_id); found != hostnames_.end()) return found->second;
  HOZEN_ASSIGN_OR_RETURN(const HostRow host, catalog_.GetHost(customer_id_, host_id));
  if (hostnames_.size() >= kMostRemembered) hostnames_.clear();
  return hostnames_.emplace(host_id, host.host.facts().hostname()).first->second;
}

absl::StatusOr<std::string> FoundRows::VolumeOf(const std::string& acquisition_id, uint64_t listing_index) {
  const std::pair<std::string, uint64_t> key(acquisition_id, listing_index);
  if (const auto found = volumes_.find(key); found != volumes_.end()) return found->second;
  HOZEN_ASSIGN_OR_RETURN(const IndexedItem listing, catalog_.GetItem(customer_id_, acquisition_id, listing_index));
  std::string_view volume = listing.item.path();
  if (volume.ends_with(kListingEnding)) volume.remove_suffix(kListingEnding.size());
  if (volumes_.size() >= kMostRemembered) volumes_.clear();
  return volumes_.emplace(key, std::string(volume)).first->second;
}

}  // namespace hozen
