#include "collector/service/evidence_access.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "collector/export/bodyfile_export.h"
#include "collector/export/bundle_proofs.h"
#include "collector/export/case_export.h"
#include "collector/export/csv_export.h"
#include "collector/export/hashing_sink.h"
#include "collector/export/item_filter.h"
#include "collector/export/raw_export.h"
#include "collector/export/tar_export.h"
#include "collector/export/timesketch_export.h"
#include "collector/export/verify_evidence.h"
#include "collector/export/zip_export.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxGlobBytes = 4096;
constexpr uint64_t kMostProofs = 1000;
constexpr absl::Duration kProgressInterval = absl::Milliseconds(250);
constexpr int kMostFaultsInMessage = 100;
// A host decides how long a path is, and a custody entry has a limit: no path may make its item unreadable.
constexpr size_t kMaxLoggedTextBytes = 4096;

absl::Status CheckGlob(std::string_view glob) {
  if (glob.size() <= kMaxGlobBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(Concat("the pattern is longer than ", kMaxGlobBytes, " bytes"));
}

CustodyEvent EventOf(std::string_view kind, const Caller& caller, const StoredEvidence& evidence) {
  return {.kind = std::string(kind),
          .actor = caller.Actor(),
          .acquisition_id = evidence.row().acquisition.acquisition_id(),
          .host_id = evidence.row().acquisition.host_id(),
          .details = {}};
}

// A format of bundles, with what was found out about it before its first byte.
struct Bundle {
  std::string format;
  ItemFilter filter;
  std::optional<v1::Item> disk;  // raw, raw-sidecar; likewise the others
  DiskRange range;
  std::string image_format;
};

ItemFilter FilterOf(const v1::ExportRequest& request) {
  return {.path_glob = request.path_glob(),
          .artifacts = {request.artifacts().begin(), request.artifacts().end()},
          .from_unix_ns = request.from_unix_ns(),
          .to_unix_ns = request.to_unix_ns()};
}

bool TakesFilter(std::string_view format) {
  return format == "tar" || format == "bodyfile" || format == "timesketch" || format == "csv" || format == "case";
}

// What of the evidence went out, for the custody log.
void AddFilter(const ItemFilter& filter, CustodyEvent& event) {
  if (!filter.path_glob.empty()) {
    event.details.emplace_back("path_glob", Printable(filter.path_glob).substr(0, kMaxLoggedTextBytes));
  }
  std::string artifacts;
  for (const std::string& artifact : filter.artifacts) {
    artifacts += Concat(artifacts.empty() ? "" : ", ", Printable(artifact));
  }
  if (!artifacts.empty()) event.details.emplace_back("artifacts", artifacts.substr(0, kMaxLoggedTextBytes));
  if (filter.from_unix_ns != 0) event.details.emplace_back("from_unix_ns", Concat(filter.from_unix_ns));
  if (filter.to_unix_ns != 0) event.details.emplace_back("to_unix_ns", Concat(filter.to_unix_ns));
}

absl::StatusOr<Bundle> PrepareBundle(const v1::ExportRequest& request, StoredEvidence& evidence) {
  Bundle bundle{.format = request.format(),
                .filter = FilterOf(request),
                .disk = std::nullopt,
                .range = {},
                .image_format = request.image_format()};
  HOZEN_RETURN_IF_ERROR(CheckFilter(bundle.filter));
  if (TakesFilter(bundle.format)) return bundle;
  if (!bundle.filter.takes_all()) {
    return absl::InvalidArgumentError(Concat("the format ", Printable(bundle.format),
                                             " holds all of its evidence, so that it can be verified; take tar, "
                                             "bodyfile, timesketch, csv or case for a part of it"));
  }
  if (bundle.format == "zip") return bundle;
  if (bundle.format == "raw" || bundle.format == "raw-sidecar") {
    const std::optional<uint64_t> index =
        request.has_item_index() ? std::optional<uint64_t>(request.item_index()) : std::nullopt;
    if (bundle.image_format.empty()) bundle.image_format = "raw";
    if (bundle.image_format != "raw" && bundle.image_format != "e01" && bundle.image_format != "aff4") {
      return absl::InvalidArgumentError(Concat("there is no image format ", Printable(bundle.image_format)));
    }
    HOZEN_ASSIGN_OR_RETURN(bundle.disk, FindDisk(evidence, index));
    HOZEN_ASSIGN_OR_RETURN(bundle.range, FindRange(*bundle.disk, request.offset_bytes(), request.size_bytes()));
    return bundle;
  }
  return absl::InvalidArgumentError(
      Concat("there is no format ", Printable(bundle.format),
             "; there are zip, raw, raw-sidecar, tar, bodyfile, timesketch, csv and case"));
}

absl::Status WriteBundle(const Bundle& bundle, StoredEvidence& evidence, CustomerVault& vault, Catalog& catalog,
                         StreamSink& sink) {
  if (bundle.format == "raw") return ExportRaw(evidence, *bundle.disk, bundle.range, sink);
  if (bundle.format == "tar") return ExportTar(evidence, bundle.filter, sink);
  if (bundle.format == "bodyfile") return ExportBodyfile(evidence, bundle.filter, sink);
  if (bundle.format == "timesketch") return ExportTimesketch(evidence, bundle.filter, sink);
  if (bundle.format == "csv") return ExportCsv(evidence, bundle.filter, sink);
  if (bundle.format == "case") return ExportCase(evidence, bundle.filter, sink);
  HOZEN_ASSIGN_OR_RETURN(const BundleProofs proofs,
                         CollectProofs(vault, catalog, evidence.row().acquisition.acquisition_id()));
  return bundle.format == "zip" ? ExportZip(evidence, proofs, sink)
                                : ExportRawSidecar(evidence, proofs, *bundle.disk, bundle.range, sink);
}

// Collects faults and says now and then how far a verification has come. Thread-compatible.
class ProgressReport {
 public:
  ProgressReport(const Clock& clock, uint64_t expected_bytes,
                 const std::function<absl::Status(const v1::VerifyProgress&)>& on_progress)
      : clock_(clock), on_progress_(on_progress), last_(clock.Monotonic()) {
    progress_.set_expected_bytes(expected_bytes);
  }

  absl::Status Add(const VerifyOutcome& outcome, const v1::VerifyFault* fault) {
    if (fault != nullptr) *progress_.add_faults() = *fault;
    if (clock_.Monotonic() - last_ < kProgressInterval && progress_.faults_size() < kMostFaultsInMessage) {
      return absl::OkStatus();
    }
    return Send(outcome);
  }

  absl::Status Finish(const VerifyOutcome& outcome, v1::CustodyProof proof) {
    progress_.set_finished(true);
    *progress_.mutable_custody() = std::move(proof);
    return Send(outcome);
  }

 private:
  absl::Status Send(const VerifyOutcome& outcome) {
    progress_.set_verified_bytes(outcome.verified_bytes);
    progress_.set_verified_items(outcome.verified_items);
    last_ = clock_.Monotonic();
    const absl::Status status = on_progress_(progress_);
    progress_.clear_faults();
    return status;
  }

  const Clock& clock_;
  const std::function<absl::Status(const v1::VerifyProgress&)>& on_progress_;
  absl::Duration last_;
  v1::VerifyProgress progress_;
};

std::string ResultName(const absl::StatusOr<VerifyOutcome>& outcome) {
  if (!outcome.ok()) return "not finished";
  return outcome->faults == 0 ? "intact" : "faulty";
}

}  // namespace

