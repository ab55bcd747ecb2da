#include "collector/export/stored_evidence.h"

#include <algorithm>
#include <utility>

#include "collector/export/hashing_sink.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/sha256.h"

namespace hozen {
namespace {

// Maps up to this many runs (about 10 MB) are kept between an item's MapParts and the item; longer ones are read again.
constexpr int kKeptExtents = 1 << 16;
// Chunks have at most 1 MiB, so the one at hand always stays.
constexpr uint64_t kRecentChunksBytes = uint64_t{8} << 20;
constexpr uint64_t kZerosPieceBytes = uint64_t{1} << 28;

absl::Status InItem(const absl::Status& status, const v1::Item& item) {
  return WithContext(status, Concat("item ", item.index(), " (", Printable(item.path()), ")"));
}

// The part of a stream that is asked for.
struct Window {
  uint64_t from;
  uint64_t to;
};

// The part of `extent`, which stands at `offset`, that lies in the window; size 0 where none does.
v1::Extent Clip(const v1::Extent& extent, uint64_t offset, Window window) {
  v1::Extent part = extent;
  const uint64_t end = offset + extent.size_bytes();
  const uint64_t from = std::clamp(window.from, offset, end);
  const uint64_t to = std::clamp(window.to, offset, end);
  part.set_size_bytes(to > from ? to - from : 0);
  if (extent.kind() == v1::Extent::KIND_CHUNK) {
    part.set_chunk_offset_bytes(extent.chunk_offset_bytes() + static_cast<uint32_t>(from - offset));
  }
  return part;
}

// In pieces, so that a sink can refuse soon: a run may be as long as a disk, and hashing it takes its time.
absl::Status GiveZeros(uint64_t size_bytes, StreamSink& sink) {
  while (size_bytes > 0) {
    const uint64_t piece = std::min(size_bytes, kZerosPieceBytes);
    HOZEN_RETURN_IF_ERROR(sink.Zeros(piece));
    size_bytes -= piece;
  }
  return absl::OkStatus();
}

absl::Status WrongAtOffset(const absl::Status& status, uint64_t offset_bytes) {
  return WithContext(status, Concat("at offset ", offset_bytes));
}

}  // namespace

StoredEvidence::StoredEvidence(CustomerVault& vault, Catalog& catalog, AcquisitionRow row, v1::Manifest manifest)
    : vault_(&vault), catalog_(&catalog), row_(std::move(row)), manifest_(std::move(manifest)) {}

absl::StatusOr<StoredEvidence> StoredEvidence::Open(CustomerVault& vault, Catalog& catalog,
                                                    std::string_view acquisition_id) {
  HOZEN_ASSIGN_OR_RETURN(AcquisitionRow row, catalog.GetAcquisition(vault.customer_id(), acquisition_id));
  if (row.manifest.payload().empty()) {
    return absl::FailedPreconditionError(
        Concat("acquisition ", acquisition_id,
               " has no evidence yet: its manifest is not committed. Wait for it to end (hozen watch)"));
  }
  v1::Manifest manifest;
  if (!manifest.ParseFromString(row.manifest.payload())) {
    return absl::DataLossError(Concat("the manifest of acquisition ", acquisition_id, " in the catalog is damaged"));
  }
  return StoredEvidence(vault, catalog, std::move(row), std::move(manifest));
}

absl::StatusOr<std::string_view> StoredEvidence::Chunk(const Digest& sha256) {
  if (const auto found = recent_places_.find(sha256); found != recent_places_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front().second;
  }
  absl::StatusOr<std::string> bytes = vault_->store().Get(sha256);
  if (absl::IsNotFound(bytes.status())) {
    // What a committed manifest refers to was here once.
    return absl::DataLossError(Concat("chunk ", sha256.ToHex(), " is no longer in the store"));
  }
  if (!bytes.ok()) return bytes.status();  // names the chunk
  recent_bytes_ += bytes->size();
  recent_.emplace_front(sha256, *std::move(bytes));
  recent_places_.emplace(sha256, recent_.begin());
  while (recent_bytes_ > kRecentChunksBytes) {
    recent_bytes_ -= recent_.back().second.size();
    recent_places_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return recent_.front().second;
}

absl::Status StoredEvidence::ReadExtent(const v1::Extent& extent, StreamSink& sink) {
  if (const absl::Status checked = CheckExtent(extent); !checked.ok()) {
    return absl::DataLossError(Concat("the map is malformed: ", checked.message()));
  }
  if (extent.kind() != v1::Extent::KIND_CHUNK) return GiveZeros(extent.size_bytes(), sink);
  HOZEN_ASSIGN_OR_RETURN(const Digest sha256, Digest::FromBytes(extent.chunk_sha256()));
  HOZEN_ASSIGN_OR_RETURN(const std::string_view chunk, Chunk(sha256));
  if (extent.chunk_offset_bytes() > chunk.size() || extent.size_bytes() > chunk.size() - extent.chunk_offset_bytes()) {
    return absl::DataLossError(Concat("chunk ", sha256.ToHex(), " has ", chunk.size(), " bytes, but the map asks for ",
                                      extent.size_bytes(), " from ", extent.chunk_offset_bytes()));
  }
  return sink.Data(chunk.substr(extent.chunk_offset_bytes(), extent.size_bytes()));
}

absl::Status StoredEvidence::ReadBodyFrom(uint64_t offset_bytes,
                                          const std::function<absl::Status(std::string_view)>& on_bytes) {
  class BodySink : public StreamSink {
   public:
    explicit BodySink(const std::function<absl::Status(std::string_view)>& on_bytes) : on_bytes_(on_bytes) {}
    absl::Status Data(std::string_view bytes) override {
      // `on_bytes` may read other chunks, which would take these away.
      const std::string held(bytes);
      return on_bytes_(held);
    }
    absl::Status Zeros(uint64_t) override { return absl::DataLossError("the body's map has a run without a chunk"); }

   private:
    const std::function<absl::Status(std::string_view)>& on_bytes_;
  };
  BodySink sink(on_bytes);
  uint64_t at = 0;
  for (const v1::Extent& extent : manifest_.body_extents()) {
    const v1::Extent part = Clip(extent, at, {.from = offset_bytes, .to = manifest_.body_size_bytes()});
    if (part.size_bytes() > 0) HOZEN_RETURN_IF_ERROR(ReadExtent(part, sink));
    at += extent.size_bytes();
  }
  return absl::OkStatus();
}

absl::Status StoredEvidence::ReadBodyBytes(const std::function<absl::Status(std::string_view)>& on_bytes) {
  Sha256 hash;
  uint64_t size_bytes = 0;
  absl::Status failed_outside;
  const absl::Status read = ReadBodyFrom(0, [&](std::string_view bytes) {
    hash.Update(bytes);
    size_bytes += bytes.size();
    failed_outside = on_bytes(bytes);
    return failed_outside;
  });
  HOZEN_RETURN_IF_ERROR(failed_outside);
  HOZEN_RETURN_IF_ERROR(WithContext(read, Concat("the manifest's body, at offset ", size_bytes)));
  if (size_bytes != manifest_.body_size_bytes() || hash.Finish().bytes() != manifest_.body_sha256()) {
    return absl::DataLossError("the manifest's body has not the size and SHA-256 that the manifest gives");
  }
  return absl::OkStatus();
}

absl::Status StoredEvidence::ReadBody(const BodyReader::Handler& handler) {
  BodyReader reader(handler);
  HOZEN_RETURN_IF_ERROR(ReadBodyBytes([&](std::string_view bytes) { return reader.Feed(bytes); }));
  return reader.Finish();
}

absl::Status StoredEvidence::ReadMapFrom(uint64_t body_offset_bytes, uint64_t item_index,
                                         const std::function<absl::Status(const ExtentList&)>& on_extents) {
  bool done = false;
  const absl::Status stop = absl::CancelledError("the item was read");
  BodyReader reader({.on_extents = [&](uint64_t, const ExtentList& extents) { return on_extents(extents); },
                     .on_item =
                         [&](uint64_t, const v1::Item&) {
                           done = true;
                           return stop;
                         }},
                    item_index);
  const absl::Status read = ReadBodyFrom(body_offset_bytes, [&](std::string_view bytes) { return reader.Feed(bytes); });
  if (done) return absl::OkStatus();
  HOZEN_RETURN_IF_ERROR(read);
  return absl::DataLossError(Concat("the manifest's body ends before item ", item_index));
}

absl::Status StoredEvidence::ReadItem(uint64_t item_index, uint64_t offset_bytes, uint64_t size_bytes,
                                      StreamSink& sink) {
  HOZEN_ASSIGN_OR_RETURN(const IndexedItem indexed,
                         catalog_->GetItem(vault_->customer_id(), row_.acquisition.acquisition_id(), item_index));
  const v1::Item& item = indexed.item;
  if (!item.has_stream()) {
    return absl::FailedPreconditionError(
        Concat("item ", item_index, " (", Printable(item.path()), ") has no bytes: only its metadata was taken"));
  }
  if (offset_bytes > item.size_bytes()) {
    return absl::OutOfRangeError(
        Concat("offset ", offset_bytes, " is behind the end of item ", item_index, " (", item.size_bytes(), " bytes)"));
  }
  const uint64_t left = item.size_bytes() - offset_bytes;
  const Window window{.from = offset_bytes, .to = offset_bytes + (size_bytes == 0 ? left : std::min(left, size_bytes))};
  const bool whole = window.from == 0 && window.to == item.size_bytes();
  HashingSink hashing(sink);
  uint64_t at = 0;
  const absl::Status read = ReadMapFrom(indexed.body_offset_bytes, item_index, [&](const ExtentList& extents) {
    for (const v1::Extent& extent : extents) {
      const v1::Extent part = Clip(extent, at, window);
      if (part.size_bytes() > 0) {
        HOZEN_RETURN_IF_ERROR(WrongAtOffset(ReadExtent(part, hashing), at));
      }
      at += extent.size_bytes();
    }
    return absl::OkStatus();
  });
  HOZEN_RETURN_IF_ERROR(InItem(read, item));
  if (hashing.size_bytes() != window.to - window.from) {
    return InItem(absl::DataLossError(Concat("its map has ", at, " bytes, not ", item.size_bytes())), item);
  }
  return whole ? InItem(hashing.Check(item), item) : absl::OkStatus();
}

absl::Status StoredEvidence::ReadItems(const OnItem& on_item) {
  ExtentList kept;
  bool overflowed = false;
  const auto keep = [&](uint64_t, const ExtentList& extents) {
    if (kept.size() + extents.size() > kKeptExtents) overflowed = true;
    if (overflowed) {
      kept.Clear();
    } else {
      kept.MergeFrom(extents);
    }
    return absl::OkStatus();
  };
  const auto give = [&](uint64_t record_offset_bytes, const v1::Item& item) {
    const ReadStream read = [&](StreamSink& sink) {
      HashingSink hashing(sink);
      const auto follow = [&](const ExtentList& extents) {
        for (const v1::Extent& extent : extents) {
          const uint64_t at = hashing.size_bytes();
          HOZEN_RETURN_IF_ERROR(WrongAtOffset(ReadExtent(extent, hashing), at));
        }
        return absl::OkStatus();
      };
      HOZEN_RETURN_IF_ERROR(
          InItem(overflowed ? ReadMapFrom(record_offset_bytes, item.index(), follow) : follow(kept), item));
      return InItem(hashing.Check(item), item);
    };
    const absl::Status status = on_item(item, read);
    kept.Clear();
    overflowed = false;
    return status;
  };
  return ReadBody({.on_extents = keep, .on_item = give});
}

}  // namespace hozen
