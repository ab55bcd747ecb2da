#include "agent/volatile/record_source.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {

NextRecord RecordsOf(std::vector<v1::VolatileRecord> records) {
  // std::function wants what can be copied.
  auto rest = std::make_shared<std::vector<v1::VolatileRecord>>(std::move(records));
  auto at = std::make_shared<size_t>(0);
  return [rest, at]() -> std::optional<v1::VolatileRecord> {
    if (*at == rest->size()) return std::nullopt;
    return std::move((*rest)[(*at)++]);
  };
}

v1::VolatileRecord MissingRecord(std::string_view what, v1::Failure failure) {
  v1::VolatileRecord record;
  record.mutable_missing()->set_what(Printable(what));
  *record.mutable_missing()->mutable_failure() = std::move(failure);
  return record;
}

std::string RecordLine(const v1::VolatileRecord& record) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string line;
  const auto status = google::protobuf::util::MessageToJsonString(record, &line, options);
  if (!status.ok()) {
    // A time that no calendar has, or text that is not UTF-8: a fault of ours. It costs this line, and says so.
    line.clear();
    v1::Failure failure;
    failure.set_cause(v1::CAUSE_IO_ERROR);
    failure.set_detail(Printable(status.ToString()));
    const auto said =
        google::protobuf::util::MessageToJsonString(MissingRecord("a record", std::move(failure)), &line, options);
    if (!said.ok()) line = R"({"missing":{"what":"a record"}})";
  }
  line += '\n';
  return line;
}

void RecordSource::Count(const v1::Missing& missing) {
  ++missing_;
  const v1::Cause cause = missing.failure().cause();
  if (cause == v1::CAUSE_VANISHED || cause == v1::CAUSE_NOT_FOUND) return;
  ++failures_;
  if (first_failure_.has_value()) return;
  first_failure_ = missing.failure();
  first_failure_->set_detail(Concat(missing.what(), ": ", missing.failure().detail()));
}

void RecordSource::Count(const v1::VolatileRecord& record) {
  ++records_;
  if (record.has_missing()) Count(record.missing());
  for (const v1::Missing& missing : record.process().missing()) Count(missing);
  for (const v1::Missing& missing : record.windows_service().missing()) Count(missing);
}

absl::StatusOr<size_t> RecordSource::ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) {
  if (offset_bytes < held_offset_) return absl::OutOfRangeError("these bytes were read and are gone");
  const uint64_t passed = std::min<uint64_t>(offset_bytes - held_offset_, held_.size());
  held_.erase(0, passed);
  held_offset_ += passed;
  if (held_offset_ != offset_bytes && over_) return 0;
  if (held_offset_ != offset_bytes) return absl::OutOfRangeError("these bytes were not made yet");
  while (!over_ && held_.size() < buffer.size()) {
    std::optional<v1::VolatileRecord> record = next_();
    if (record.has_value()) {
      Count(*record);
    } else {
      over_ = true;
      record.emplace();
      record->mutable_end()->set_records(records_);
      record->mutable_end()->set_missing(missing_);
    }
    held_ += RecordLine(*record);
  }
  const size_t size = std::min(held_.size(), buffer.size());
  std::memcpy(buffer.data(), held_.data(), size);
  return size;
}

}  // namespace hozen