absl::Status EvidenceAccess::ListItems(const Caller& caller, const v1::ListItemsRequest& request, const OnRow& on_row) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadEvidence));
  HOZEN_RETURN_IF_ERROR(CheckGlob(request.path_glob()));
  HOZEN_RETURN_IF_ERROR(context_.catalog.GetAcquisition(caller.customer_id, request.acquisition_id()).status());
  ItemQuery query;
  query.acquisition_id = request.acquisition_id();
  query.failed_only = request.failed_only();
  query.path_glob = request.path_glob();
  return context_.catalog.FindItems(caller.customer_id, query, [&](const v1::ItemRow& row) {
    return request.disks_only() && row.item().kind() != v1::Item::KIND_DISK ? absl::OkStatus() : on_row(row);
  });
}

absl::Status EvidenceAccess::ListTargets(const Caller& caller, const v1::ListTargetsRequest& request,
                                         const OnTarget& on_target) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadEvidence));
  HOZEN_ASSIGN_OR_RETURN(const AcquisitionRow row,
                         context_.catalog.GetAcquisition(caller.customer_id, request.acquisition_id()));
  if (row.manifest.payload().empty()) return absl::OkStatus();
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(StoredEvidence evidence,
                         StoredEvidence::Open(*vault, context_.catalog, request.acquisition_id()));
  // The count was checked against the body when it was committed; a body may be long.
  if (request.failed_only() && evidence.manifest().failed_targets() == 0) return absl::OkStatus();
  return evidence.ReadBody({.on_target = [&](const v1::TargetOutcome& outcome) {
    return request.failed_only() && !outcome.has_failure() ? absl::OkStatus() : on_target(outcome);
  }});
}

