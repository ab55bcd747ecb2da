#include "agent/run/manifest_builder.h"

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "agent/run/journal.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"
#include "core/evidence/body.h"

namespace hozen {
namespace {

using OnBytes = std::function<absl::Status(std::string_view)>;

absl::Status WriteBodyRecord(const v1::BodyRecord& record, const OnBytes& on_bytes) {
  std::string bytes;
  HOZEN_RETURN_IF_ERROR(AppendRecord(record, bytes));
  return on_bytes(bytes);
}

// A map as it grows: joined runs, given out as MapParts before it gets too long for a record.
class GrowingMap {
 public:
  GrowingMap(uint64_t item_index, const OnBytes& on_bytes) : item_index_(item_index), on_bytes_(on_bytes) {}

  absl::Status Add(const ExtentList& extents) {
    for (const v1::Extent& extent : extents) {
      AppendExtent(extent, extents_);
      // The last run stays, because the next one may join it.
      if (extents_.size() > kMaxExtentsPerRecord) HOZEN_RETURN_IF_ERROR(WritePart());
    }
    return absl::OkStatus();
  }
  ExtentList TakeRest() { return std::move(extents_); }

 private:
  absl::Status WritePart() {
    v1::Extent last = std::move(*extents_.Mutable(extents_.size() - 1));
    extents_.RemoveLast();
    v1::BodyRecord record;
    record.mutable_map_part()->set_item_index(item_index_);
    record.mutable_map_part()->mutable_extents()->Swap(&extents_);
    extents_.Clear();
    *extents_.Add() = std::move(last);
    return WriteBodyRecord(record, on_bytes_);
  }

  const uint64_t item_index_;
  const OnBytes& on_bytes_;
  ExtentList extents_;
};

// Cuts what it is given into chunks.
class BodyCutter {
 public:
  explicit BodyCutter(ChunkSink& sink) : sink_(sink) {}

  absl::Status Add(std::string_view bytes) {
    sha256_.Update(bytes);
    body_.size_bytes += bytes.size();
    while (!bytes.empty()) {
      const size_t size = std::min(bytes.size(), kMaxChunkSizeBytes - pending_.size());
      pending_.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
      if (pending_.size() == kMaxChunkSizeBytes) HOZEN_RETURN_IF_ERROR(Put());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<UploadedBody> Finish() {
    if (!pending_.empty()) HOZEN_RETURN_IF_ERROR(Put());
    HOZEN_RETURN_IF_ERROR(sink_.Flush());
    body_.sha256 = sha256_.Finish();
    return std::move(body_);
  }

 private:
  absl::Status Put() {
    PlainChunk chunk = MakePlainChunk(std::exchange(pending_, std::string()));
    AppendExtent(ChunkExtent(chunk.sha256, static_cast<uint32_t>(chunk.bytes->size())), body_.extents);
    // Flush reports what fails.
    return sink_.Put(std::move(chunk), [](const absl::Status&) {});
  }

  ChunkSink& sink_;
  Sha256 sha256_;
  std::string pending_;
  UploadedBody body_;
};

}  // namespace

absl::Status WriteBody(const std::filesystem::path& journal, uint64_t journal_size_bytes, const OnBytes& on_bytes) {
  // Where each long stream's first checkpoint stands. Streams that were begun and started over stay here unused.
  absl::flat_hash_map<uint64_t, uint64_t> begins;
  HOZEN_ASSIGN_OR_RETURN(
      const uint64_t read_bytes,
      ReadJournal(
          journal, 0, journal_size_bytes, [&](uint64_t offset_bytes, const v1::JournalRecord& record) -> absl::Status {
            if (record.has_stream() && record.stream().has_item()) {
              begins[record.stream().stream_number()] = offset_bytes;
            }
            if (!record.has_body()) return absl::OkStatus();
            if (!record.body().has_item()) return WriteBodyRecord(record.body(), on_bytes);
            GrowingMap map(record.body().item().index(), on_bytes);
            v1::BodyRecord whole = record.body();
            v1::Item& item = *whole.mutable_item();
            const auto last_times = std::move(*item.mutable_read_times());
            item.clear_read_times();
            if (record.stream_number() != 0) {
              const auto begin = begins.find(record.stream_number());
              if (begin == begins.end()) return absl::DataLossError("the journal lacks a stream's beginning");
              HOZEN_RETURN_IF_ERROR(ReadJournal(journal, begin->second, offset_bytes,
                                                [&](uint64_t, const v1::JournalRecord& earlier) -> absl::Status {
                                                  if (!earlier.has_stream() ||
                                                      earlier.stream().stream_number() != record.stream_number()) {
                                                    return absl::OkStatus();
                                                  }
                                                  item.mutable_read_times()->MergeFrom(earlier.stream().read_times());
                                                  return map.Add(earlier.stream().extents());
                                                })
                                        .status());
              begins.erase(begin);
            }
            HOZEN_RETURN_IF_ERROR(map.Add(record.body().item().extents()));
            item.mutable_read_times()->MergeFrom(last_times);
            *item.mutable_extents() = map.TakeRest();
            return WriteBodyRecord(whole, on_bytes);
          }));
  // It was whole when it was opened. A body that ends early would be a manifest that lacks items without a word.
  if (read_bytes != journal_size_bytes) {
    return absl::DataLossError(Concat(journal.string(), " is ", journal_size_bytes,
                                      " bytes long and cannot be read behind byte ", read_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<UploadedBody> UploadBody(const std::filesystem::path& journal, uint64_t journal_size_bytes,
                                        ChunkSink& sink) {
  BodyCutter cutter(sink);
  HOZEN_RETURN_IF_ERROR(
      WriteBody(journal, journal_size_bytes, [&](std::string_view bytes) { return cutter.Add(bytes); }));
  return cutter.Finish();
}

v1::Manifest BuildManifest(const ManifestOrigin& origin, const ProgressSoFar& progress, const UploadedBody& body) {
  v1::Manifest manifest;
  manifest.set_format_version(1);
  manifest.set_acquisition_id(origin.acquisition_id);
  manifest.set_customer_id(origin.customer_id);
  manifest.set_host_id(origin.host_id);
  *manifest.mutable_host() = origin.host;
  manifest.set_plan_sha256(std::string(origin.plan_sha256.bytes()));
  manifest.set_started_unix_ns(progress.started_unix_ns);
  manifest.set_finished_unix_ns(progress.end->at_unix_ns());
  if (progress.end->has_ended_by()) *manifest.mutable_ended_by() = progress.end->ended_by();
  manifest.set_complete(progress.failed_items == 0 && progress.failed_targets == 0 && !progress.end->has_ended_by());
  manifest.set_items(progress.items);
  manifest.set_failed_items(progress.failed_items);
  manifest.set_failed_targets(progress.failed_targets);
  manifest.set_stream_bytes(progress.stream_bytes);
  manifest.set_body_sha256(std::string(body.sha256.bytes()));
  manifest.set_body_size_bytes(body.size_bytes);
  *manifest.mutable_body_extents() = body.extents;
  for (const v1::Trace& trace : origin.traces) *manifest.add_traces() = trace;
  for (const v1::Trace& trace : progress.traces) *manifest.add_traces() = trace;
  manifest.set_resumed(progress.resumed);
  manifest.set_sent_bytes(progress.sent_bytes);
  manifest.set_deduplicated_bytes(progress.deduplicated_bytes);
  return manifest;
}

}  // namespace hozen
