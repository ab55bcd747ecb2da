#include "collector/export/verify_evidence.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/key.h"
#include "core/crypto/sha256.h"
#include "core/evidence/trust.h"

namespace hozen {
namespace {

constexpr uint64_t kMostFaultsOfAnItem = 100;

// Hashes what a run gave; nothing else wants it. `poll` ends a run of zeros that is as long as a disk.
class HashOnly : public StreamSink {
 public:
  HashOnly(Sha256& hash, std::function<absl::Status()> poll) : hash_(hash), poll_(std::move(poll)) {}
  absl::Status Data(std::string_view bytes) override {
    hash_.Update(bytes);
    return absl::OkStatus();
  }
  absl::Status Zeros(uint64_t size_bytes) override {
    hash_.UpdateZeros(size_bytes);
    return poll_();
  }

 private:
  Sha256& hash_;
  const std::function<absl::Status()> poll_;
};

// That the manifest is what the customer's authority, the host and the custody log say it is.
absl::Status CheckTrust(StoredEvidence& evidence, CustomerVault& vault, Catalog& catalog) {
  const AcquisitionRow& row = evidence.row();
  HOZEN_ASSIGN_OR_RETURN(const CustomerRow customer, catalog.GetCustomer(vault.customer_id()));
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, PublicKey::FromDer(customer.authority_key_der));
  HOZEN_ASSIGN_OR_RETURN(const v1::Delegation delegation, VerifyDelegation(customer.delegation, authority));
  HOZEN_ASSIGN_OR_RETURN(const HostIdentity host, VerifyHostChain(row.host_chain_pem, delegation));
  HOZEN_ASSIGN_OR_RETURN(const v1::Manifest manifest, VerifyManifest(row.manifest, host));
  if (manifest.acquisition_id() != row.acquisition.acquisition_id()) {
    return absl::DataLossError(Concat("it is the manifest of acquisition ", manifest.acquisition_id()));
  }
  if (!row.custody_index.has_value()) return absl::DataLossError("the custody log's entry is not known");
  HOZEN_ASSIGN_OR_RETURN(const v1::CustodyProof proof, vault.custody().Prove(*row.custody_index));
  HOZEN_RETURN_IF_ERROR(VerifyCustodyProof(proof, delegation));
  if (proof.entry().find(Sha256::Of(row.manifest.payload()).ToHex()) == std::string::npos) {
    return absl::DataLossError(Concat("entry ", *row.custody_index, " of the custody log is of another manifest"));
  }
  return absl::OkStatus();
}

class Verification {
 public:
  Verification(StoredEvidence& evidence, CustomerVault& vault, Catalog& catalog, const OnVerified& on_verified)
      : evidence_(evidence), vault_(vault), catalog_(catalog), on_verified_(on_verified) {}

  absl::StatusOr<VerifyOutcome> Run() {
    if (const absl::Status trust = CheckTrust(evidence_, vault_, catalog_); !trust.ok()) {
      HOZEN_RETURN_IF_ERROR(Report({}, 0, Concat("the manifest: ", StdView(trust.message()))));
    }
    const absl::Status body = evidence_.ReadBody(
        {.on_extents = [this](uint64_t, const ExtentList& extents) { return VerifyExtents(extents); },
         .on_item = [this](uint64_t, const v1::Item& item) { return FinishItem(item); }});
    HOZEN_RETURN_IF_ERROR(stopped_);
    if (!body.ok()) {
      HOZEN_RETURN_IF_ERROR(Report({}, 0, Concat("the manifest's body: ", StdView(body.message()))));
      HOZEN_RETURN_IF_ERROR(GoOnByCatalog());
    }
    return outcome_;
  }

 private:
  struct Place {
    uint64_t item_index = 0;
    std::string path;
  };

  absl::Status Report(const Place& place, uint64_t offset_bytes, std::string detail) {
    v1::VerifyFault fault;
    fault.set_item_index(place.item_index);
    fault.set_path(place.path);
    fault.set_offset_bytes(offset_bytes);
    fault.set_detail(std::move(detail));
    ++outcome_.faults;
    stopped_ = on_verified_(outcome_, &fault);
    return stopped_;
  }

  absl::Status Poll() {
    stopped_ = on_verified_(outcome_, nullptr);
    return stopped_;
  }

