#include "collector/search/indexer.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "collector/export/stored_evidence.h"
#include "collector/search/listing_reader.h"
#include "collector/search/matching.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxBatchBytes = 4 << 20;
// What an entry takes with all its indexes and events, beside its path, which is there several times.
constexpr uint64_t kEntryOverheadBytes = 512;
constexpr uint64_t kPathFactor = 6;

// One acquisition on its way into the index.
class Work {
 public:
  Work(CustomerVault& vault, Customers& customers, Catalog& catalog, SearchIndex& index, const AcquisitionRow& row,
       size_t entries_per_batch, const std::function<absl::Status()>& poll)
      : vault_(vault),
        customers_(customers),
        catalog_(catalog),
        index_(index),
        entries_per_batch_(entries_per_batch),
        poll_(poll) {
    batch_.acquisition_id = row.acquisition.acquisition_id();
    batch_.host_id = row.acquisition.host_id();
  }

  absl::Status Run() {
    HOZEN_ASSIGN_OR_RETURN(batch_.from, index_.Position(batch_.acquisition_id));
    if (batch_.from.done) return absl::OkStatus();
    batch_.to = batch_.from;
    ItemQuery query;
    query.acquisition_id = batch_.acquisition_id;
    query.from_index = batch_.from.next_item;
    HOZEN_RETURN_IF_ERROR(catalog_.FindItems(vault_.customer_id(), query,
                                             [this](const v1::ItemRow& row) { return TakeItem(row.item()); }));
    batch_.to.done = true;
    return Flush();
  }

 private:
  absl::Status TakeItem(const v1::Item& item) {
    // Its lines first, the listing itself last: a position inside of it then says all.
    if (item.kind() == v1::Item::KIND_LISTING && item.has_stream()) HOZEN_RETURN_IF_ERROR(TakeListing(item));
    return Take(EntryOf(item), {.next_item = item.index() + 1, .next_byte = 0});
  }

  absl::Status TakeListing(const v1::Item& item) {
    const uint64_t start = batch_.to.next_item == item.index() ? batch_.to.next_byte : 0;
    if (start >= item.size_bytes()) return absl::OkStatus();
    if (!evidence_.has_value()) {
      HOZEN_ASSIGN_OR_RETURN(StoredEvidence opened, StoredEvidence::Open(vault_, catalog_, batch_.acquisition_id));
      evidence_.emplace(std::move(opened));
    }
    ListingReader reader(start, [&](SearchEntry entry, uint64_t behind_byte) {
      entry.item_index = item.index();
      return Take(std::move(entry), {.next_item = item.index(), .next_byte = behind_byte});
    });
    class Sink : public StreamSink {
     public:
      explicit Sink(ListingReader& to) : reader_(to) {}
      absl::Status Data(std::string_view bytes) override { return reader_.Feed(bytes); }
      absl::Status Zeros(uint64_t size_bytes) override {
        reader_.Skip(size_bytes);
        return absl::OkStatus();
      }

     private:
      ListingReader& reader_;
    } sink(reader);
    HOZEN_RETURN_IF_ERROR(evidence_->ReadItem(item.index(), start, 0, sink));
    HOZEN_RETURN_IF_ERROR(reader.Finish());
    if (reader.malformed() > 0) {
      Log(Severity::kWarning,
          Concat("lines of a listing were not understood customer=", vault_.customer_id(),
                 " acquisition=", batch_.acquisition_id, " item=", item.index(), " lines=", reader.malformed()));
    }
    return absl::OkStatus();
  }

  absl::Status Take(SearchEntry entry, const IndexPosition& behind) {
    bytes_ += entry.path.size();
    batch_.entries.push_back(std::move(entry));
    batch_.to = behind;
    return batch_.entries.size() >= entries_per_batch_ || bytes_ >= kMaxBatchBytes ? Flush() : absl::OkStatus();
  }

  absl::Status Flush() {
    HOZEN_RETURN_IF_ERROR(poll_());
    HOZEN_RETURN_IF_ERROR(
        customers_.CheckRoom(kEntryOverheadBytes * batch_.entries.size() + kPathFactor * uint64_t{bytes_}));
    HOZEN_RETURN_IF_ERROR(index_.Append(batch_));
    batch_.from = batch_.to;
    batch_.entries.clear();
    bytes_ = 0;
    return absl::OkStatus();
  }

  CustomerVault& vault_;
  Customers& customers_;
  Catalog& catalog_;
  SearchIndex& index_;
  const size_t entries_per_batch_;
  const std::function<absl::Status()>& poll_;
  std::optional<StoredEvidence> evidence_;
  SearchIndex::Batch batch_;
  size_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> PendingAcquisitions(Catalog& catalog, std::string_view customer_id,
                                                             SearchIndex& index) {
  // The index first: what is done or committed in between counts as pending, rather than as neither.
  HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> done, index.Done());
  HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> committed, catalog.CommittedAcquisitions(customer_id));
  std::vector<std::string> pending;
  std::set_difference(committed.begin(), committed.end(), done.begin(), done.end(), std::back_inserter(pending));
  return pending;
}

absl::StatusOr<std::vector<std::string>> Indexer::Pending(std::string_view customer_id) {
  HOZEN_ASSIGN_OR_RETURN(SearchIndex* const index, indexes_.Get(customer_id));
  return PendingAcquisitions(catalog_, customer_id, *index);
}

absl::Status Indexer::Index(std::string_view customer_id, std::string_view acquisition_id,
                            const std::function<absl::Status()>& poll) {
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, customers_.Get(customer_id));
  HOZEN_ASSIGN_OR_RETURN(SearchIndex* const index, indexes_.Get(customer_id));
  HOZEN_ASSIGN_OR_RETURN(const AcquisitionRow row, catalog_.GetAcquisition(customer_id, acquisition_id));
  return WithContext(Work(*vault, customers_, catalog_, *index, row, entries_per_batch_, poll).Run(),
                     Concat("indexing acquisition ", acquisition_id));
}

}  // namespace hozen
