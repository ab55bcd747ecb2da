// Reading a manifest's body out of the store, and asking whether it is what the manifest says.
#ifndef HOZEN_COLLECTOR_INGEST_MANIFEST_BODY_H_
#define HOZEN_COLLECTOR_INGEST_MANIFEST_BODY_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "collector/store/blob_store.h"
#include "core/evidence/body.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// No honest body comes near; what a hostile one may cost us to read.
inline constexpr uint64_t kMaxBodySizeBytes = uint64_t{64} << 30;

// Hands the body to the reader, chunk by chunk, and checks its size and SHA-256. InvalidArgument where the manifest's
// body_extents are malformed, DataLoss where size or digest are others, NotFound naming the first chunk that the store
// lacks, Unavailable where the store fails.
absl::Status ReadManifestBody(const v1::Manifest& manifest, BlobStore& store, BodyReader& reader);

// Reads all of the body: every chunk that any item refers to is in the store, and the manifest's counts are the body's.
// Codes as ReadManifestBody; InvalidArgument also where a count or `complete` is not what the body says.
absl::Status CheckManifestBody(const v1::Manifest& manifest, BlobStore& store);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_INGEST_MANIFEST_BODY_H_
