// The names of a zip bundle's entries: which entry holds which item's bytes. Whoever has the manifest's body computes
// them, so a verifier asks the bundle for nothing. Format: docs/formats/bundle.md.
#ifndef HOZEN_CORE_EVIDENCE_BUNDLE_H_
#define HOZEN_CORE_EVIDENCE_BUNDLE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Entries that are not items' streams.
inline constexpr std::string_view kBundleReadmeEntry = "hozen/README.txt";
inline constexpr std::string_view kBundleManifestEntry = "hozen/manifest.pb";
inline constexpr std::string_view kBundleBodyEntry = "hozen/body.pb";
inline constexpr std::string_view kBundlePlanEntry = "hozen/plan.pb";
inline constexpr std::string_view kBundleHostChainEntry = "hozen/host_chain.pem";
inline constexpr std::string_view kBundleDelegationEntry = "hozen/delegation.pb";
inline constexpr std::string_view kBundleCustodyEntry = "hozen/custody.pb";
inline constexpr std::string_view kBundleCustodyJsonEntry = "hozen/custody.json";
inline constexpr std::string_view kBundleItemsEntry = "hozen/items.jsonl";
inline constexpr std::string_view kBundleTargetsEntry = "hozen/targets.jsonl";
inline constexpr std::string_view kBundleClientInfoEntry = "client_info.json";
inline constexpr std::string_view kBundleUploadsEntry = "uploads.json";

inline constexpr std::string_view kSidecarFormat = "hozen-raw-sidecar";
inline constexpr int kSidecarFormatVersion = 1;

// One part of a path as it stands in an entry's name, and the way back.
std::string EscapeEntryPart(std::string_view part);
std::string UnescapeEntryPart(std::string_view escaped);

// A path on the host taken apart: at '/' where it starts with one, else at '\'. Empty parts are dropped.
std::vector<std::string_view> PathParts(std::string_view path);

// The name that an item with a stream has unless an item before it took it. Two items may have the same: BundleNames
// tells them apart.
std::string BundleEntryName(const v1::Item& item);

// Gives names to the items of one body. Call Next for every item with a stream, in the body's order. Holds 64 bytes and
// a little for each name. Thread-compatible.
class BundleNames {
 public:
  struct Entry {
    std::string name;
    bool shared = false;  // the same bytes stand there already, under an item before this one
  };
  Entry Next(const v1::Item& item);

 private:
  // SHA-256 of the plain name -> SHA-256 of the stream of the first item that had it.
  absl::flat_hash_map<Digest, Digest> first_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_EVIDENCE_BUNDLE_H_
