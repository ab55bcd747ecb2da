#include "collector/ingest/committer.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "collector/custody/custody_log.h"
#include "collector/ingest/manifest_body.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/key.h"
#include "core/crypto/sha256.h"
#include "core/evidence/body.h"
#include "core/evidence/trust.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

constexpr size_t kMaxIdSizeBytes = 64;
constexpr size_t kMaxDetailSizeBytes = 1024;

// Of one host: a body may be long, and a host that sends many of them must not keep the others waiting.
constexpr size_t kAtOnceOfAHost = 2;
// Of a manifest, so much is kept where acquisitions are listed; the rest is in the envelope.
constexpr size_t kMaxListedManifestBytes = 64 << 10;
// Rows between two looks at the disk, and what a row takes beside the item's own bytes.
constexpr uint64_t kRowsBetweenLooks = 4096;
constexpr uint64_t kRowOverheadBytes = 256;
// Rows are copied from where they are staged, through the journal, and three indexes hold parts of them again.
constexpr uint64_t kIndexFactor = 4;

// Trouble of ours, under whatever code, is a reason for the host to try again. What it is about (folders, room) is for
// those who run the collector.
absl::Status OurTrouble(const absl::Status& status, std::string_view doing) {
  if (status.ok()) return status;
  Log(Severity::kError, Concat("commit failed while ", doing, " error=", status.message()));
  return absl::Status(
      absl::IsResourceExhausted(status) ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kUnavailable,
      absl::IsResourceExhausted(status)
          ? AbslView("the collector has no room now: try again later")
          : absl::string_view(Concat("the collector failed while ", doing, ", its log says why: try again")));
}

absl::StatusOr<AcquisitionRow> FindRow(Catalog& catalog, const Caller& host, std::string_view acquisition_id) {
  absl::StatusOr<AcquisitionRow> row = catalog.GetAcquisition(host.customer_id, acquisition_id);
  if (!row.ok() && !absl::IsNotFound(row.status())) return OurTrouble(row.status(), "looking up the acquisition");
  if (!row.ok() || row->acquisition.host_id() != host.name) {
    return absl::NotFoundError(
        Concat("there is no acquisition ", Printable(acquisition_id.substr(0, kMaxIdSizeBytes)), " of this host"));
  }
  return row;
}

// The entry under which this manifest was committed before; nullopt where the acquisition was not.
absl::StatusOr<std::optional<uint64_t>> CommittedBefore(const AcquisitionRow& row, const v1::Envelope& envelope) {
  if (!row.custody_index.has_value()) return std::optional<uint64_t>();
  if (row.manifest.payload() != envelope.payload()) {
    return absl::AlreadyExistsError(Concat("acquisition ", row.acquisition.acquisition_id(),
                                           " was committed before, with another manifest (SHA-256 ",
                                           Sha256::Of(row.manifest.payload()).ToHex(), ")"));
  }
  return row.custody_index;
}

// Lists hold many of them, and a host decides how long they are.
v1::Manifest Listed(v1::Manifest manifest) {
  manifest.clear_body_extents();
  manifest.DiscardUnknownFields();
  if (manifest.ByteSizeLong() > kMaxListedManifestBytes) manifest.clear_traces();
  if (manifest.ByteSizeLong() > kMaxListedManifestBytes) manifest.clear_host();
  if (manifest.ByteSizeLong() > kMaxListedManifestBytes) manifest.clear_ended_by();
  return manifest;
}

AcquisitionRow Ended(AcquisitionRow row, const v1::Envelope& envelope, const v1::Manifest& manifest,
                     std::string_view host_chain_pem, int64_t now_unix_ns) {
  v1::Acquisition& acquisition = row.acquisition;
  acquisition.set_state(manifest.complete() ? v1::Acquisition::STATE_COMPLETE
                                            : v1::Acquisition::STATE_COMPLETE_WITH_FAILURES);
  acquisition.clear_detail();
  if (manifest.has_ended_by()) {
    acquisition.set_detail(
        Printable(Concat("ended early: ", v1::Cause_Name(manifest.ended_by().cause()), " ",
                         std::string_view(manifest.ended_by().detail()).substr(0, kMaxDetailSizeBytes))));
  }
  if (acquisition.started_unix_ns() == 0) acquisition.set_started_unix_ns(now_unix_ns);
  acquisition.set_finished_unix_ns(now_unix_ns);
  v1::Progress& progress = *acquisition.mutable_progress();
  progress.Clear();
  progress.set_acquisition_id(acquisition.acquisition_id());
  progress.set_items(manifest.items());
  progress.set_failed_items(manifest.failed_items());
  progress.set_read_bytes(manifest.stream_bytes());
  progress.set_expected_bytes(manifest.stream_bytes());
  progress.set_sent_bytes(manifest.sent_bytes());
  progress.set_deduplicated_bytes(manifest.deduplicated_bytes());
  *acquisition.mutable_manifest() = Listed(manifest);
  row.manifest = envelope;
  row.host_chain_pem = std::string(host_chain_pem);
  return row;
}

