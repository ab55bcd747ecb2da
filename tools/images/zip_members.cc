#include "tools/images/zip_members.h"

#include <zlib.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "tools/images/inflate.h"
#include "tools/images/little_endian.h"
#include "tools/images/read_exactly.h"

namespace hozen {
namespace {

constexpr std::string_view kEnd = "PK\x05\x06";
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kCentral = 0x02014b50;
constexpr uint32_t kLocal = 0x04034b50;
constexpr size_t kEndBytes = 22;
constexpr size_t kEnd64LocatorBytes = 20;
constexpr size_t kEnd64Bytes = 56;
constexpr size_t kCentralBytes = 46;
constexpr size_t kLocalBytes = 30;
constexpr uint64_t kLongestComment = 0xFFFF;
constexpr uint32_t kInExtra = 0xFFFFFFFF;
constexpr uint16_t kEncrypted = 1;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr size_t kWindowBytes = 256 << 10;

absl::Status Damaged(std::string_view why) {
  return absl::DataLossError(Concat(Say("the ZIP file is damaged: ", "ZIP ファイルが壊れています: "), why));
}

absl::Status NoDirectory() {
  return Damaged(Say("there is no directory at its end; it was cut off, or is no ZIP file",
                     "末尾に目録がありません（途中で切れているか、ZIP ではありません）"));
}

// Reads front to back through a window.
class Walk {
 public:
  Walk(Source& file, uint64_t at, uint64_t end) : file_(file), at_(at), end_(end) {}