absl::Status EvidenceAccess::ReadItem(const Caller& caller, const v1::ReadItemRequest& request, AnswerSink& sink) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadEvidence));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(StoredEvidence evidence,
                         StoredEvidence::Open(*vault, context_.catalog, request.acquisition_id()));
  HOZEN_ASSIGN_OR_RETURN(const IndexedItem indexed,
                         context_.catalog.GetItem(caller.customer_id, request.acquisition_id(), request.item_index()));
  CustodyEvent event = EventOf("evidence.read", caller, evidence);
  event.details = {{"item", Concat(request.item_index())},
                   {"path", indexed.item.path().substr(0, kMaxLoggedTextBytes)},
                   {"offset_bytes", Concat(request.offset_bytes())},
                   {"size_bytes", Concat(request.size_bytes())}};
  HOZEN_RETURN_IF_ERROR(vault->custody().Append(event).status());
  const uint64_t size = indexed.item.size_bytes();
  const uint64_t left = size - std::min(size, request.offset_bytes());
  if (indexed.item.has_stream()) {
    HOZEN_RETURN_IF_ERROR(sink.Expect(request.size_bytes() == 0 ? left : std::min(left, request.size_bytes())));
  }
  HashingSink hashing(sink);
  HOZEN_RETURN_IF_ERROR(evidence.ReadItem(request.item_index(), request.offset_bytes(), request.size_bytes(), hashing));
  v1::StreamEnd end;
  end.set_size_bytes(hashing.size_bytes());
  end.set_sha256(std::string(hashing.Finish().bytes()));
  return sink.End(end);
}

absl::Status EvidenceAccess::Export(const Caller& caller, const v1::ExportRequest& request, AnswerSink& sink) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadEvidence));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(StoredEvidence evidence,
                         StoredEvidence::Open(*vault, context_.catalog, request.acquisition_id()));
  HOZEN_ASSIGN_OR_RETURN(const Bundle bundle, PrepareBundle(request, evidence));
  CustodyEvent event = EventOf("evidence.export-started", caller, evidence);
  event.details = {{"format", bundle.format}};
  AddFilter(bundle.filter, event);
  if (bundle.disk.has_value()) {
    event.details.emplace_back("item", Concat(bundle.disk->index()));
    event.details.emplace_back("image_format", bundle.image_format);
    event.details.emplace_back("range_offset_bytes", Concat(bundle.range.offset_bytes));
    event.details.emplace_back("range_size_bytes", Concat(bundle.range.size_bytes));
  }
  HOZEN_RETURN_IF_ERROR(vault->custody().Append(event).status());
  if (bundle.format == "raw") HOZEN_RETURN_IF_ERROR(sink.Expect(bundle.range.size_bytes));
  HashingSink hashing(sink);
  const absl::Status written = WriteBundle(bundle, evidence, *vault, context_.catalog, hashing);
  event.kind = written.ok() ? "evidence.exported" : "evidence.export-failed";
  event.details.emplace_back("size_bytes", Concat(hashing.size_bytes()));
  v1::StreamEnd end;
  end.set_size_bytes(hashing.size_bytes());
  const Digest sha256 = hashing.Finish();
  end.set_sha256(std::string(sha256.bytes()));
  event.details.emplace_back("sha256", sha256.ToHex());
  if (!written.ok()) event.details.emplace_back("reason", written.ToString().substr(0, kMaxLoggedTextBytes));
  const absl::Status logged = vault->custody().Append(event).status();
  if (!written.ok()) {
    if (!logged.ok())
      Log(Severity::kError, Concat("the custody log did not take ", event.kind, ": ", logged.ToString()));
    return written;
  }
  HOZEN_RETURN_IF_ERROR(logged);
  return sink.End(end);
}

