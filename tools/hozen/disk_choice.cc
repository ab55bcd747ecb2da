#include "tools/hozen/disk_choice.h"

#include <limits>
#include <utility>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "tools/hozen/quantity.h"

namespace hozen {
namespace {

constexpr uint32_t kUsualSectorBytes = 512;

absl::StatusOr<uint64_t> ParsePlace(std::string_view text, uint32_t sector_size_bytes) {
  if (!text.ends_with('s') && !text.ends_with('S')) return ParseSize(text);
  if (sector_size_bytes == 0) {
    return absl::InvalidArgumentError(
        Concat(text, ": ",
               Say("the disk's sector size is not known yet; give bytes",
                   "ディスクのセクタサイズがまだ不明です。バイト単位で指定してください")));
  }
  HOZEN_ASSIGN_OR_RETURN(const uint64_t sectors, ParseSize(text.substr(0, text.size() - 1)));
  if (sectors > std::numeric_limits<uint64_t>::max() / sector_size_bytes) {
    return absl::InvalidArgumentError(Concat(text, ": ", Say("is too large", "は大きすぎます")));
  }
  return sectors * sector_size_bytes;
}

absl::Status CheckInside(const v1::Item& disk, StreamRange range) {
  if (range.offset_bytes <= disk.size_bytes() && range.size_bytes <= disk.size_bytes() - range.offset_bytes) {
    return absl::OkStatus();
  }
  return absl::OutOfRangeError(Concat(range.offset_bytes, "+", range.size_bytes, ": ",
                                      Say("reaches behind the end of ", "が次の末尾を越えています: "),
                                      Printable(disk.path()), " (", disk.size_bytes(), Say(" bytes)", " バイト)")));
}

std::string PartitionsOf(const v1::Item& disk) {
  std::string list;
  for (const v1::Partition& partition : disk.disk().partitions()) {
    list += Concat(list.empty() ? "" : ", ", partition.number(), " (", FormatSize(partition.size_bytes()),
                   partition.file_system().empty() ? "" : " ", Printable(partition.file_system()), ")");
  }
  return list.empty() ? std::string(Say("it has none", "パーティションはありません")) : list;
}

absl::StatusOr<StreamRange> RangeOfPartition(const v1::Item& disk, uint32_t number) {
  for (const v1::Partition& partition : disk.disk().partitions()) {
    if (partition.number() != number) continue;
    // Partitions are placed on the disk, of which the stream may be a part.
    const uint64_t stream_at = disk.disk().range_size_bytes() == 0 ? 0 : disk.disk().range_offset_bytes();
    const StreamRange range{.offset_bytes = partition.offset_bytes() - stream_at, .size_bytes = partition.size_bytes()};
    if (partition.offset_bytes() < stream_at || !CheckInside(disk, range).ok()) {
      return absl::OutOfRangeError(Concat(
          Say("partition ", "パーティション "), number,
          Say(" lies outside of what was acquired of ", " は取得された範囲の外にあります: "), Printable(disk.path())));
    }
    return range;
  }
  return absl::NotFoundError(Concat(Printable(disk.path()), ": ",
                                    Say("there is no partition ", "次のパーティションはありません: "), number, "; ",
                                    PartitionsOf(disk)));
}

}  // namespace

absl::StatusOr<StreamRange> ParseRange(std::string_view text, uint32_t sector_size_bytes) {
  const size_t plus = text.find('+');
  if (plus == std::string_view::npos) {
    return absl::InvalidArgumentError(
        Concat(Printable(text), ": ",
               Say("a range is OFFSET+SIZE, such as 1M+512K or 2048s+100s",
                   "範囲は OFFSET+SIZE の形で指定してください（例: 1M+512K、2048s+100s）")));
  }
  StreamRange range;
  HOZEN_ASSIGN_OR_RETURN(range.offset_bytes, ParsePlace(text.substr(0, plus), sector_size_bytes));
  HOZEN_ASSIGN_OR_RETURN(range.size_bytes, ParsePlace(text.substr(plus + 1), sector_size_bytes));
  return range;
}

absl::StatusOr<v1::Item> ChooseDisk(Collector& collector, const std::string& acquisition_id,
                                    std::optional<uint64_t> item_index) {
  v1::ListItemsRequest request;
  request.set_acquisition_id(acquisition_id);
  request.set_disks_only(true);
  std::optional<v1::Item> found;
  std::string disks;
  uint64_t count = 0;
  HOZEN_RETURN_IF_ERROR(collector.ListItems(request, [&](const v1::ItemRow& row) {
    if (row.item().kind() != v1::Item::KIND_DISK) return absl::OkStatus();
    constexpr uint64_t kMostNamed = 16;
    if (++count <= kMostNamed) {
      disks += Concat(disks.empty() ? "" : ", ", row.item().index(), " (", Printable(row.item().path()), ")");
    }
    if (!item_index.has_value() || row.item().index() == *item_index) found = row.item();
    return absl::OkStatus();
  }));
  if (count == 0) {
    return absl::NotFoundError(
        AbslView(Say("the acquisition has no disk; export it as zip, or order hozen image",
                     "この取得にディスクはありません。zip で書き出すか、hozen image で取得してください")));
  }
  if (!item_index.has_value() && count > 1) {
    return absl::InvalidArgumentError(Concat(Say("the acquisition has several disks; say which with --item: ",
                                                 "ディスクが複数あります。--item で指定してください: "),
                                             disks));
  }
  if (!found.has_value()) {
    return absl::NotFoundError(
        Concat(Say("the acquisition has no such disk; it has ", "そのディスクはありません。あるのは: "), disks));
  }
  if (!found->has_stream()) {
    return absl::FailedPreconditionError(Concat(Printable(found->path()), ": ",
                                                Say("nothing of it could be read: ", "まったく読み取れていません: "),
                                                Printable(found->failure().detail())));
  }
  return *std::move(found);
}

absl::StatusOr<StreamRange> ChooseRange(const v1::Item& disk, std::optional<uint32_t> partition,
                                        std::string_view range_text) {
  if (partition.has_value()) return RangeOfPartition(disk, *partition);
  if (range_text.empty()) return StreamRange{.offset_bytes = 0, .size_bytes = disk.size_bytes()};
  const uint32_t sector = disk.disk().sector_size_bytes();
  HOZEN_ASSIGN_OR_RETURN(const StreamRange range, ParseRange(range_text, sector == 0 ? kUsualSectorBytes : sector));
  HOZEN_RETURN_IF_ERROR(CheckInside(disk, range));
  if (range.size_bytes == 0) {
    return absl::InvalidArgumentError(AbslView(Say("the range is empty", "範囲が空です")));
  }
  return range;
}

}  // namespace hozen
