// The seam between gRPC and who is calling: the one place in this room that sees gRPC. Stateless, thread-safe.
#ifndef HOZEN_COLLECTOR_ACCESS_GRPC_CALLER_H_
#define HOZEN_COLLECTOR_ACCESS_GRPC_CALLER_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "collector/access/caller.h"
#include "collector/catalog/catalog.h"

namespace hozen {

// Who made this call, by the client certificate that TLS verified. Unauthenticated where the connection has none, and
// otherwise as IdentifyCaller.
absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& context, Catalog& catalog, absl::Time now);

// The same code and message; a message too long for HTTP/2's headers is cut off. Payloads do not travel.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_ACCESS_GRPC_CALLER_H_
