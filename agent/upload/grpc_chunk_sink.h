// The agent's ChunkSink: an upload over gRPC.
#ifndef HOZEN_AGENT_UPLOAD_GRPC_CHUNK_SINK_H_
#define HOZEN_AGENT_UPLOAD_GRPC_CHUNK_SINK_H_

#include <memory>

#include "agent/upload/chunk_sink.h"
#include "agent/upload/grpc_transport.h"
#include "agent/upload/uploading_chunk_sink.h"

namespace hozen {

// A sink for one acquisition.
std::unique_ptr<ChunkSink> NewGrpcChunkSink(UploadOptions options, ChannelProvider channel);

}  // namespace hozen

#endif  // HOZEN_AGENT_UPLOAD_GRPC_CHUNK_SINK_H_
