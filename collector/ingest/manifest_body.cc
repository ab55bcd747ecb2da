#include "collector/ingest/manifest_body.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/sha256.h"
#include "core/evidence/map.h"

namespace hozen {
namespace {

constexpr size_t kDigestsAtOnce = 4096;
constexpr size_t kShownPathBytes = 256;

// What the store says about itself is ours to mend, so the host shall try again; NotFound is what it can mend.
absl::Status StoreFailed(const absl::Status& status) {
  return absl::UnavailableError(Concat("the collector could not read its store: ", status.message()));
}

absl::Status CheckBodyExtents(const v1::Manifest& manifest) {
  if (manifest.body_size_bytes() > kMaxBodySizeBytes) {
    return absl::InvalidArgumentError(Concat("the manifest's body is longer than ", kMaxBodySizeBytes, " bytes"));
  }
  uint64_t size_bytes = 0;
  for (const v1::Extent& extent : manifest.body_extents()) {
    HOZEN_RETURN_IF_ERROR(CheckExtent(extent));
    if (extent.kind() != v1::Extent::KIND_CHUNK) {
      return absl::InvalidArgumentError("the manifest's body has a run that is not in a chunk");
    }
    size_bytes += extent.size_bytes();  // each at most a chunk long, and their number bounded by the message
  }
  if (size_bytes != manifest.body_size_bytes()) {
    return absl::InvalidArgumentError(
        Concat("the manifest's body is ", manifest.body_size_bytes(), " bytes long, and its runs are ", size_bytes));
  }
  return absl::OkStatus();
}

// Counts what the body says and asks for the chunks that it names, many at a time.
class BodyCheck {
 public:
  BodyCheck(const v1::Manifest& manifest, BlobStore& store) : manifest_(manifest), store_(store) {}

  BodyReader::Handler Handler() {
    BodyReader::Handler handler;
    handler.on_extents = [this](uint64_t item_index, const ExtentList& extents) {
      return OnExtents(item_index, extents);
    };
    handler.on_item = [this](uint64_t /*record_offset_bytes*/, const v1::Item& item) { return OnItem(item); };
    handler.on_target = [this](const v1::TargetOutcome& outcome) {
      if (outcome.has_failure()) ++failed_targets_;
      return absl::OkStatus();
    };
    return handler;
  }

  absl::Status Finish() {
    HOZEN_RETURN_IF_ERROR(AskStore());
    HOZEN_RETURN_IF_ERROR(Compare("items", manifest_.items(), items_));
    HOZEN_RETURN_IF_ERROR(Compare("failed_items", manifest_.failed_items(), failed_items_));
    HOZEN_RETURN_IF_ERROR(Compare("failed_targets", manifest_.failed_targets(), failed_targets_));
    HOZEN_RETURN_IF_ERROR(Compare("stream_bytes", manifest_.stream_bytes(), stream_bytes_));
    if (manifest_.complete() && (failed_items_ > 0 || failed_targets_ > 0 || manifest_.has_ended_by())) {
      return absl::InvalidArgumentError("the manifest says that it is complete, and its records say that it is not");
    }
    return absl::OkStatus();
  }

 private:
  static absl::Status Compare(std::string_view what, uint64_t manifest, uint64_t body) {
    if (manifest == body) return absl::OkStatus();
    return absl::InvalidArgumentError(Concat("the manifest's ", what, " is ", manifest, ", its body has ", body));
  }

  absl::Status OnExtents(uint64_t item_index, const ExtentList& extents) {
    for (const v1::Extent& extent : extents) {
      if (extent.kind() != v1::Extent::KIND_CHUNK) continue;
      HOZEN_ASSIGN_OR_RETURN(const Digest digest, Digest::FromBytes(extent.chunk_sha256()));
      if (!asked_.empty() && asked_.back() == digest) continue;
      asked_.push_back(digest);
      asked_items_.push_back(item_index);
      if (asked_.size() >= kDigestsAtOnce) HOZEN_RETURN_IF_ERROR(AskStore());
    }
    return absl::OkStatus();
  }

  absl::Status OnItem(const v1::Item& item) {
    ++items_;
    if (item.state() != v1::Item::STATE_COMPLETE) ++failed_items_;
    if (item.size_bytes() > std::numeric_limits<uint64_t>::max() - stream_bytes_) {
      return absl::InvalidArgumentError(Concat("item ", item.index(), " (",
                                               Printable(std::string_view(item.path()).substr(0, kShownPathBytes)),
                                               "): the sum of all sizes is out of range"));
    }
    stream_bytes_ += item.size_bytes();
    return absl::OkStatus();
  }

  absl::Status AskStore() {
    if (asked_.empty()) return absl::OkStatus();
    const absl::StatusOr<std::vector<bool>> has = store_.Has(asked_);
    if (!has.ok()) return StoreFailed(has.status());
    for (size_t i = 0; i < asked_.size(); ++i) {
      if (!(*has)[i]) {
        return absl::NotFoundError(Concat("chunk ", asked_[i].ToHex(), " of item ", asked_items_[i],
                                          " is not in the store: send it, then commit again"));
      }
    }
    asked_.clear();
    asked_items_.clear();
    return absl::OkStatus();
  }

  const v1::Manifest& manifest_;
  BlobStore& store_;
  std::vector<Digest> asked_;
  std::vector<uint64_t> asked_items_;
  uint64_t items_ = 0;
  uint64_t failed_items_ = 0;
  uint64_t failed_targets_ = 0;
  uint64_t stream_bytes_ = 0;
};

}  // namespace

absl::Status ReadManifestBody(const v1::Manifest& manifest, BlobStore& store, BodyReader& reader) {
  HOZEN_RETURN_IF_ERROR(CheckBodyExtents(manifest));
  Sha256 sha256;
  for (const v1::Extent& extent : manifest.body_extents()) {
    HOZEN_ASSIGN_OR_RETURN(const Digest digest, Digest::FromBytes(extent.chunk_sha256()));
    const absl::StatusOr<std::string> bytes = store.Get(digest);
    // A damaged chunk is one that the host may send again.
    if (absl::IsNotFound(bytes.status()) || absl::IsDataLoss(bytes.status())) {
      return absl::NotFoundError(
          Concat("chunk ", digest.ToHex(), " of the manifest's body is not in the store: send it, then commit again"));
    }
    if (!bytes.ok()) return StoreFailed(bytes.status());
    if (extent.chunk_offset_bytes() + extent.size_bytes() > bytes->size()) {
      return absl::InvalidArgumentError(
          Concat("a run of the manifest's body goes beyond the end of chunk ", digest.ToHex()));
    }
    const std::string_view part =
        std::string_view(*bytes).substr(extent.chunk_offset_bytes(), static_cast<size_t>(extent.size_bytes()));
    sha256.Update(part);
    if (absl::Status fed = reader.Feed(part); !fed.ok()) return WithContext(fed, "the manifest's body");
  }
  if (sha256.Finish().bytes() != manifest.body_sha256()) {
    return absl::DataLossError("the manifest's body has not the SHA-256 that the manifest says");
  }
  return WithContext(reader.Finish(), "the manifest's body");
}

absl::Status CheckManifestBody(const v1::Manifest& manifest, BlobStore& store) {
  BodyCheck check(manifest, store);
  BodyReader reader(check.Handler());
  HOZEN_RETURN_IF_ERROR(ReadManifestBody(manifest, store, reader));
  return check.Finish();
}

}  // namespace hozen
