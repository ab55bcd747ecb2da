#include "collector/ingest/evidence_ingest_service.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/access/caller.h"
#include "collector/access/grpc_caller.h"
#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/ingest.grpc.pb.h"

namespace hozen {
namespace {

constexpr size_t kMaxDigests = 4096;
// A stream that was begun rightfully must not outlive its acquisition or its host's certificate for long.
constexpr int kChunksBetweenChecks = 256;

// A host gives up at a code that says it is wrong, so trouble of ours must not look like that.
absl::Status OurTrouble(const absl::Status& status) {
  if (status.ok() || absl::IsNotFound(status)) return status;
  // What it is about (folders, room) is for those who run the collector, not for hosts.
  Log(Severity::kError, Concat("a host's request failed error=", status.message()));
  constexpr std::string_view kTryAgain = "the collector has trouble of its own, its log says which: try again";
  return absl::Status(
      absl::IsResourceExhausted(status) ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kUnavailable,
      AbslView(kTryAgain));
}

absl::StatusOr<std::vector<Digest>> SplitDigests(std::string_view bytes) {
  if (bytes.size() % Digest::kSizeBytes != 0 || bytes.size() > kMaxDigests * Digest::kSizeBytes) {
    return absl::InvalidArgumentError(
        Concat("digests are 32 bytes each and at most ", kMaxDigests, ", not ", bytes.size(), " bytes"));
  }
  std::vector<Digest> digests;
  digests.reserve(bytes.size() / Digest::kSizeBytes);
  for (size_t at = 0; at < bytes.size(); at += Digest::kSizeBytes) {
    HOZEN_ASSIGN_OR_RETURN(const Digest digest, Digest::FromBytes(bytes.substr(at, Digest::kSizeBytes)));
    digests.push_back(digest);
  }
  return digests;
}

class EvidenceIngestService final : public v1::EvidenceIngest::Service {
 public:
  EvidenceIngestService(EvidenceIngestOptions options, Customers& customers, Catalog& catalog, Fleet& fleet,
                        Committer& committer, const Clock& clock)
      : options_(options),
        customers_(customers),
        catalog_(catalog),
        fleet_(fleet),
        committer_(committer),
        clock_(clock),
        watch_(options.streams) {}

  grpc::Status FindMissing(grpc::ServerContext* context, const v1::FindMissingRequest* request,
                           v1::FindMissingResponse* response) override {
    absl::StatusOr<std::string> missing = Missing(*context, *request);
    if (!missing.ok()) return ToGrpc(missing.status());
    response->set_missing(*std::move(missing));
    return grpc::Status::OK;
  }

  grpc::Status Upload(grpc::ServerContext* context,
                      grpc::ServerReaderWriter<v1::UploadResponse, v1::UploadRequest>* stream) override {
    return ToGrpc(DoUpload(*context, *stream));
  }

  grpc::Status Commit(grpc::ServerContext* context, const v1::CommitRequest* request,
                      v1::CommitResponse* response) override {
    const absl::StatusOr<Caller> host = Host(*context);
    if (!host.ok()) return ToGrpc(host.status());
    absl::StatusOr<v1::Receipt> receipt = committer_.Commit(*host, request->manifest());
    if (!receipt.ok()) {
      Log(Severity::kWarning, Concat("manifest not committed customer=", host->customer_id, " host=", host->name,
                                     " error=", receipt.status().message()));
      return ToGrpc(receipt.status());
    }
    *response->mutable_receipt() = *std::move(receipt);
    return grpc::Status::OK;
  }

 private:
  absl::StatusOr<Caller> Host(const grpc::ServerContext& context) {
    HOZEN_ASSIGN_OR_RETURN(Caller caller, CallerOf(context, catalog_, clock_.Now()));
    HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kAgent));
    return caller;
  }

  absl::Status StillMaySend(const grpc::ServerContext& context, const Caller& host, const std::string& acquisition_id) {
    HOZEN_RETURN_IF_ERROR(Host(context).status());
    return OurTrouble(fleet_.CheckUpload(host.customer_id, host.name, acquisition_id));
  }