  absl::Status VerifyExtents(const ExtentList& extents) {
    HashOnly sink(hash_, [this] { return Poll(); });
    for (const v1::Extent& extent : extents) {
      const absl::Status read = evidence_.ReadExtent(extent, sink);
      HOZEN_RETURN_IF_ERROR(stopped_);
      if (read.ok()) {
        outcome_.verified_bytes += extent.size_bytes();
      } else {
        ++item_faults_;
        // The item's path comes only with the item, so these wait for it.
        if (item_faults_ <= kMostFaultsOfAnItem) waiting_.emplace_back(at_bytes_, std::string(StdView(read.message())));
      }
      at_bytes_ += extent.size_bytes();
      HOZEN_RETURN_IF_ERROR(Poll());
    }
    return absl::OkStatus();
  }

  absl::Status FinishItem(const v1::Item& item) {
    const Place place{.item_index = item.index(), .path = item.path()};
    for (const auto& [offset_bytes, detail] : std::exchange(waiting_, {})) {
      HOZEN_RETURN_IF_ERROR(Report(place, offset_bytes, detail));
    }
    if (item_faults_ > kMostFaultsOfAnItem) {
      HOZEN_RETURN_IF_ERROR(
          Report(place, 0, Concat("and ", item_faults_ - kMostFaultsOfAnItem, " more chunks of this item")));
    }
    const Digest found = std::exchange(hash_, Sha256()).Finish();
    // With chunks missing the hash is wrong anyway, and says nothing new.
    if (item_faults_ == 0) {
      if (item.has_stream() && found.bytes() != item.sha256()) {
        HOZEN_RETURN_IF_ERROR(Report(place, 0,
                                     Concat("its stream has the SHA-256 ", found.ToHex(), ", the manifest says ",
                                            absl::BytesToHexString(item.sha256()))));
      } else {
        ++outcome_.verified_items;
      }
    }
    next_index_ = item.index() + 1;
    at_bytes_ = 0;
    item_faults_ = 0;
    return Poll();
  }

  // The body cannot be followed any further, but the catalog knows where each later item's records stand in it.
  absl::Status GoOnByCatalog() {
    for (uint64_t index = next_index_; index < evidence_.manifest().items(); ++index) {
      const absl::StatusOr<IndexedItem> indexed =
          catalog_.GetItem(vault_.customer_id(), evidence_.row().acquisition.acquisition_id(), index);
      if (absl::IsNotFound(indexed.status())) {
        HOZEN_RETURN_IF_ERROR(Report({.item_index = index}, 0, "the catalog does not know this item"));
        continue;
      }
      HOZEN_RETURN_IF_ERROR(indexed.status());
      HOZEN_RETURN_IF_ERROR(VerifyAlone(indexed->item));
    }
    return absl::OkStatus();
  }

  absl::Status VerifyAlone(const v1::Item& item) {
    if (!item.has_stream()) return absl::OkStatus();
    Sha256 hash;
    HashOnly sink(hash, [this] { return Poll(); });
    const absl::Status read = evidence_.ReadItem(item.index(), 0, 0, sink);
    HOZEN_RETURN_IF_ERROR(stopped_);
    if (!read.ok())
      return Report({.item_index = item.index(), .path = item.path()}, 0, std::string(StdView(read.message())));
    outcome_.verified_bytes += item.size_bytes();
    ++outcome_.verified_items;
    return Poll();
  }

  StoredEvidence& evidence_;
  CustomerVault& vault_;
  Catalog& catalog_;
  const OnVerified& on_verified_;
  VerifyOutcome outcome_;
  absl::Status stopped_;  // by on_verified_
  // Of the item whose map is being read:
  Sha256 hash_;
  uint64_t at_bytes_ = 0;
  uint64_t item_faults_ = 0;
  std::vector<std::pair<uint64_t, std::string>> waiting_;
  uint64_t next_index_ = 0;
};

}  // namespace

absl::StatusOr<VerifyOutcome> VerifyEvidence(StoredEvidence& evidence, CustomerVault& vault, Catalog& catalog,
                                             const OnVerified& on_verified) {
  return Verification(evidence, vault, catalog, on_verified).Run();
}

}  // namespace hozen