  bool done() const { return rest_.empty() && at_ == end_; }
  // The next `size` bytes, good until the next call.
  absl::StatusOr<std::string_view> Take(size_t size) {
    if (rest_.size() < size) {
      std::string window(rest_);
      const uint64_t more = std::min<uint64_t>(std::max(kWindowBytes, size), end_ - at_);
      HOZEN_ASSIGN_OR_RETURN(const std::string bytes, ReadExactly(file_, at_, static_cast<size_t>(more)));
      at_ += more;
      window_ = std::move(window) + bytes;
      rest_ = window_;
    }
    if (rest_.size() < size)
      return Damaged(Say("its directory ends inside an entry", "目録が項目の途中で終わっています"));
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

 private:
  Source& file_;
  uint64_t at_;
  const uint64_t end_;
  std::string window_;
  std::string_view rest_;
};

// Numbers that have no room in a header stand in its ZIP64 extra field, in this order.
absl::Status TakeFromExtra(std::string_view extra, ZipMember& member) {
  uint64_t* const all[] = {&member.size_bytes, &member.packed_bytes, &member.header_at};
  const auto is_there = [](const uint64_t* number) { return *number == kInExtra; };
  if (std::none_of(std::begin(all), std::end(all), is_there)) return absl::OkStatus();
  while (extra.size() >= 4) {
    const auto id = TakeLittleEndian<uint16_t>(extra, 0);
    const size_t size = TakeLittleEndian<uint16_t>(extra, 2);
    extra.remove_prefix(4);
    if (size > extra.size()) break;
    if (id != 1) {
      extra.remove_prefix(size);
      continue;
    }
    std::string_view values = extra.substr(0, size);
    for (uint64_t* const number : all) {
      if (!is_there(number)) continue;
      if (values.size() < sizeof(uint64_t)) return Damaged("ZIP64");
      *number = TakeLittleEndian<uint64_t>(values, 0);
      values.remove_prefix(sizeof(uint64_t));
    }
    return absl::OkStatus();
  }
  return Damaged("ZIP64");
}

absl::Status Misplaced(std::string_view name) {
  return Damaged(
      Concat(Printable(name), ": ", Say("it is not where the directory says", "目録が示す位置にありません")));
}

}  // namespace

absl::StatusOr<ZipMembers> ZipMembers::Open(Source& file) {
  const uint64_t size = file.size_bytes();
  if (size < kEndBytes) return NoDirectory();
  const uint64_t tail_bytes = std::min<uint64_t>(size, kEndBytes + kLongestComment);
  HOZEN_ASSIGN_OR_RETURN(const std::string tail, ReadExactly(file, size - tail_bytes, static_cast<size_t>(tail_bytes)));
  // The last record whose comment is just what follows it.
  size_t end = tail.rfind(kEnd, tail.size() - kEndBytes);
  while (end != std::string::npos && TakeLittleEndian<uint16_t>(tail, end + 20) != tail.size() - end - kEndBytes) {
    end = end == 0 ? std::string::npos : tail.rfind(kEnd, end - 1);
  }
  if (end == std::string::npos) return NoDirectory();
  ZipMembers zip(file);
  zip.comment_ = tail.substr(end + kEndBytes);
  uint64_t stands_at = size - tail_bytes + end;
  zip.members_ = TakeLittleEndian<uint16_t>(tail, end + 10);
  uint64_t directory_bytes = TakeLittleEndian<uint32_t>(tail, end + 12);
  zip.directory_at_ = TakeLittleEndian<uint32_t>(tail, end + 16);
  if (stands_at >= kEnd64LocatorBytes) {
    // Not moved out of their StatusOr: g++ 12 takes a moved string's bytes for uninitialised.
    const auto locator = ReadExactly(file, stands_at - kEnd64LocatorBytes, kEnd64LocatorBytes);
    HOZEN_RETURN_IF_ERROR(locator.status());
    if (TakeLittleEndian<uint32_t>(*locator, 0) == kEnd64Locator) {
      const auto end64_at = TakeLittleEndian<uint64_t>(*locator, 8);
      const uint64_t before = stands_at - kEnd64LocatorBytes;
      if (before < kEnd64Bytes || end64_at > before - kEnd64Bytes) return NoDirectory();
      const auto end64 = ReadExactly(file, end64_at, kEnd64Bytes);
      HOZEN_RETURN_IF_ERROR(end64.status());
      if (TakeLittleEndian<uint32_t>(*end64, 0) != kEnd64) return NoDirectory();
      zip.members_ = TakeLittleEndian<uint64_t>(*end64, 32);
      directory_bytes = TakeLittleEndian<uint64_t>(*end64, 40);
      zip.directory_at_ = TakeLittleEndian<uint64_t>(*end64, 48);
      stands_at = end64_at;
    }
  }
  if (zip.directory_at_ > stands_at || directory_bytes > stands_at - zip.directory_at_) {
    return Damaged(Say("its directory is not where it says", "目録の位置が正しくありません"));
  }
  if (zip.members_ > directory_bytes / kCentralBytes) {
    return Damaged(Say("its directory has fewer entries than it says", "目録の項目数が正しくありません"));
  }
  zip.directory_end_ = zip.directory_at_ + directory_bytes;
  return zip;
}

absl::Status ZipMembers::ForEach(const OnMember& on_member) const {
  Walk walk(*file_, directory_at_, directory_end_);
  uint64_t seen = 0;
  while (!walk.done()) {
    HOZEN_ASSIGN_OR_RETURN(const std::string_view header, walk.Take(kCentralBytes));
    if (TakeLittleEndian<uint32_t>(header, 0) != kCentral) return Damaged(Say("its directory", "目録"));
    ZipMember member;
    const auto flags = TakeLittleEndian<uint16_t>(header, 8);
    member.method = TakeLittleEndian<uint16_t>(header, 10);
    member.crc = TakeLittleEndian<uint32_t>(header, 16);
    member.packed_bytes = TakeLittleEndian<uint32_t>(header, 20);
    member.size_bytes = TakeLittleEndian<uint32_t>(header, 24);
    member.header_at = TakeLittleEndian<uint32_t>(header, 42);
    const size_t name_size = TakeLittleEndian<uint16_t>(header, 28);
    const size_t extra_size = TakeLittleEndian<uint16_t>(header, 30);
    const size_t comment_size = TakeLittleEndian<uint16_t>(header, 32);
    HOZEN_ASSIGN_OR_RETURN(const std::string_view rest, walk.Take(name_size + extra_size + comment_size));
    const std::string_view name = rest.substr(0, name_size);
    if ((flags & kEncrypted) != 0) {
      return absl::UnimplementedError(
          Concat(Printable(name), ": ",
                 Say("is encrypted, which this reader does not know", "は暗号化されています（未対応）")));
    }
    HOZEN_RETURN_IF_ERROR(TakeFromExtra(rest.substr(name_size, extra_size), member));
    HOZEN_RETURN_IF_ERROR(on_member(name, member));
    ++seen;
  }
  if (seen != members_)
    return Damaged(Say("its directory has fewer entries than it says", "目録の項目数が正しくありません"));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ZipMembers::PackedAt(std::string_view name, const ZipMember& member) const {
  if (member.header_at > directory_at_ || directory_at_ - member.header_at < kLocalBytes) return Misplaced(name);
  HOZEN_ASSIGN_OR_RETURN(const std::string header, ReadExactly(*file_, member.header_at, kLocalBytes));
  const size_t name_size = TakeLittleEndian<uint16_t>(header, 26);
  const uint64_t skipped = kLocalBytes + name_size + TakeLittleEndian<uint16_t>(header, 28);
  if (TakeLittleEndian<uint32_t>(header, 0) != kLocal || name_size != name.size() ||
      TakeLittleEndian<uint16_t>(header, 8) != member.method) {
    return Misplaced(name);
  }
  const uint64_t room = directory_at_ - member.header_at;
  if (skipped > room || member.packed_bytes > room - skipped) return Misplaced(name);
  HOZEN_ASSIGN_OR_RETURN(const std::string said, ReadExactly(*file_, member.header_at + kLocalBytes, name_size));
  if (said != name) return Misplaced(name);
  return member.header_at + skipped;
}

absl::StatusOr<uint64_t> ZipMembers::StoredAt(std::string_view name, const ZipMember& member) const {
  if (member.method != kStored) {
    return absl::UnimplementedError(Concat(
        Printable(name), ": ",
        Say("is packed by ZIP, and this reader wants it stored", "は ZIP で圧縮されています（無圧縮のみ対応）")));
  }
  if (member.packed_bytes != member.size_bytes) return Misplaced(name);
  return PackedAt(name, member);
}

absl::StatusOr<std::string> ZipMembers::Read(std::string_view name, const ZipMember& member,
                                             uint64_t limit_bytes) const {
  if (member.size_bytes > limit_bytes || (member.method == kDeflated && member.packed_bytes > limit_bytes)) {
    return absl::UnimplementedError(
        Concat(Printable(name), ": ", member.size_bytes,
               Say(" bytes are more than this reader takes: ", " バイトは上限を超えています: "), limit_bytes));
  }
  std::string bytes;
  if (member.method == kDeflated) {
    HOZEN_ASSIGN_OR_RETURN(const uint64_t at, PackedAt(name, member));
    HOZEN_ASSIGN_OR_RETURN(const std::string packed, ReadExactly(*file_, at, static_cast<size_t>(member.packed_bytes)));
    bytes.resize(static_cast<size_t>(member.size_bytes));
    const auto filled = Inflate(Deflated::kRaw, packed, absl::MakeSpan(bytes.data(), bytes.size()));
    if (!filled.ok()) return WithContext(filled.status(), Printable(name));
    if (*filled != bytes.size()) return Misplaced(name);
  } else {
    HOZEN_ASSIGN_OR_RETURN(const uint64_t at, StoredAt(name, member));
    HOZEN_ASSIGN_OR_RETURN(bytes, ReadExactly(*file_, at, static_cast<size_t>(member.size_bytes)));
  }
  if (crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != member.crc) {
    return Damaged(Concat(Printable(name), ": ", Say("its checksum is wrong", "チェックサムが一致しません")));
  }
  return bytes;
}

}  // namespace hozen
