#include "agent/run/progress_so_far.h"

#include "agent/acquire/item_sink.h"
#include "core/base/concat.h"

namespace hozen {

Digest ItemKey(uint32_t target_index, std::string_view name) { return Sha256::Of(Concat(target_index, ":", name)); }

Digest FolderFailureKey(uint32_t target_index, std::string_view name) {
  return Sha256::Of(Concat("!", target_index, ":", name));
}

absl::Status ProgressSoFar::Apply(const v1::JournalRecord& record) {
  if (record.sent_bytes() > 0) sent_bytes = record.sent_bytes();
  if (record.deduplicated_bytes() > 0) deduplicated_bytes = record.deduplicated_bytes();
  switch (record.record_case()) {
    case v1::JournalRecord::kStartedUnixNs:
      started_unix_ns = record.started_unix_ns();
      break;
    case v1::JournalRecord::kResumption:
      ++resumed;
      break;
    case v1::JournalRecord::kTrace:
      traces.push_back(record.trace());
      break;
    case v1::JournalRecord::kEnd:
      end = record.end();
      break;
    case v1::JournalRecord::kStream:
      return ApplyCheckpoint(record.stream());
    case v1::JournalRecord::kBody:
      if (record.body().has_item()) ApplyItem(record.body().item());
      if (record.body().has_target_outcome()) {
        const v1::TargetOutcome& outcome = record.body().target_outcome();
        finished_targets.insert(outcome.target_index());
        if (outcome.has_failure()) ++failed_targets;
        // Targets are carried out one after the other, so all that was taken was of this one.
        taken.clear();
        unfinished.clear();
        unfinished_by_number_.clear();
      }
      break;
    case v1::JournalRecord::RECORD_NOT_SET:
      break;
  }
  return absl::OkStatus();
}

void ProgressSoFar::ApplyItem(const v1::Item& item) {
  ++items;
  if (item.state() != v1::Item::STATE_COMPLETE) ++failed_items;
  stream_bytes += item.size_bytes();
  ++items_of_target[item.target_index()];
  const Digest key = ItemKey(item.target_index(), NameAmongTaken(item));
  taken.insert(key);
  if (item.kind() == v1::Item::KIND_DIRECTORY && item.state() == v1::Item::STATE_FAILED) {
    taken.insert(FolderFailureKey(item.target_index(), NameAmongTaken(item)));
  }
  unfinished.erase(key);
}

absl::Status ProgressSoFar::ApplyCheckpoint(const v1::StreamCheckpoint& checkpoint) {
  last_stream_number = std::max(last_stream_number, checkpoint.stream_number());
  if (checkpoint.has_item()) {
    const Digest key = ItemKey(checkpoint.item().target_index(), NameAmongTaken(checkpoint.item()));
    UnfinishedStream stream;
    stream.number = checkpoint.stream_number();
    stream.item = checkpoint.item();
    unfinished[key] = std::move(stream);
    unfinished_by_number_[checkpoint.stream_number()] = key;
  }
  const auto key = unfinished_by_number_.find(checkpoint.stream_number());
  const auto found = key == unfinished_by_number_.end() ? unfinished.end() : unfinished.find(key->second);
  if (found == unfinished.end() || found->second.number != checkpoint.stream_number()) {
    return absl::DataLossError(
        Concat("a checkpoint of stream ", checkpoint.stream_number(), ", whose beginning the journal does not have"));
  }
  UnfinishedStream& stream = found->second;
  for (const v1::Extent& extent : checkpoint.extents()) {
    stream.offset_bytes += extent.size_bytes();
    if (extent.kind() == v1::Extent::KIND_ZEROS) stream.zero_bytes += extent.size_bytes();
    if (extent.kind() == v1::Extent::KIND_NOT_ACQUIRED) stream.not_acquired_bytes += extent.size_bytes();
    if (extent.kind() == v1::Extent::KIND_UNREADABLE) {
      stream.unreadable_bytes += extent.size_bytes();
      if (!stream.first_unreadable.has_value()) stream.first_unreadable = extent.failure();
    }
  }
  stream.read_times += static_cast<uint64_t>(checkpoint.read_times_size());
  stream.sha256_state = checkpoint.sha256_state();
  if (stream.offset_bytes != checkpoint.offset_bytes()) {
    return absl::DataLossError(
        Concat("a checkpoint at ", checkpoint.offset_bytes(), " whose map is ", stream.offset_bytes, " bytes long"));
  }
  return absl::OkStatus();
}

}  // namespace hozen
