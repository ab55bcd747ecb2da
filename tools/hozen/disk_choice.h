// Which disk of an acquisition, and which part of it, an image is to be of.
#ifndef HOZEN_TOOLS_HOZEN_DISK_CHOICE_H_
#define HOZEN_TOOLS_HOZEN_DISK_CHOICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "tools/hozen/collector.h"

namespace hozen {

// A part of a disk's stream.
struct StreamRange {
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;
  friend bool operator==(const StreamRange&, const StreamRange&) = default;
};

// "OFFSET+SIZE" in bytes, sizes ("1M+512K") or sectors of the disk ("2048s+204800s"; not with a sector size of 0, which
// is not known). InvalidArgument for anything else.
absl::StatusOr<StreamRange> ParseRange(std::string_view text, uint32_t sector_size_bytes);

// The disk with this item index, else the only one. NotFound where there is none; InvalidArgument, naming them, where
// there are several; FailedPrecondition where nothing of it could be read.
absl::StatusOr<v1::Item> ChooseDisk(Collector& collector, const std::string& acquisition_id,
                                    std::optional<uint64_t> item_index);

// All of the disk's stream, its partition, or the range in `range_text`, where they are given. NotFound, naming those
// that there are, for another partition; OutOfRange for what reaches out of the stream; InvalidArgument for an empty
// range.
absl::StatusOr<StreamRange> ChooseRange(const v1::Item& disk, std::optional<uint32_t> partition,
                                        std::string_view range_text);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_DISK_CHOICE_H_