CustodyEvent CommittedEvent(const Caller& host, const v1::Manifest& manifest, const v1::Envelope& envelope) {
  CustodyEvent event;
  event.kind = "acquisition.committed";
  event.actor = host.Actor();
  event.acquisition_id = manifest.acquisition_id();
  event.host_id = host.name;
  event.details = {{"failed_items", Concat(manifest.failed_items())},
                   {"items", Concat(manifest.items())},
                   {"manifest_sha256", Sha256::Of(envelope.payload()).ToHex()},
                   {"stream_bytes", Concat(manifest.stream_bytes())}};
  return event;
}

}  // namespace

Committer::Committer(Customers& customers, Catalog& catalog, Fleet& fleet, const Clock& clock, OnCommitted on_committed,
                     size_t at_once)
    : customers_(customers),
      catalog_(catalog),
      fleet_(fleet),
      clock_(clock),
      on_committed_(std::move(on_committed)),
      at_once_(at_once) {}

absl::StatusOr<v1::Receipt> Committer::Commit(const Caller& host, const v1::Envelope& envelope) {
  HOZEN_RETURN_IF_ERROR(Authorize(host, Action::kAgent));
  absl::StatusOr<CustomerVault*> vault = customers_.Get(host.customer_id);
  if (!vault.ok()) return OurTrouble(vault.status(), "opening the customer's store");
  HOZEN_ASSIGN_OR_RETURN(const Accepted accepted, Accept(host, **vault, envelope));
  const std::string& acquisition_id = accepted.manifest.acquisition_id();

  HOZEN_RETURN_IF_ERROR(Enter(host, acquisition_id));
  const absl::Cleanup done = [this, &host, &acquisition_id] {
    absl::MutexLock lock(&mutex_);
    under_way_.erase(std::pair(host.customer_id, acquisition_id));
  };

  HOZEN_ASSIGN_OR_RETURN(const uint64_t custody_index, CommitNow(host, **vault, envelope, accepted));
  absl::StatusOr<v1::CustodyProof> proof = (*vault)->custody().Prove(custody_index);
  if (!proof.ok()) return OurTrouble(proof.status(), "proving the custody entry");
  v1::Receipt receipt;
  receipt.set_acquisition_id(acquisition_id);
  receipt.set_manifest_sha256(std::string(Sha256::Of(envelope.payload()).bytes()));
  *receipt.mutable_proof() = *std::move(proof);
  return receipt;
}

