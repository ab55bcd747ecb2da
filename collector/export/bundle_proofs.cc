#include "collector/export/bundle_proofs.h"

#include <string>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/json/json.h"

namespace hozen {
namespace {

constexpr size_t kMostProofsBytes = 2 << 20;
constexpr uint64_t kMostProofsInBundle = 10'000;
constexpr int kAttempts = 8;

// Exactly, by the entry's member, not by whatever text it holds.
bool Names(const std::string& entry, std::string_view acquisition_id) {
  if (entry.find(acquisition_id) == std::string::npos) return false;
  const Json parsed = ParseJson(entry);
  if (!parsed.is_object()) return false;
  const auto member = parsed.find("acquisition_id");
  return member != parsed.end() && member->is_string() && member->get_ref<const std::string&>() == acquisition_id;
}

absl::StatusOr<std::vector<uint64_t>> FindEntries(CustodyLog& log, std::string_view acquisition_id,
                                                  uint64_t start_index, uint64_t most) {
  std::vector<uint64_t> found;
  const uint64_t size = log.size();
  for (uint64_t index = start_index; index < size && found.size() < most; ++index) {
    if (!acquisition_id.empty()) {
      HOZEN_ASSIGN_OR_RETURN(const std::string entry, log.Entry(index));
      if (!Names(entry, acquisition_id)) continue;
    }
    found.push_back(index);
  }
  return found;
}

}  // namespace

absl::StatusOr<v1::CustodyBundle> ProveCustody(CustodyLog& log, std::string_view acquisition_id, uint64_t start_index,
                                               uint64_t most) {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<uint64_t> indices, FindEntries(log, acquisition_id, start_index, most));
  v1::CustodyBundle bundle;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    bundle.Clear();
    bool one_size = true;
    size_t size_bytes = 0;
    for (const uint64_t index : indices) {
      HOZEN_ASSIGN_OR_RETURN(v1::CustodyProof proof, log.Prove(index));
      one_size = one_size && (bundle.proofs().empty() || proof.tree_size() == bundle.proofs(0).tree_size());
      size_bytes += proof.ByteSizeLong();
      *bundle.add_proofs() = std::move(proof);
      if (size_bytes > kMostProofsBytes) break;
    }
    if (one_size) break;
  }
  return bundle;
}

absl::StatusOr<BundleProofs> CollectProofs(CustomerVault& vault, Catalog& catalog, std::string_view acquisition_id) {
  HOZEN_ASSIGN_OR_RETURN(const CustomerRow customer, catalog.GetCustomer(vault.customer_id()));
  BundleProofs proofs{.delegation = customer.delegation};
  uint64_t next = 0;
  while (static_cast<uint64_t>(proofs.custody.proofs_size()) < kMostProofsInBundle) {
    HOZEN_ASSIGN_OR_RETURN(v1::CustodyBundle page, ProveCustody(vault.custody(), acquisition_id, next,
                                                                kMostProofsInBundle - proofs.custody.proofs_size()));
    if (page.proofs().empty()) break;
    next = page.proofs(page.proofs_size() - 1).leaf_index() + 1;
    proofs.custody.MergeFrom(page);
  }
  return proofs;
}

}  // namespace hozen
