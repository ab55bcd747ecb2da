// The gRPC edge of v1::EvidenceIngest, thin over UploadSession and Committer.
#ifndef HOZEN_COLLECTOR_INGEST_EVIDENCE_INGEST_SERVICE_H_
#define HOZEN_COLLECTOR_INGEST_EVIDENCE_INGEST_SERVICE_H_

#include <memory>

#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/fleet/fleet.h"
#include "collector/ingest/committer.h"
#include "collector/ingest/stream_watch.h"
#include "collector/ingest/upload_session.h"
#include "core/base/clock.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace hozen {

struct EvidenceIngestOptions {
  UploadSessionOptions upload;
  StreamWatchOptions streams;
};

// Only hosts may call it, each for its own acquisitions. Thread-safe, as gRPC calls it. All must outlive the server
// that it is registered with.
std::unique_ptr<grpc::Service> NewEvidenceIngestService(EvidenceIngestOptions options, Customers& customers,
                                                        Catalog& catalog, Fleet& fleet, Committer& committer,
                                                        const Clock& clock);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_INGEST_EVIDENCE_INGEST_SERVICE_H_
