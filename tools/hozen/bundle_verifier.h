// Verifies a bundle with nothing but the file and the customer's public key: signatures, proofs, then every byte.
// Formats: docs/formats/bundle.md.
#ifndef HOZEN_TOOLS_HOZEN_BUNDLE_VERIFIER_H_
#define HOZEN_TOOLS_HOZEN_BUNDLE_VERIFIER_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "core/crypto/key.h"
#include "tools/hozen/bundle_report.h"

namespace hozen {

// `file` is a zip bundle, an image (raw, E01 or AFF4) with its sidecar beside it, or that sidecar. What is wrong with a
// bundle stands in the report. A status is for what is no bundle: NotFound and PermissionDenied where a file cannot be
// opened, InvalidArgument where it is something else. Memory grows with the number of items (about 200 bytes each), not
// with their bytes; nothing is unpacked beyond the size that the signed manifest gives.
absl::StatusOr<BundleReport> VerifyBundle(const std::filesystem::path& file, const PublicKey& authority,
                                          const BundleProgress& on_progress = {});

// The same for one kind.
absl::StatusOr<BundleReport> VerifyZipBundle(const std::filesystem::path& file, const PublicKey& authority,
                                             const BundleProgress& on_progress);
absl::StatusOr<BundleReport> VerifyRawBundle(const std::filesystem::path& image, const std::filesystem::path& sidecar,
                                             const PublicKey& authority, const BundleProgress& on_progress);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_BUNDLE_VERIFIER_H_
