// From a journal that has ended to the manifest: its body, put into the store like any other stream, and the signed
// summary. The same journal always gives the same manifest.
#ifndef HOZEN_AGENT_RUN_MANIFEST_BUILDER_H_
#define HOZEN_AGENT_RUN_MANIFEST_BUILDER_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/run/progress_so_far.h"
#include "agent/upload/chunk_sink.h"
#include "core/crypto/sha256.h"
#include "core/evidence/map.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Gives the body's bytes to `on_bytes`, piece by piece, in bounded memory.
absl::Status WriteBody(const std::filesystem::path& journal, uint64_t journal_size_bytes,
                       const std::function<absl::Status(std::string_view)>& on_bytes);

struct UploadedBody {
  Digest sha256;
  uint64_t size_bytes = 0;
  ExtentList extents;
};

// Puts the body into the sink and waits until it is durable.
absl::StatusOr<UploadedBody> UploadBody(const std::filesystem::path& journal, uint64_t journal_size_bytes,
                                        ChunkSink& sink);

// What is the same for every acquisition of this agent, and what is this one's.
struct ManifestOrigin {
  std::string acquisition_id;
  std::string customer_id;
  std::string host_id;
  v1::HostFacts host;
  Digest plan_sha256;
  std::vector<v1::Trace> traces;  // that come with every acquisition
};

// `progress` has read the whole journal, with its end.
v1::Manifest BuildManifest(const ManifestOrigin& origin, const ProgressSoFar& progress, const UploadedBody& body);

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_MANIFEST_BUILDER_H_
