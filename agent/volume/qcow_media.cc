#include "agent/volume/qcow_media.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/volume/big_endian.h"
#include "agent/volume/descriptor_media.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// Offsets in the header; all numbers are big endian.
constexpr size_t kVersionAt = 4;
constexpr size_t kBackingFileAt = 8;
constexpr size_t kClusterBitsAt = 20;
constexpr size_t kSizeAt = 24;
constexpr size_t kEncryptionAt = 32;
constexpr size_t kTopEntriesAt = 36;
constexpr size_t kTopAt = 40;
constexpr size_t kIncompatibleAt = 72;  // version 3
constexpr size_t kHeaderBytes = 80;
// "Dirty" concerns reference counts alone, which reading does not need.
constexpr uint64_t kDirty = 1;

constexpr uint64_t kOffsetMask = 0x00FF'FFFF'FFFF'FE00;
constexpr uint64_t kPacked = uint64_t{1} << 62;
constexpr uint64_t kReadsAsZeros = 1;  // version 3
constexpr size_t kEntryBytes = 8;
// QEMU's own bound on the table at the top.
constexpr uint64_t kMaxTopBytes = 32 << 20;
constexpr uint64_t kPackedSectorBytes = 512;

// A raw deflate stream that must fill `cluster`; what stands behind its end is padding.
bool Unpack(std::string& packed, absl::Span<char> cluster) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(cluster.data());
  stream.avail_out = static_cast<uInt>(cluster.size());
  const int end = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return (end == Z_STREAM_END || end == Z_BUF_ERROR) && stream.avail_out == 0;
}

class QcowMedia final : public Media {
 public:
  QcowMedia(const MediaFile& file, std::function<void()> on_read) : file_(file), on_read_(std::move(on_read)) {}

