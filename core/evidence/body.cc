#include "core/evidence/body.h"

#include <algorithm>

#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// Varint of kMaxRecordSizeBytes: 21 bits.
constexpr size_t kMaxLengthSizeBytes = 3;

absl::Status BadRecord(std::string_view what) { return absl::InvalidArgumentError(Concat("body: ", what)); }

absl::Status CheckItemValues(const v1::Item& item) {
  if (item.kind() == v1::Item::KIND_UNSPECIFIED || !v1::Item::Kind_IsValid(item.kind())) {
    return absl::InvalidArgumentError(Concat("its kind ", static_cast<int>(item.kind()), " is unknown"));
  }
  if (item.state() == v1::Item::STATE_UNSPECIFIED || !v1::Item::State_IsValid(item.state())) {
    return absl::InvalidArgumentError(Concat("its state ", static_cast<int>(item.state()), " is unknown"));
  }
  if (item.has_stream() != (item.sha256().size() == Digest::kSizeBytes) ||
      (!item.has_stream() && !item.sha256().empty())) {
    return absl::InvalidArgumentError("a stream has a SHA-256 of 32 bytes, and nothing else has one");
  }
  if (item.state() != v1::Item::STATE_COMPLETE && !item.has_failure()) {
    return absl::InvalidArgumentError("it is not complete and does not say why");
  }
  return absl::OkStatus();
}

