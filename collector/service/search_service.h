// The gRPC edge of v1::Search: finding evidence, and timelines.
#ifndef HOZEN_COLLECTOR_SERVICE_SEARCH_SERVICE_H_
#define HOZEN_COLLECTOR_SERVICE_SEARCH_SERVICE_H_

#include <memory>

#include "collector/search/search_indexes.h"
#include "collector/service/service_context.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace hozen {

// For responders, analysts and admins. Thread-safe, as gRPC calls it. The caller keeps what `context` refers to, and
// `indexes`, until the server that it is registered with has shut down.
std::unique_ptr<grpc::Service> NewSearchService(ServiceContext context, SearchIndexes& indexes);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_SEARCH_SERVICE_H_