absl::Status Committer::Enter(const Caller& host, const std::string& acquisition_id) {
  absl::MutexLock lock(&mutex_);
  const auto is_of_host = [&host](const auto& other) {
    return other.first.first == host.customer_id && other.second == host.name;
  };
  if (under_way_.size() >= at_once_ ||
      static_cast<size_t>(std::count_if(under_way_.begin(), under_way_.end(), is_of_host)) >= kAtOnceOfAHost) {
    return absl::UnavailableError("many acquisitions are being committed: try again in a few seconds");
  }
  if (!under_way_.try_emplace(std::pair(host.customer_id, acquisition_id), host.name).second) {
    return absl::UnavailableError(Concat("acquisition ", acquisition_id, " is being committed: try again"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Committer::Accepted> Committer::Accept(const Caller& host, const CustomerVault& vault,
                                                      const v1::Envelope& envelope) {
  const absl::StatusOr<CustomerRow> customer = catalog_.GetCustomer(host.customer_id);
  if (!customer.ok()) return OurTrouble(customer.status(), "looking up the customer");
  const absl::StatusOr<PublicKey> authority = PublicKey::FromDer(customer->authority_key_der);
  if (!authority.ok()) return OurTrouble(authority.status(), "reading the customer's authority");
  const absl::StatusOr<v1::Delegation> delegation = VerifyDelegation(customer->delegation, *authority);
  if (!delegation.ok()) return OurTrouble(delegation.status(), "verifying the customer's delegation");

  Accepted accepted;
  accepted.host_chain_pem = host.certificate_pem + vault.host_ca().certificate().ToPem();
  HOZEN_ASSIGN_OR_RETURN(const HostIdentity identity, VerifyHostChain(accepted.host_chain_pem, *delegation));
  if (identity.host_id != host.name) return absl::InvalidArgumentError("the certificate is of another host");
  HOZEN_ASSIGN_OR_RETURN(accepted.manifest, VerifyManifest(envelope, identity));
  if (accepted.manifest.acquisition_id().size() > kMaxIdSizeBytes) {
    return absl::InvalidArgumentError("the manifest's acquisition_id is too long");
  }
  return accepted;
}

absl::StatusOr<uint64_t> Committer::CommitNow(const Caller& host, CustomerVault& vault, const v1::Envelope& envelope,
                                              const Accepted& accepted) {
  const v1::Manifest& manifest = accepted.manifest;
  HOZEN_ASSIGN_OR_RETURN(const AcquisitionRow row, FindRow(catalog_, host, manifest.acquisition_id()));
  if (PlanDigest(row.plan).bytes() != manifest.plan_sha256()) {
    return absl::InvalidArgumentError("the manifest is of another plan");
  }
  HOZEN_ASSIGN_OR_RETURN(const std::optional<uint64_t> before, CommittedBefore(row, envelope));
  if (before.has_value()) return *before;

  HOZEN_RETURN_IF_ERROR(CheckManifestBody(manifest, vault.store()));
  // Reading a long body takes its time, and the lock below is one that others wait for.
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Catalog::Commit> commit, Index(host, vault, manifest));

  absl::StatusOr<uint64_t> custody_index = absl::UnknownError("not run");
  // Kept to ourselves from here on: no event of the host may turn an acquisition that has ended back into a running
  // one.
  HOZEN_RETURN_IF_ERROR(fleet_.WhileUnchanged(host.customer_id, manifest.acquisition_id(), [&] {
    custody_index = LogAndFinish(host, vault, envelope, accepted, *commit);
    return custody_index.status();
  }));
  fleet_.Committed(host.customer_id, manifest.acquisition_id());
  if (on_committed_) on_committed_(host.customer_id);
  Log(Severity::kInfo, Concat("acquisition committed customer=", host.customer_id, " host=", host.name,
                              " acquisition=", manifest.acquisition_id(), " items=", manifest.items(),
                              " failed_items=", manifest.failed_items(), " bytes=", manifest.stream_bytes()));
  return *custody_index;
}

absl::StatusOr<std::unique_ptr<Catalog::Commit>> Committer::Index(const Caller& host, CustomerVault& vault,
                                                                  const v1::Manifest& manifest) {
  absl::StatusOr<std::unique_ptr<Catalog::Commit>> commit =
      catalog_.BeginCommit(host.customer_id, manifest.acquisition_id());
  if (!commit.ok()) return OurTrouble(commit.status(), "opening the catalog");

  BodyReader::Handler handler;
  absl::Status indexed;
  uint64_t rows = 0;
  uint64_t row_bytes = 0;
  handler.on_item = [&](uint64_t record_offset_bytes, const v1::Item& item) {
    indexed = (*commit)->AddItem(IndexedItem{item, record_offset_bytes});
    // A body packs well, so what its rows take is no part of what the store was asked for.
    row_bytes += item.ByteSizeLong() + kRowOverheadBytes;
    if (indexed.ok() && ++rows % kRowsBetweenLooks == 0) indexed = customers_.CheckRoom(kIndexFactor * row_bytes);
    return indexed;
  };
  BodyReader reader(std::move(handler));
  const absl::Status read = ReadManifestBody(manifest, vault.store(), reader);
  if (indexed.ok() && read.ok()) indexed = customers_.CheckRoom(kIndexFactor * row_bytes);
  if (!indexed.ok()) return OurTrouble(indexed, "indexing the items");
  HOZEN_RETURN_IF_ERROR(read);
  return commit;
}

absl::StatusOr<uint64_t> Committer::LogAndFinish(const Caller& host, CustomerVault& vault, const v1::Envelope& envelope,
                                                 const Accepted& accepted, Catalog::Commit& commit) {
  const v1::Manifest& manifest = accepted.manifest;
  HOZEN_ASSIGN_OR_RETURN(AcquisitionRow row, FindRow(catalog_, host, manifest.acquisition_id()));
  // Custody before the catalog: a crash in between takes the index back, and the next attempt makes one entry more.
  // The other way round evidence would be shown for which there is no entry.
  const absl::StatusOr<uint64_t> index = vault.custody().Append(CommittedEvent(host, manifest, envelope));
  if (!index.ok()) return OurTrouble(index.status(), "writing the custody log");
  row = Ended(std::move(row), envelope, manifest, accepted.host_chain_pem, clock_.NowUnixNs());
  row.custody_index = *index;
  if (absl::Status finished = commit.Finish(row); !finished.ok()) return OurTrouble(finished, "writing the catalog");
  return *index;
}

}  // namespace hozen
