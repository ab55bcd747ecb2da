// Reading evidence: what analysts do, without gRPC. Whatever is read here stands in the custody log.
#ifndef HOZEN_COLLECTOR_SERVICE_EVIDENCE_ACCESS_H_
#define HOZEN_COLLECTOR_SERVICE_EVIDENCE_ACCESS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/caller.h"
#include "collector/export/stored_evidence.h"
#include "collector/service/service_context.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

// Where a stream of an answer goes.
class AnswerSink : public StreamSink {
 public:
  // Before any bytes, where the size is known.
  virtual absl::Status Expect(uint64_t size_bytes) = 0;
  // All of it was given, and is right.
  virtual absl::Status End(const v1::StreamEnd& end) = 0;
};

// Thread-safe. Every call asks first whether the caller may (PermissionDenied), and sees only the caller's customer.
// Errors of sinks and callbacks end a call and come back as they are.
class EvidenceAccess {
 public:
  using OnRow = std::function<absl::Status(const v1::ItemRow&)>;
  using OnTarget = std::function<absl::Status(const v1::TargetOutcome&)>;

  explicit EvidenceAccess(ServiceContext context) : context_(context) {}

  // NotFound for an unknown acquisition.
  absl::Status ListItems(const Caller& caller, const v1::ListItemsRequest& request, const OnRow& on_row);
  // What came of the plan's targets, out of the manifest's body; none while there is no manifest. NotFound for an
  // unknown acquisition, DataLoss where the body is damaged. Like listing items, it gives no evidence and so is not
  // logged.
  absl::Status ListTargets(const Caller& caller, const v1::ListTargetsRequest& request, const OnTarget& on_target);

  // Codes as StoredEvidence::ReadItem. The custody event "evidence.read" is durable before the first byte is given.
  absl::Status ReadItem(const Caller& caller, const v1::ReadItemRequest& request, AnswerSink& sink);

  // A bundle. "evidence.export-started" is durable before the first byte; "evidence.exported" with the bundle's SHA-256
  // before its end; "evidence.export-failed" says how far it came otherwise. DataLoss names item and chunk, and
  // AnswerSink::End is not called.
  absl::Status Export(const Caller& caller, const v1::ExportRequest& request, AnswerSink& sink);

  // Faults are not errors. The last message is `finished`; "evidence.verified" with the result is durable before it.
  // `poll` is asked at least at every chunk.
  absl::Status Verify(const Caller& caller, const v1::VerifyRequest& request,
                      const std::function<absl::Status(const v1::VerifyProgress&)>& on_progress,
                      const std::function<absl::Status()>& poll);

  // A page of proofs; see ProveCustody.
  absl::StatusOr<v1::GetCustodyResponse> GetCustody(const Caller& caller, const v1::GetCustodyRequest& request);
  absl::StatusOr<v1::GetCheckpointResponse> GetCheckpoint(const Caller& caller,
                                                          const v1::GetCheckpointRequest& request);

 private:
  const ServiceContext context_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_EVIDENCE_ACCESS_H_
