// Committed evidence as exports read it: the manifest, its body, and streams that come chunk by chunk out of the store,
// each verified. Also what `hozen cat` and `hozen verify ID` read.
#ifndef HOZEN_COLLECTOR_EXPORT_STORED_EVIDENCE_H_
#define HOZEN_COLLECTOR_EXPORT_STORED_EVIDENCE_H_

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "core/crypto/sha256.h"
#include "core/evidence/body.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Receives a stream in order.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual absl::Status Data(std::string_view bytes) = 0;  // at most 1 MiB
  virtual absl::Status Zeros(uint64_t size_bytes) = 0;    // zeros, unreadable, not acquired
};

// Thread-compatible; memory does not grow with the evidence.
class StoredEvidence {
 public:
  // NotFound for an unknown acquisition, FailedPrecondition for one that is not committed. References must outlive it.
  static absl::StatusOr<StoredEvidence> Open(CustomerVault& vault, Catalog& catalog, std::string_view acquisition_id);

  const AcquisitionRow& row() const { return row_; }
  const v1::Manifest& manifest() const { return manifest_; }

  // Walks the body from its start. DataLoss also where its size or SHA-256 are not the manifest's, once all was handed
  // on.
  absl::Status ReadBody(const BodyReader::Handler& handler);
  // The body's own bytes; the same.
  absl::Status ReadBodyBytes(const std::function<absl::Status(std::string_view)>& on_bytes);
  // The part [offset, offset + size) of an item's stream; size 0 = to its end. DataLoss names item, chunk and offset.
  absl::Status ReadItem(uint64_t item_index, uint64_t offset_bytes, uint64_t size_bytes, StreamSink& sink);
  // A run of a map, for whoever walks the body himself.
  absl::Status ReadExtent(const v1::Extent& extent, StreamSink& sink);

  // Hands the whole of the stream of the item at hand to a sink. DataLoss, naming chunk and offset, also where the
  // stream's size or SHA-256 are not the item's; then bytes have already reached the sink.
  using ReadStream = std::function<absl::Status(StreamSink& sink)>;
  // Every item of the body, in order, with the way to its stream, which may be called before `on_item` returns, or not
  // at all. DataLoss names the item.
  using OnItem = std::function<absl::Status(const v1::Item& item, const ReadStream& read)>;
  absl::Status ReadItems(const OnItem& on_item);

 private:
  StoredEvidence(CustomerVault& vault, Catalog& catalog, AcquisitionRow row, v1::Manifest manifest);
  absl::Status ReadBodyFrom(uint64_t offset_bytes, const std::function<absl::Status(std::string_view)>& on_bytes);
  // One item's map, from its first record in the body. `on_extents` may end the reading with an error of its own.
  absl::Status ReadMapFrom(uint64_t body_offset_bytes, uint64_t item_index,
                           const std::function<absl::Status(const ExtentList&)>& on_extents);
  // Good until the next call.
  absl::StatusOr<std::string_view> Chunk(const Digest& sha256);

  CustomerVault* vault_;
  Catalog* catalog_;
  AcquisitionRow row_;
  v1::Manifest manifest_;
  // The chunks read last, the latest first, up to a size: small files lie side by side in one, a body is walked in
  // small steps, and a fragmented file's chunk is asked for at several places of its disk.
  using Recent = std::list<std::pair<Digest, std::string>>;
  Recent recent_;
  absl::flat_hash_map<Digest, Recent::iterator> recent_places_;
  uint64_t recent_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_STORED_EVIDENCE_H_