  absl::Status Open() {
    std::string header(kHeaderBytes, '\0');
    HOZEN_RETURN_IF_ERROR(ReadFile(0, absl::MakeSpan(header.data(), header.size()), "header"));
    version_ = BigEndian(&header[kVersionAt], 4);
    if (version_ != 2 && version_ != 3) {
      return absl::InvalidArgumentError(Concat("version ", version_, " of qcow is not read; convert it with qemu-img"));
    }
    if (BigEndian(&header[kBackingFileAt], 8) != 0) {
      return absl::InvalidArgumentError(
          "the qcow2 file is the difference to a backing file; merge them with qemu-img convert");
    }
    if (BigEndian(&header[kEncryptionAt], 4) != 0) {
      return absl::InvalidArgumentError("the qcow2 file is encrypted; decrypt it with qemu-img convert");
    }
    if (version_ == 3 && (BigEndian(&header[kIncompatibleAt], 8) & ~kDirty) != 0) {
      return absl::InvalidArgumentError(
          "the qcow2 file is marked corrupt or uses an external data file, zstd or subclusters, which are not read; "
          "convert it with qemu-img");
    }
    cluster_bits_ = BigEndian(&header[kClusterBitsAt], 4);
    size_bytes_ = BigEndian(&header[kSizeAt], 8);
    if (cluster_bits_ < 9 || cluster_bits_ > 21 || size_bytes_ > std::numeric_limits<int64_t>::max()) {
      return absl::DataLossError("the qcow2 file is damaged: its header names sizes that cannot be");
    }
    return ReadTop(BigEndian(&header[kTopAt], 8), BigEndian(&header[kTopEntriesAt], 4));
  }

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_size_bytes() const override { return 512; }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
    for (size_t done = 0; done < wanted;) {
      const uint64_t at = offset_bytes + done;
      const uint64_t within = at & (cluster_bytes() - 1);
      const size_t here = std::min<uint64_t>(wanted - done, cluster_bytes() - within);
      HOZEN_RETURN_IF_ERROR(ReadCluster(at >> cluster_bits_, within, buffer.subspan(done, here)));
      done += here;
    }
    return wanted;
  }

 private:
  uint64_t cluster_bytes() const { return uint64_t{1} << cluster_bits_; }
  uint64_t entries_per_table() const { return cluster_bytes() / kEntryBytes; }

  absl::Status ReadFile(uint64_t offset_bytes, absl::Span<char> buffer, std::string_view what) {
    on_read_();
    return ReadExactly(file_, offset_bytes, buffer, what);
  }

  absl::Status ReadTop(uint64_t offset_bytes, uint64_t entries) {
    const uint64_t clusters = size_bytes_ / cluster_bytes() + (size_bytes_ % cluster_bytes() != 0 ? 1 : 0);
    const uint64_t needed = clusters / entries_per_table() + (clusters % entries_per_table() != 0 ? 1 : 0);
    if (entries < needed || needed > kMaxTopBytes / kEntryBytes) {
      return absl::DataLossError("the qcow2 file is damaged: its first table does not fit the disk's size");
    }
    return ReadTable(offset_bytes, needed, top_);
  }

  absl::Status ReadTable(uint64_t offset_bytes, uint64_t entries, std::vector<uint64_t>& table) {
    std::string bytes;
    // Before there is memory for it: a lie costs nothing.
    if (entries * kEntryBytes > file_.size_bytes) {
      return absl::DataLossError("the qcow2 file is damaged or cut off: a table is longer than the file");
    }
    bytes.resize(entries * kEntryBytes);
    HOZEN_RETURN_IF_ERROR(ReadFile(offset_bytes, absl::MakeSpan(bytes.data(), bytes.size()), "table"));
    table.resize(entries);
    for (size_t i = 0; i < entries; ++i) table[i] = BigEndian(&bytes[i * kEntryBytes], kEntryBytes);
    return absl::OkStatus();
  }

  // The entry of one cluster; 0 where it has no place in the file.
  absl::StatusOr<uint64_t> EntryOf(uint64_t cluster) {
    const uint64_t table_at = top_[cluster / entries_per_table()] & kOffsetMask;
    if (table_at == 0) return 0;
    if (table_at != table_at_) {
      table_at_ = 0;
      HOZEN_RETURN_IF_ERROR(ReadTable(table_at, entries_per_table(), table_));
      table_at_ = table_at;
    }
    return table_[cluster % entries_per_table()];
  }

  absl::Status ReadCluster(uint64_t cluster, uint64_t within, absl::Span<char> buffer) {
    HOZEN_ASSIGN_OR_RETURN(const uint64_t entry, EntryOf(cluster));
    if ((entry & kPacked) != 0) return ReadPacked(entry, within, buffer);
    const uint64_t place = entry & kOffsetMask;
    if (place == 0 || (version_ == 3 && (entry & kReadsAsZeros) != 0)) {
      std::memset(buffer.data(), 0, buffer.size());
      return absl::OkStatus();
    }
    return ReadFile(place + within, buffer, "data");
  }

  absl::Status ReadPacked(uint64_t entry, uint64_t within, absl::Span<char> buffer) {
    if (entry != unpacked_entry_) {
      unpacked_entry_ = 0;
      const uint64_t offset_bits = 62 - (cluster_bits_ - 8);
      const uint64_t place = entry & ((uint64_t{1} << offset_bits) - 1);
      const uint64_t sectors = ((entry & (kPacked - 1)) >> offset_bits) + 1;
      if (place >= file_.size_bytes) {
        return absl::DataLossError("the qcow2 file is damaged or cut off: packed data would stand behind its end");
      }
      // The last one ends where the file does, in the middle of its last sector.
      const uint64_t most = sectors * kPackedSectorBytes - place % kPackedSectorBytes;
      std::string packed(std::min(most, file_.size_bytes - place), '\0');
      HOZEN_RETURN_IF_ERROR(ReadFile(place, absl::MakeSpan(packed.data(), packed.size()), "packed data"));
      unpacked_.resize(cluster_bytes());
      if (!Unpack(packed, absl::MakeSpan(unpacked_.data(), unpacked_.size()))) {
        return absl::DataLossError("the qcow2 file is damaged: a packed cluster does not unpack");
      }
      unpacked_entry_ = entry;
    }
    std::memcpy(buffer.data(), unpacked_.data() + within, buffer.size());
    return absl::OkStatus();
  }

  const MediaFile file_;
  const std::function<void()> on_read_;
  uint64_t version_ = 0;
  uint64_t cluster_bits_ = 0;
  uint64_t size_bytes_ = 0;
  std::vector<uint64_t> top_;
  uint64_t table_at_ = 0;  // of table_; 0 for none
  std::vector<uint64_t> table_;
  uint64_t unpacked_entry_ = 0;  // whose bytes stand in unpacked_; 0 for none
  std::string unpacked_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Media>> OpenQcowMedia(const MediaFile& file, std::function<void()> on_read) {
  auto media = std::make_unique<QcowMedia>(file, std::move(on_read));
  HOZEN_RETURN_IF_ERROR(media->Open());
  return media;
}

}  // namespace hozen
