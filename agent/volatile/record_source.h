// Records as the bytes of an item: a line of JSON for each, made when it is read.
#ifndef HOZEN_AGENT_VOLATILE_RECORD_SOURCE_H_
#define HOZEN_AGENT_VOLATILE_RECORD_SOURCE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bytes/source.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// The next record; none at the end.
using NextRecord = std::function<std::optional<v1::VolatileRecord>()>;

NextRecord RecordsOf(std::vector<v1::VolatileRecord> records);

v1::VolatileRecord MissingRecord(std::string_view what, v1::Failure failure);

// A record as a line, with its line feed; valid UTF-8 whatever stands in it.
std::string RecordLine(const v1::VolatileRecord& record);

// Thread-compatible. Read from its start to its end; what was read can be read again as long as nothing behind it was
// asked for. The last line is a StreamEnd of its own.
class RecordSource : public Source {
 public:
  explicit RecordSource(NextRecord next) : next_(std::move(next)) {}

  // OutOfRange for bytes that are gone.
  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override;
  uint64_t size_bytes() const override { return 0; }

  // Of what was read so far.
  uint64_t records() const { return records_; }
  uint64_t missing() const { return missing_; }
  // The first thing that was missing although the host has it: what vanished, or what there is none of, is in the
  // records and is no failure of the whole.
  const std::optional<v1::Failure>& first_failure() const { return first_failure_; }
  uint64_t failures() const { return failures_; }

 private:
  void Count(const v1::VolatileRecord& record);
  void Count(const v1::Missing& missing);

  const NextRecord next_;
  std::string held_;
  uint64_t held_offset_ = 0;
  bool over_ = false;
  uint64_t records_ = 0;
  uint64_t missing_ = 0;
  uint64_t failures_ = 0;
  std::optional<v1::Failure> first_failure_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_RECORD_SOURCE_H_