  absl::StatusOr<std::string> Missing(const grpc::ServerContext& context, const v1::FindMissingRequest& request) {
    HOZEN_ASSIGN_OR_RETURN(const Caller host, Host(context));
    // Also for one that was committed: its host may have missed the receipt and must find nothing to send.
    HOZEN_RETURN_IF_ERROR(OurTrouble(fleet_.CheckOwner(host.customer_id, host.name, request.acquisition_id())));
    HOZEN_ASSIGN_OR_RETURN(const std::vector<Digest> digests, SplitDigests(request.digests()));
    absl::StatusOr<CustomerVault*> vault = customers_.Get(host.customer_id);
    if (!vault.ok()) return OurTrouble(absl::InternalError(vault.status().message()));
    const absl::StatusOr<std::vector<bool>> has = (*vault)->store().Has(digests);
    if (!has.ok()) return OurTrouble(absl::InternalError(has.status().message()));
    std::string missing(digests.size(), '\0');
    for (size_t i = 0; i < digests.size(); ++i) missing[i] = (*has)[i] ? 0 : 1;
    return missing;
  }

  static absl::Status ReceiveChunks(v1::UploadRequest& request, UploadSession& session) {
    if (request.has_chunk()) return session.Receive(std::move(*request.mutable_chunk()));
    if (!request.has_chunks()) {
      return absl::InvalidArgumentError("after UploadStart an upload holds nothing but chunks");
    }
    return session.ReceiveBatch(request.chunks());
  }

  absl::Status DoUpload(grpc::ServerContext& context,
                        grpc::ServerReaderWriter<v1::UploadResponse, v1::UploadRequest>& stream) {
    HOZEN_ASSIGN_OR_RETURN(const Caller host, Host(context));
    HOZEN_ASSIGN_OR_RETURN(StreamWatch::Place place,
                           watch_.Enter(Concat(host.customer_id, "/", host.name), [&context] { context.TryCancel(); }));
    v1::UploadRequest request;
    if (!stream.Read(&request)) return absl::CancelledError("the upload ended before it began");
    if (!request.has_start()) return absl::InvalidArgumentError("the first message of an upload is UploadStart");
    const std::string acquisition_id = request.start().acquisition_id();
    HOZEN_RETURN_IF_ERROR(OurTrouble(fleet_.CheckUpload(host.customer_id, host.name, acquisition_id)));
    const absl::StatusOr<CustomerVault*> vault = customers_.Get(host.customer_id);
    if (!vault.ok()) return OurTrouble(absl::InternalError(vault.status().message()));

    UploadSession session(
        options_.upload, (*vault)->store(),
        [&](const v1::UploadResponse& response) {
          place.Touch();
          return stream.Write(response);
        },
        [&context] { context.TryCancel(); });
    absl::Status received;
    int until_asked = kChunksBetweenChecks;
    while (received.ok() && stream.Read(&request)) {
      place.Touch();
      if (--until_asked <= 0) {
        until_asked = kChunksBetweenChecks;
        received = StillMaySend(context, host, acquisition_id);
        if (!received.ok()) break;
      }
      received = ReceiveChunks(request, session);
    }
    const absl::Status finished = session.Finish();
    if (absl::IsDataLoss(finished) || absl::IsInvalidArgument(finished)) {
      Log(Severity::kError,
          Concat("upload refused customer=", host.customer_id, " host=", host.name, " error=", finished.message()));
    }
    if (!finished.ok()) return finished;
    // After StoreFull all is said.
    return absl::IsResourceExhausted(received) ? absl::OkStatus() : received;
  }

  const EvidenceIngestOptions options_;
  Customers& customers_;
  Catalog& catalog_;
  Fleet& fleet_;
  Committer& committer_;
  const Clock& clock_;
  StreamWatch watch_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewEvidenceIngestService(EvidenceIngestOptions options, Customers& customers,
                                                        Catalog& catalog, Fleet& fleet, Committer& committer,
                                                        const Clock& clock) {
  return std::make_unique<EvidenceIngestService>(options, customers, catalog, fleet, committer, clock);
}

}  // namespace hozen
