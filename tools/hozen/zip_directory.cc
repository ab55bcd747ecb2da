#include "tools/hozen/zip_directory.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64LocatorSignature = 0x07064b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr size_t kEndSize = 22;
constexpr size_t kEnd64LocatorSize = 20;
constexpr size_t kEnd64Size = 56;
constexpr size_t kCentralSize = 46;
constexpr size_t kLocalSize = 30;
constexpr uint64_t kLongestDescriptor = 24;
constexpr uint16_t kEncrypted = 1;
constexpr uint16_t kHasDescriptor = 8;
constexpr uint32_t kInZip64 = 0xffffffff;
constexpr uint64_t kMadeOnUnix = 3;
constexpr uint64_t kUnixTypeMask = 0170000;
constexpr uint64_t kUnixRegular = 0100000;
constexpr uint64_t kDosFolder = 0x10;
// Extra fields: ZIP64's sizes, times, and numbers of users. Others can give an entry a second name (0x7075), or be a
// place to hide in.
constexpr uint64_t kKnownExtras[] = {0x0001, 0x5455, 0x7875};

uint64_t Number(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

absl::Status ReadExactly(Source& source, uint64_t offset_bytes, size_t size, std::string& bytes) {
  bytes.assign(size, '\0');
  size_t have = 0;
  while (have < size) {
    HOZEN_ASSIGN_OR_RETURN(const size_t more,
                           source.ReadAt(offset_bytes + have, absl::MakeSpan(bytes.data() + have, size - have)));
    if (more == 0)
      return absl::DataLossError(AbslView(Say("the file ends too early", "ファイルが途中で終わっています")));
    have += more;
  }
  return absl::OkStatus();
}

absl::Status NoDirectory() {
  return absl::DataLossError(
      AbslView(Say("there is no ZIP directory at the end: the file was cut off, or is no ZIP file",
                   "末尾に ZIP の目録がありません（ファイルが途中で切れているか、ZIP ではありません）")));
}

absl::Status Irregular(const ZipEntry& entry, std::string_view why) {
  return absl::DataLossError(Concat(Printable(entry.name), ": ", why));
}

bool AreExtrasKnown(std::string_view extra) {
  while (!extra.empty()) {
    if (extra.size() < 4) return false;
    const uint64_t id = Number(extra, 0, 2);
    const uint64_t length = Number(extra, 2, 2);
    if (std::find(std::begin(kKnownExtras), std::end(kKnownExtras), id) == std::end(kKnownExtras)) return false;
    if (length > extra.size() - 4) return false;
    extra.remove_prefix(4 + static_cast<size_t>(length));
  }
  return true;
}

// A link would be made of an item's bytes where only a file was taken.
bool IsPlainFile(std::string_view central_header) {
  const uint64_t attributes = Number(central_header, 38, 4);
  if (Number(central_header, 5, 1) != kMadeOnUnix) return (attributes & kDosFolder) == 0;
  const uint64_t type = attributes >> 16 & kUnixTypeMask;
  return type == 0 || type == kUnixRegular;
}

// Takes 64-bit values out of the ZIP64 extra field, in the order in which they stand there.
absl::Status ReadZip64(std::string_view extra, uint64_t& size, uint64_t& packed, uint64_t& offset) {
  if (size != kInZip64 && packed != kInZip64 && offset != kInZip64) return absl::OkStatus();
  while (extra.size() >= 4) {
    const uint64_t id = Number(extra, 0, 2);
    const size_t length = static_cast<size_t>(Number(extra, 2, 2));
    extra.remove_prefix(4);
    if (length > extra.size()) break;
    if (id == 1) {
      std::string_view values = extra.substr(0, length);
      for (uint64_t* value : {&size, &packed, &offset}) {
        if (*value != kInZip64) continue;
        if (values.size() < 8) return absl::DataLossError("ZIP64 extra field");
        *value = Number(values, 0, 8);
        values.remove_prefix(8);
      }
      return absl::OkStatus();
    }
    extra.remove_prefix(length);
  }
  return absl::DataLossError("no ZIP64 extra field");
}

}  // namespace

