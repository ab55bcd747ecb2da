#include "agent/upload/grpc_chunk_sink.h"

#include <utility>

namespace hozen {

std::unique_ptr<ChunkSink> NewGrpcChunkSink(UploadOptions options, ChannelProvider channel) {
  return std::make_unique<UploadingChunkSink>(std::move(options), NewGrpcTransport(std::move(channel)));
}

}  // namespace hozen