absl::Status EvidenceAccess::Verify(const Caller& caller, const v1::VerifyRequest& request,
                                    const std::function<absl::Status(const v1::VerifyProgress&)>& on_progress,
                                    const std::function<absl::Status()>& poll) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadEvidence));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(StoredEvidence evidence,
                         StoredEvidence::Open(*vault, context_.catalog, request.acquisition_id()));
  ProgressReport report(context_.clock, evidence.manifest().stream_bytes(), on_progress);
  const absl::StatusOr<VerifyOutcome> outcome = VerifyEvidence(
      evidence, *vault, context_.catalog, [&](const VerifyOutcome& so_far, const v1::VerifyFault* fault) {
        HOZEN_RETURN_IF_ERROR(poll());
        return report.Add(so_far, fault);
      });
  CustodyEvent event = EventOf("evidence.verified", caller, evidence);
  event.details = {{"result", ResultName(outcome)}};
  if (outcome.ok()) {
    event.details.emplace_back("faults", Concat(outcome->faults));
    event.details.emplace_back("verified_bytes", Concat(outcome->verified_bytes));
  }
  const absl::Status logged = vault->custody().Append(event).status();
  HOZEN_RETURN_IF_ERROR(outcome.status());
  HOZEN_RETURN_IF_ERROR(logged);
  // Where there is none to give, the verification has said so as a fault.
  v1::CustodyProof proof;
  if (evidence.row().custody_index.has_value()) {
    absl::StatusOr<v1::CustodyProof> proved = vault->custody().Prove(*evidence.row().custody_index);
    if (proved.ok()) proof = *std::move(proved);
  }
  return report.Finish(*outcome, std::move(proof));
}

absl::StatusOr<v1::GetCustodyResponse> EvidenceAccess::GetCustody(const Caller& caller,
                                                                  const v1::GetCustodyRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadCustody));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  if (!request.acquisition_id().empty()) {
    HOZEN_RETURN_IF_ERROR(context_.catalog.GetAcquisition(caller.customer_id, request.acquisition_id()).status());
  }
  HOZEN_ASSIGN_OR_RETURN(const CustomerRow customer, context_.catalog.GetCustomer(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(v1::CustodyBundle page,
                         ProveCustody(vault->custody(), request.acquisition_id(), request.start_index(), kMostProofs));
  v1::GetCustodyResponse response;
  *response.mutable_proofs() = std::move(*page.mutable_proofs());
  HOZEN_ASSIGN_OR_RETURN(*response.mutable_custody_log_key(), vault->custody_key().ToRawEd25519());
  *response.mutable_delegation() = customer.delegation;
  return response;
}

absl::StatusOr<v1::GetCheckpointResponse> EvidenceAccess::GetCheckpoint(const Caller& caller,
                                                                        const v1::GetCheckpointRequest& request) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadCustody));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  v1::GetCheckpointResponse response;
  if (request.from_tree_size() == 0) {
    HOZEN_ASSIGN_OR_RETURN(*response.mutable_checkpoint(), vault->custody().SignedCheckpoint());
    return response;
  }
  HOZEN_ASSIGN_OR_RETURN(CustodyLog::Consistency proof, vault->custody().ProveConsistency(request.from_tree_size()));
  response.set_checkpoint(std::move(proof.checkpoint));
  for (std::string& hash : proof.path) response.add_consistency_path(std::move(hash));
  return response;
}

}  // namespace hozen
