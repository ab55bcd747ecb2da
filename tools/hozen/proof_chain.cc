#include "tools/hozen/proof_chain.h"

#include <utility>

#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/evidence/trust.h"
#include "core/json/json.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

template <typename Message>
absl::StatusOr<Message> Parse(const std::string& bytes) {
  Message message;
  if (bytes.empty()) {
    return absl::DataLossError(AbslView(Say("it is missing or empty", "存在しないか空です")));
  }
  if (!message.ParseFromString(bytes)) {
    return absl::DataLossError(AbslView(Say("it is damaged", "壊れています")));
  }
  return message;
}

absl::StatusOr<v1::Delegation> CheckDelegation(const BundleProofs& proofs, const PublicKey& authority) {
  HOZEN_ASSIGN_OR_RETURN(const v1::Envelope envelope, Parse<v1::Envelope>(proofs.delegation));
  auto delegation = VerifyDelegation(envelope, authority);
  if (delegation.ok()) return delegation;
  return WithContext(delegation.status(),
                     Say("it is not signed by this authority: the bundle is another customer's, or was tampered with",
                         "この認証局の署名ではありません（別の顧客のバンドルか、改ざんの可能性があります）"));
}

absl::Status CheckPlan(const BundleProofs& proofs, const PublicKey& authority, BundleReport& report) {
  HOZEN_ASSIGN_OR_RETURN(const v1::SignedPlan signed_plan, Parse<v1::SignedPlan>(proofs.plan));
  if (PlanDigest(signed_plan).bytes() != report.manifest.plan_sha256()) {
    return absl::DataLossError(
        AbslView(Say("it is not the plan that the manifest was made for", "マニフェストが作られた計画ではありません")));
  }
  // The manifest names this plan by its digest, so its own time may be asked for before its signature is seen.
  HOZEN_ASSIGN_OR_RETURN(const v1::Plan claimed, Parse<v1::Plan>(signed_plan.plan().payload()));
  PlanExpectation expectation;
  expectation.customer_id = report.manifest.customer_id();
  expectation.host_id = report.manifest.host_id();
  expectation.now = absl::FromUnixNanos(claimed.created_unix_ns());
  HOZEN_ASSIGN_OR_RETURN(report.plan, VerifyPlan(signed_plan, authority, expectation));
  return absl::OkStatus();
}

// True where the entry says that this manifest was committed.
bool IsCommit(const std::string& entry, const v1::Manifest& manifest, const std::string& manifest_sha256,
              std::string& time) {
  const Json json = ParseJson(entry);
  if (!json.is_object()) return false;
  const auto text = [&json](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text("kind") != "acquisition.committed" || text("acquisition_id") != manifest.acquisition_id() ||
      text("manifest_sha256") != manifest_sha256) {
    return false;
  }
  time = text("time");
  return true;
}

absl::Status CheckCustody(const BundleProofs& proofs, const std::string& manifest_sha256, BundleReport& report) {
  HOZEN_ASSIGN_OR_RETURN(const v1::CustodyBundle custody, Parse<v1::CustodyBundle>(proofs.custody));
  bool committed = false;
  for (const v1::CustodyProof& proof : custody.proofs()) {
    const absl::Status proven = VerifyCustodyProof(proof, report.delegation);
    if (!proven.ok()) return WithContext(proven, Concat(Say("entry ", "項目 "), proof.leaf_index()));
    ++report.custody_entries;
    committed = committed || IsCommit(proof.entry(), report.manifest, manifest_sha256, report.committed_time);
  }
  if (committed) return absl::OkStatus();
  return absl::DataLossError(
      AbslView(Say("no entry says that this manifest was committed", "このマニフェストの登録を示す項目がありません")));
}

}  // namespace

bool VerifyProofs(const BundleProofs& proofs, const PublicKey& authority, BundleReport& report) {
  auto delegation = CheckDelegation(proofs, authority);
  if (!delegation.ok()) {
    report.Add("delegation", std::string(delegation.status().message()));
    return false;
  }
  report.delegation = *std::move(delegation);
  const auto host = VerifyHostChain(proofs.host_chain, report.delegation);
  if (!host.ok()) {
    report.Add("host chain", std::string(host.status().message()));
    return false;
  }
  const auto envelope = Parse<v1::Envelope>(proofs.manifest);
  if (!envelope.ok()) {
    report.Add("manifest", std::string(envelope.status().message()));
    return false;
  }
  auto manifest = VerifyManifest(*envelope, *host);
  if (!manifest.ok()) {
    report.Add("manifest", std::string(manifest.status().message()));
    return false;
  }
  report.manifest = *std::move(manifest);
  const absl::Status plan = CheckPlan(proofs, authority, report);
  if (!plan.ok()) report.Add("plan", std::string(plan.message()));
  const absl::Status custody = CheckCustody(proofs, Sha256::Of(envelope->payload()).ToHex(), report);
  if (!custody.ok()) report.Add("custody", std::string(custody.message()));
  return true;
}

}  // namespace hozen