absl::StatusOr<ZipDirectory> ZipDirectory::Open(Source& source) {
  const uint64_t size = source.size_bytes();
  if (size < kEndSize) return NoDirectory();
  // Ours have no comment, so the end record is the last there is; a comment would be bytes that nobody vouches for.
  std::string end;
  HOZEN_RETURN_IF_ERROR(ReadExactly(source, size - kEndSize, kEndSize, end));
  if (Number(end, 0, 4) != kEndSignature || Number(end, 20, 2) != 0) return NoDirectory();
  ZipDirectory directory(source);
  directory.entries_ = Number(end, 10, 2);
  uint64_t directory_size = Number(end, 12, 4);
  directory.directory_at_ = Number(end, 16, 4);
  directory.end_ = size - kEndSize;
  if (size >= kEndSize + kEnd64LocatorSize + kEnd64Size) {
    std::string locator;
    HOZEN_RETURN_IF_ERROR(ReadExactly(source, size - kEndSize - kEnd64LocatorSize, kEnd64LocatorSize, locator));
    if (Number(locator, 0, 4) == kEnd64LocatorSignature) {
      const uint64_t end64_at = Number(locator, 8, 8);
      if (end64_at > size - kEndSize - kEnd64LocatorSize - kEnd64Size) return NoDirectory();
      std::string end64;
      HOZEN_RETURN_IF_ERROR(ReadExactly(source, end64_at, kEnd64Size, end64));
      if (Number(end64, 0, 4) != kEnd64Signature) return NoDirectory();
      directory.entries_ = Number(end64, 32, 8);
      directory_size = Number(end64, 40, 8);
      directory.directory_at_ = Number(end64, 48, 8);
      directory.end_ = end64_at;
    }
  }
  if (directory.directory_at_ > directory.end_ || directory_size != directory.end_ - directory.directory_at_) {
    return absl::DataLossError(
        AbslView(Say("the ZIP directory is not where the file says", "ZIP の目録の位置が正しくありません")));
  }
  directory.at_ = directory.directory_at_;
  return directory;
}

absl::StatusOr<bool> ZipDirectory::Next(ZipEntry& entry) {
  if (at_ == end_) {
    if (read_ != entries_)
      return absl::DataLossError(AbslView(Say("the ZIP directory lacks entries", "ZIP の目録に不足があります")));
    if (directory_at_ < expected_at_ || directory_at_ - expected_at_ > kLongestDescriptor) {
      return absl::DataLossError(AbslView(Say("bytes that belong to no entry lie before the ZIP directory",
                                              "ZIP の目録の前に、どの項目にも属さないデータがあります")));
    }
    return false;
  }
  if (end_ - at_ < kCentralSize) return NoDirectory();
  std::string header;
  HOZEN_RETURN_IF_ERROR(ReadExactly(*source_, at_, kCentralSize, header));
  if (Number(header, 0, 4) != kCentralSignature) return NoDirectory();
  const uint16_t flags = static_cast<uint16_t>(Number(header, 8, 2));
  const uint16_t method = static_cast<uint16_t>(Number(header, 10, 2));
  uint64_t packed = Number(header, 20, 4);
  uint64_t unpacked = Number(header, 24, 4);
  const size_t name_size = static_cast<size_t>(Number(header, 28, 2));
  const size_t extra_size = static_cast<size_t>(Number(header, 30, 2));
  const size_t comment_size = static_cast<size_t>(Number(header, 32, 2));
  uint64_t offset = Number(header, 42, 4);
  const uint64_t tail_size = name_size + extra_size + comment_size;
  if (end_ - at_ - kCentralSize < tail_size) return NoDirectory();
  std::string tail;
  HOZEN_RETURN_IF_ERROR(ReadExactly(*source_, at_ + kCentralSize, name_size + extra_size, tail));
  entry.name = tail.substr(0, name_size);
  if (!IsPlainFile(header)) return Irregular(entry, Say("it is not a plain file", "通常のファイルではありません"));
  if (comment_size != 0 || !AreExtrasKnown(std::string_view(tail).substr(name_size))) {
    return Irregular(entry, Say("it has a comment, or fields that could give it another name",
                                "注釈、または別名を与え得る拡張フィールドがあります"));
  }
  if (!ReadZip64(std::string_view(tail).substr(name_size), unpacked, packed, offset).ok()) {
    return Irregular(entry, Say("its sizes are not given", "サイズの記載がありません"));
  }
  entry.size_bytes = unpacked;
  if (method != 0 && method != 8) return Irregular(entry, Say("neither stored nor deflated", "未対応の圧縮方式です"));
  if ((flags & kEncrypted) != 0) return Irregular(entry, Say("it is encrypted", "暗号化されています"));
  if (entry.name.find('\0') != std::string::npos)
    return Irregular(entry, Say("a NUL byte in its name", "名前に NUL があります"));
  HOZEN_RETURN_IF_ERROR(CheckLocalHeader(entry, header, offset, packed));
  at_ += kCentralSize + tail_size;
  ++read_;
  return true;
}

