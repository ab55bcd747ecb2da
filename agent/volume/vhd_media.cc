#include "agent/volume/vhd_media.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/volume/big_endian.h"
#include "agent/volume/descriptor_media.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kFooterBytes = 512;
constexpr std::string_view kFooterMark = "conectix";
constexpr size_t kHeaderAt = 16;  // in the footer
constexpr size_t kSizeAt = 48;
constexpr size_t kTypeAt = 60;
constexpr size_t kFooterSumAt = 64;
constexpr uint64_t kFixed = 2;
constexpr uint64_t kDynamic = 3;

constexpr uint64_t kHeaderBytes = 1024;
constexpr std::string_view kHeaderMark = "cxsparse";
constexpr size_t kTableAt = 16;  // in the header
constexpr size_t kEntriesAt = 28;
constexpr size_t kBlockBytesAt = 32;
constexpr size_t kHeaderSumAt = 36;

constexpr size_t kEntryBytes = 4;
constexpr uint32_t kNoBlock = 0xFFFFFFFF;
constexpr uint64_t kMaxBlockBytes = 256 << 20;

// The complement of the sum of all bytes but its own.
bool HasChecksum(std::string bytes, size_t at) {
  const uint64_t expected = BigEndian(&bytes[at], 4);
  bytes.replace(at, 4, 4, '\0');
  uint32_t sum = 0;
  for (const char byte : bytes) sum += static_cast<unsigned char>(byte);
  return static_cast<uint32_t>(~sum) == expected;
}

class VhdMedia final : public Media {
 public:
  VhdMedia(const MediaFile& file, std::function<void()> on_read) : file_(file), on_read_(std::move(on_read)) {}

