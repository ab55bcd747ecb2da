// The manifest's body: length-prefixed v1::BodyRecords, written and read piece by piece, so that a body of any length
// takes bounded memory. Format: docs/formats/manifest.md.
#ifndef HOZEN_CORE_EVIDENCE_BODY_H_
#define HOZEN_CORE_EVIDENCE_BODY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "core/evidence/map.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// A record is at most so long; writers split maps into MapParts well before.
inline constexpr uint32_t kMaxRecordSizeBytes = 1 << 20;
// Runs in one MapPart, and in an Item itself.
inline constexpr int kMaxExtentsPerRecord = 4096;

// Appends the record with its length to `out`. InvalidArgument where it is too long.
absl::Status AppendRecord(const google::protobuf::MessageLite& record, std::string& out);

// Takes length-prefixed records apart. Thread-compatible. The first failure sticks. Holds one record at most.
class RecordReader {
 public:
  // `on_record` gets the bytes of each whole record and the offset in the stream at which its length prefix stands; an
  // error from it ends the reading.
  using OnRecord = std::function<absl::Status(uint64_t offset_bytes, std::string_view record)>;
  explicit RecordReader(OnRecord on_record) : on_record_(std::move(on_record)) {}

  // The next bytes of the stream, cut anywhere. DataLoss for a length over the limit or not in its shortest form.
  absl::Status Feed(std::string_view bytes);
  // DataLoss where the stream ended inside a record.
  absl::Status Finish() const;
  // Where the last whole record ended: what a torn journal is cut back to.
  uint64_t whole_records_size_bytes() const { return consumed_bytes_; }

 private:
  absl::Status Read(std::string_view bytes);
  // Hands on the whole records at the front of `bytes`. Sets `used` to their size and `missing` to what the record
  // behind them still needs at least.
  absl::Status TakeRecords(std::string_view bytes, size_t& used, size_t& missing);

  OnRecord on_record_;
  std::string pending_;       // the beginning of a record
  size_t missing_bytes_ = 0;  // that `pending_` still needs at least
  uint64_t consumed_bytes_ = 0;
  absl::Status failed_;
};

// Reads a body: checks each record (indices that count up from 0, MapParts that belong to the item after them, runs by
// CheckExtent, sizes that add up, failures where something is missing) and hands on what it says. Thread-compatible.
// DataLoss where a record is cut off or its length is wrong, InvalidArgument where it says what a body cannot.
class BodyReader {
 public:
  struct Handler {
    // A piece of the map of the item that will come next, in order. May be called many times before on_item.
    std::function<absl::Status(uint64_t item_index, const ExtentList& extents)> on_extents;
    // The item, after all its extents were given to on_extents; its own `extents` field is empty here.
    // record_offset_bytes is where the first of its records (MapPart or Item) stands, from where reading started.
    std::function<absl::Status(uint64_t record_offset_bytes, const v1::Item& item)> on_item;
    std::function<absl::Status(const v1::TargetOutcome& outcome)> on_target;
  };
  // Handlers left empty are not called. With `first_index`, reading starts in the middle, at that item's first record.
  explicit BodyReader(Handler handler, uint64_t first_index = 0);
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;

  absl::Status Feed(std::string_view bytes) { return records_.Feed(bytes); }
  absl::Status Finish() const;

 private:
  absl::Status OnRecord(uint64_t offset_bytes, std::string_view bytes);
  absl::Status OnMapPart(uint64_t offset_bytes, const v1::MapPart& part);
  absl::Status OnItem(uint64_t offset_bytes, v1::Item& item);
  // Starts the item with this index unless it was started by a MapPart.
  absl::Status EnterItem(uint64_t offset_bytes, uint64_t index);
  absl::Status TakeExtents(const ExtentList& extents);

  Handler handler_;
  RecordReader records_;
  uint64_t next_index_;
  uint64_t item_offset_bytes_ = 0;
  bool in_item_ = false;
  uint64_t item_map_bytes_ = 0;
  uint64_t item_unreadable_bytes_ = 0;
  uint64_t item_not_acquired_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_CORE_EVIDENCE_BODY_H_