absl::Status ZipDirectory::CheckLocalHeader(const ZipEntry& entry, std::string_view central, uint64_t offset_bytes,
                                            uint64_t packed_bytes) {
  if (offset_bytes < expected_at_ || offset_bytes - expected_at_ > (read_ == 0 ? 0 : kLongestDescriptor)) {
    return Irregular(entry,
                     Say("it does not stand right behind the entry before it", "直前の項目の直後に置かれていません"));
  }
  if (directory_at_ < kLocalSize || offset_bytes > directory_at_ - kLocalSize) return NoDirectory();
  std::string header;
  HOZEN_RETURN_IF_ERROR(ReadExactly(*source_, offset_bytes, kLocalSize, header));
  const size_t name_size = static_cast<size_t>(Number(header, 26, 2));
  const size_t extra_size = static_cast<size_t>(Number(header, 28, 2));
  const uint64_t data_at = offset_bytes + kLocalSize + name_size + extra_size;
  if (Number(header, 0, 4) != kLocalSignature || name_size != entry.name.size() || data_at > directory_at_ ||
      packed_bytes > directory_at_ - data_at) {
    return Irregular(entry,
                     Say("its local header contradicts the ZIP directory", "項目の見出しが ZIP の目録と矛盾します"));
  }
  std::string tail;
  HOZEN_RETURN_IF_ERROR(ReadExactly(*source_, offset_bytes + kLocalSize, name_size + extra_size, tail));
  const uint64_t flags = Number(header, 6, 2);
  bool agree = tail.compare(0, name_size, entry.name) == 0 && Number(header, 8, 2) == Number(central, 10, 2) &&
               ((flags ^ Number(central, 8, 2)) & (kHasDescriptor | kEncrypted)) == 0;
  // Checksum and sizes, where they are not said behind the bytes: some readers believe these.
  for (size_t at = 14; agree && (flags & kHasDescriptor) == 0 && at < 26; at += 4) {
    const uint64_t local = Number(header, at, 4);
    agree = local == Number(central, at + 2, 4) || (at > 14 && local == kInZip64);
  }
  if (!agree) {
    return Irregular(entry,
                     Say("its local header contradicts the ZIP directory", "項目の見出しが ZIP の目録と矛盾します"));
  }
  if (!AreExtrasKnown(std::string_view(tail).substr(name_size))) {
    return Irregular(entry, Say("it has a comment, or fields that could give it another name",
                                "注釈、または別名を与え得る拡張フィールドがあります"));
  }
  expected_at_ = data_at + packed_bytes;
  return absl::OkStatus();
}

}  // namespace hozen
