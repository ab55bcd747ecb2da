// The upload's calls over gRPC.
#ifndef HOZEN_AGENT_UPLOAD_GRPC_TRANSPORT_H_
#define HOZEN_AGENT_UPLOAD_GRPC_TRANSPORT_H_

#include <functional>
#include <memory>

#include "agent/upload/upload_transport.h"

namespace grpc {
class Channel;
}

namespace hozen {

// The connection to use for the next call: another one once the agent's certificate was renewed. Thread-safe.
using ChannelProvider = std::function<std::shared_ptr<grpc::Channel>()>;

std::unique_ptr<UploadTransport> NewGrpcTransport(ChannelProvider channel);

}  // namespace hozen

#endif  // HOZEN_AGENT_UPLOAD_GRPC_TRANSPORT_H_