  absl::Status Open() {
    HOZEN_ASSIGN_OR_RETURN(const std::string footer, ReadFooter());
    size_bytes_ = BigEndian(&footer[kSizeAt], 8);
    if (size_bytes_ > std::numeric_limits<int64_t>::max()) {
      return absl::DataLossError("the VHD file is damaged: its footer names a size that no disk has");
    }
    const uint64_t type = BigEndian(&footer[kTypeAt], 4);
    if (type == kDynamic) return ReadTable(BigEndian(&footer[kHeaderAt], 8));
    if (type != kFixed) {
      return absl::InvalidArgumentError(
          "the VHD file is the difference to a parent; merge them with the tools of its hypervisor");
    }
    if (size_bytes_ <= file_.size_bytes) return absl::OkStatus();
    return absl::DataLossError("the VHD file is cut off: it is shorter than the disk in it");
  }

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_size_bytes() const override { return kSectorBytes; }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
    if (block_bytes_ == 0) {
      HOZEN_RETURN_IF_ERROR(Read(offset_bytes, buffer.subspan(0, wanted), "data"));
      return wanted;
    }
    for (size_t done = 0; done < wanted;) {
      const uint64_t at = offset_bytes + done;
      const uint64_t within = at % block_bytes_;
      const size_t here = std::min<uint64_t>(wanted - done, block_bytes_ - within);
      HOZEN_RETURN_IF_ERROR(ReadBlock(at / block_bytes_, within, buffer.subspan(done, here)));
      done += here;
    }
    return wanted;
  }

 private:
  absl::Status Read(uint64_t offset_bytes, absl::Span<char> buffer, std::string_view what) {
    on_read_();
    return ReadExactly(file_, offset_bytes, buffer, what);
  }

  // At the end; dynamic disks have a copy at the start.
  absl::StatusOr<std::string> ReadFooter() {
    std::string footer(kFooterBytes, '\0');
    for (const uint64_t at : {file_.size_bytes - std::min(file_.size_bytes, kFooterBytes), uint64_t{0}}) {
      HOZEN_RETURN_IF_ERROR(Read(at, absl::MakeSpan(footer.data(), footer.size()), "footer"));
      if (footer.compare(0, kFooterMark.size(), kFooterMark) == 0 && HasChecksum(footer, kFooterSumAt)) return footer;
    }
    return absl::DataLossError("the VHD file is damaged or cut off: it has no footer whose checksum is right");
  }

  absl::Status ReadTable(uint64_t header_at) {
    std::string header(kHeaderBytes, '\0');
    HOZEN_RETURN_IF_ERROR(Read(header_at, absl::MakeSpan(header.data(), header.size()), "header"));
    if (header.compare(0, kHeaderMark.size(), kHeaderMark) != 0 || !HasChecksum(header, kHeaderSumAt)) {
      return absl::DataLossError("the VHD file is damaged: the checksum of its header is wrong");
    }
    block_bytes_ = BigEndian(&header[kBlockBytesAt], 4);
    if (block_bytes_ < kSectorBytes || block_bytes_ > kMaxBlockBytes || (block_bytes_ & (block_bytes_ - 1)) != 0) {
      return absl::DataLossError("the VHD file is damaged: its header names blocks of a size that cannot be");
    }
    const uint64_t needed = size_bytes_ / block_bytes_ + (size_bytes_ % block_bytes_ != 0 ? 1 : 0);
    // Before there is memory for it: a lie costs nothing.
    if (BigEndian(&header[kEntriesAt], 4) < needed || needed * kEntryBytes > file_.size_bytes) {
      return absl::DataLossError("the VHD file is damaged or cut off: its table does not fit the disk's size");
    }
    std::string bytes(needed * kEntryBytes, '\0');
    HOZEN_RETURN_IF_ERROR(Read(BigEndian(&header[kTableAt], 8), absl::MakeSpan(bytes.data(), bytes.size()), "table"));
    for (size_t i = 0; i < needed; ++i) {
      table_.push_back(static_cast<uint32_t>(BigEndian(&bytes[i * kEntryBytes], kEntryBytes)));
    }
    const uint64_t bitmap_bytes = (block_bytes_ / kSectorBytes + 7) / 8;
    bitmap_.resize((bitmap_bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes);
    return absl::OkStatus();
  }

  bool IsWritten(uint64_t sector) const {
    return (static_cast<unsigned char>(bitmap_[sector / 8]) & (0x80 >> (sector % 8))) != 0;
  }

  // Sectors that the block's bitmap does not name were never written and are zero, whatever stands in their place.
  absl::Status ReadBlock(uint64_t block, uint64_t within, absl::Span<char> buffer) {
    if (table_[block] == kNoBlock) {
      std::memset(buffer.data(), 0, buffer.size());
      return absl::OkStatus();
    }
    const uint64_t place = table_[block] * kSectorBytes;
    if (bitmap_of_ != block) {
      bitmap_of_.reset();
      HOZEN_RETURN_IF_ERROR(Read(place, absl::MakeSpan(bitmap_.data(), bitmap_.size()), "bitmap"));
      bitmap_of_ = block;
    }
    for (size_t done = 0; done < buffer.size();) {
      const uint64_t at = within + done;
      const bool written = IsWritten(at / kSectorBytes);
      uint64_t end = (at / kSectorBytes + 1) * kSectorBytes;
      while (end < within + buffer.size() && IsWritten(end / kSectorBytes) == written) end += kSectorBytes;
      const absl::Span<char> run = buffer.subspan(done, std::min<uint64_t>(buffer.size() - done, end - at));
      if (written) {
        HOZEN_RETURN_IF_ERROR(Read(place + bitmap_.size() + at, run, "data"));
      } else {
        std::memset(run.data(), 0, run.size());
      }
      done += run.size();
    }
    return absl::OkStatus();
  }

  const MediaFile file_;
  const std::function<void()> on_read_;
  uint64_t size_bytes_ = 0;
  uint64_t block_bytes_ = 0;  // 0: fixed
  std::vector<uint32_t> table_;
  std::optional<uint64_t> bitmap_of_;
  std::string bitmap_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Media>> OpenVhdMedia(const MediaFile& file, std::function<void()> on_read) {
  auto media = std::make_unique<VhdMedia>(file, std::move(on_read));
  HOZEN_RETURN_IF_ERROR(media->Open());
  return media;
}

}  // namespace hozen