absl::Status CheckItemSizes(const v1::Item& item, uint64_t map_bytes, uint64_t unreadable_bytes,
                            uint64_t not_acquired_bytes) {
  if (map_bytes != item.size_bytes()) {
    return absl::InvalidArgumentError(Concat("its map covers ", map_bytes, " bytes, its size is ", item.size_bytes()));
  }
  if (!item.has_stream() && map_bytes != 0) return absl::InvalidArgumentError("it has a map but no stream");
  if (unreadable_bytes != item.unreadable_bytes()) {
    return absl::InvalidArgumentError(
        Concat("its map has ", unreadable_bytes, " unreadable bytes, it says ", item.unreadable_bytes()));
  }
  if (not_acquired_bytes != item.not_acquired_bytes()) {
    return absl::InvalidArgumentError(
        Concat("its map leaves ", not_acquired_bytes, " bytes out, it says ", item.not_acquired_bytes()));
  }
  if (unreadable_bytes != 0 && item.state() == v1::Item::STATE_COMPLETE) {
    return absl::InvalidArgumentError("it is called complete and has unreadable runs");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AppendRecord(const google::protobuf::MessageLite& record, std::string& out) {
  const size_t size = record.ByteSizeLong();
  if (size > kMaxRecordSizeBytes) {
    return absl::InvalidArgumentError(
        Concat("a record of ", size, " bytes is over the limit of ", kMaxRecordSizeBytes));
  }
  const size_t old_size = out.size();
  for (size_t rest = size;; rest >>= 7) {
    out.push_back(static_cast<char>(rest < 0x80 ? rest : (rest & 0x7f) | 0x80));
    if (rest < 0x80) break;
  }
  if (!record.AppendToString(&out)) {
    out.resize(old_size);
    return absl::InvalidArgumentError("a record could not be encoded");
  }
  return absl::OkStatus();
}

absl::Status RecordReader::Feed(std::string_view bytes) {
  if (failed_.ok()) failed_ = Read(bytes);
  return failed_;
}

absl::Status RecordReader::Read(std::string_view bytes) {
  // Only the record that is cut in two is copied; the others are handed on from where they lie.
  while (!pending_.empty() && !bytes.empty()) {
    const size_t take = std::min(missing_bytes_, bytes.size());
    pending_.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    missing_bytes_ -= take;
    if (missing_bytes_ > 0) return absl::OkStatus();
    size_t used = 0;
    HOZEN_RETURN_IF_ERROR(TakeRecords(pending_, used, missing_bytes_));
    pending_.erase(0, used);
  }
  if (bytes.empty()) return absl::OkStatus();
  size_t used = 0;
  HOZEN_RETURN_IF_ERROR(TakeRecords(bytes, used, missing_bytes_));
  pending_.assign(bytes.substr(used));
  return absl::OkStatus();
}

absl::Status RecordReader::TakeRecords(std::string_view bytes, size_t& used, size_t& missing) {
  used = 0;
  missing = 0;
  while (used < bytes.size()) {
    uint32_t size = 0;
    size_t prefix = 0;
    bool whole = false;
    while (!whole && used + prefix < bytes.size() && prefix < kMaxLengthSizeBytes) {
      const auto byte = static_cast<uint8_t>(bytes[used + prefix]);
      size |= static_cast<uint32_t>(byte & 0x7f) << (7 * prefix);
      whole = byte < 0x80;
      if (whole && byte == 0 && prefix > 0) {
        return absl::DataLossError(
            Concat("the record at ", consumed_bytes_, " has a length in a longer form than it needs"));
      }
      ++prefix;
    }
    if ((!whole && prefix == kMaxLengthSizeBytes) || size > kMaxRecordSizeBytes) {
      return absl::DataLossError(
          Concat("the record at ", consumed_bytes_, " claims to be longer than ", kMaxRecordSizeBytes, " bytes"));
    }
    const size_t present = bytes.size() - used;
    if (!whole || present < prefix + size) {
      missing = whole ? prefix + size - present : 1;
      return absl::OkStatus();
    }
    HOZEN_RETURN_IF_ERROR(on_record_(consumed_bytes_, bytes.substr(used + prefix, size)));
    used += prefix + size;
    consumed_bytes_ += prefix + size;
  }
  return absl::OkStatus();
}

absl::Status RecordReader::Finish() const {
  HOZEN_RETURN_IF_ERROR(failed_);
  if (pending_.empty()) return absl::OkStatus();
  return absl::DataLossError(
      Concat("ends inside the record at ", consumed_bytes_, ", ", pending_.size(), " bytes into it"));
}

BodyReader::BodyReader(Handler handler, uint64_t first_index)
    : handler_(std::move(handler)),
      records_([this](uint64_t offset_bytes, std::string_view bytes) { return OnRecord(offset_bytes, bytes); }),
      next_index_(first_index) {}

absl::Status BodyReader::Finish() const {
  HOZEN_RETURN_IF_ERROR(records_.Finish());
  if (in_item_) return BadRecord(Concat("ends after a map part of item ", next_index_, " and without the item"));
  return absl::OkStatus();
}

absl::Status BodyReader::OnRecord(uint64_t offset_bytes, std::string_view bytes) {
  v1::BodyRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return BadRecord(Concat("the record at ", offset_bytes, " is not a BodyRecord"));
  }
  switch (record.record_case()) {
    case v1::BodyRecord::kMapPart:
      return OnMapPart(offset_bytes, record.map_part());
    case v1::BodyRecord::kItem:
      return OnItem(offset_bytes, *record.mutable_item());
    case v1::BodyRecord::kTargetOutcome:
      if (in_item_) return BadRecord(Concat("a target stands between item ", next_index_, " and its map"));
      return handler_.on_target ? handler_.on_target(record.target_outcome()) : absl::OkStatus();
    case v1::BodyRecord::RECORD_NOT_SET:
      break;
  }
  return BadRecord(Concat("the record at ", offset_bytes, " is of no kind that this version knows"));
}

absl::Status BodyReader::EnterItem(uint64_t offset_bytes, uint64_t index) {
  if (index != next_index_) {
    return BadRecord(Concat("item ", next_index_, " should come at ", offset_bytes, ", but ", index, " does"));
  }
  if (in_item_) return absl::OkStatus();
  in_item_ = true;
  item_offset_bytes_ = offset_bytes;
  item_map_bytes_ = 0;
  item_unreadable_bytes_ = 0;
  item_not_acquired_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status BodyReader::TakeExtents(const ExtentList& extents) {
  if (extents.size() > kMaxExtentsPerRecord) {
    return absl::InvalidArgumentError(
        Concat("a record has ", extents.size(), " runs, the limit is ", kMaxExtentsPerRecord));
  }
  for (const v1::Extent& extent : extents) {
    HOZEN_RETURN_IF_ERROR(CheckExtent(extent));
    if (__builtin_add_overflow(item_map_bytes_, extent.size_bytes(), &item_map_bytes_)) {
      return absl::InvalidArgumentError("its map is longer than any stream can be");
    }
    if (extent.kind() == v1::Extent::KIND_UNREADABLE) item_unreadable_bytes_ += extent.size_bytes();
    if (extent.kind() == v1::Extent::KIND_NOT_ACQUIRED) item_not_acquired_bytes_ += extent.size_bytes();
  }
  return absl::OkStatus();
}

absl::Status BodyReader::OnMapPart(uint64_t offset_bytes, const v1::MapPart& part) {
  HOZEN_RETURN_IF_ERROR(EnterItem(offset_bytes, part.item_index()));
  if (part.extents().empty()) return BadRecord(Concat("a map part of item ", next_index_, " has no runs"));
  HOZEN_RETURN_IF_ERROR(WithContext(TakeExtents(part.extents()), Concat("body: item ", next_index_)));
  return handler_.on_extents ? handler_.on_extents(next_index_, part.extents()) : absl::OkStatus();
}

absl::Status BodyReader::OnItem(uint64_t offset_bytes, v1::Item& item) {
  HOZEN_RETURN_IF_ERROR(EnterItem(offset_bytes, item.index()));
  const std::string context = Concat("body: item ", next_index_);
  HOZEN_RETURN_IF_ERROR(WithContext(TakeExtents(item.extents()), context));
  HOZEN_RETURN_IF_ERROR(WithContext(CheckItemValues(item), context));
  HOZEN_RETURN_IF_ERROR(
      WithContext(CheckItemSizes(item, item_map_bytes_, item_unreadable_bytes_, item_not_acquired_bytes_), context));
  if (!item.extents().empty() && handler_.on_extents) {
    HOZEN_RETURN_IF_ERROR(handler_.on_extents(next_index_, item.extents()));
  }
  item.clear_extents();
  in_item_ = false;
  ++next_index_;
  return handler_.on_item ? handler_.on_item(item_offset_bytes_, item) : absl::OkStatus();
}

}  // namespace hozen
