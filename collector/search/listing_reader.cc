#include "collector/search/listing_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <limits>

#include "absl/strings/numbers.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kFieldsBehindName = 9;
constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr size_t kMaxAddressBytes = 64;

enum Field { kAddress, kMode, kUid, kGid, kSize, kAccessedAt, kModifiedAt, kChangedAt, kBornAt };

// A name may hold the separator, the fields behind it cannot: they are cut off from the end.
bool SplitLine(std::string_view line, std::string_view& name, std::array<std::string_view, kFieldsBehindName>& fields) {
  for (size_t i = kFieldsBehindName; i > 0; --i) {
    const size_t bar = line.rfind('|');
    if (bar == std::string_view::npos) return false;
    fields[i - 1] = line.substr(bar + 1);
    line = line.substr(0, bar);
  }
  const size_t behind_md5 = line.find('|');
  if (behind_md5 == std::string_view::npos) return false;
  name = line.substr(behind_md5 + 1);
  return !name.empty();
}

template <typename Number>
bool Parse(std::string_view text, Number& number) {
  return absl::SimpleAtoi(AbslView(text), &number);
}

bool ParseTime(std::string_view text, int64_t& unix_ns) {
  int64_t seconds = 0;
  if (!Parse(text, seconds) || seconds < 0 || seconds > std::numeric_limits<int64_t>::max() / kNsPerSecond)
    return false;
  unix_ns = seconds * kNsPerSecond;
  return true;
}

bool TakeEnding(std::string_view& name, std::string_view ending) {
  if (!name.ends_with(ending)) return false;
  name.remove_suffix(ending.size());
  return true;
}

v1::Item::Kind KindOf(char type) {
  switch (type) {
    case 'r':
    case '-':
      return v1::Item::KIND_FILE;
    case 'd':
      return v1::Item::KIND_DIRECTORY;
    case 'l':
      return v1::Item::KIND_SYMBOLIC_LINK;
    default:
      return v1::Item::KIND_OTHER;
  }
}

uint32_t TypeBits(char type) {
  switch (type) {
    case 'r':
      return S_IFREG;
    case 'd':
      return S_IFDIR;
    case 'l':
      return S_IFLNK;
    case 'p':
      return S_IFIFO;
    case 'c':
      return S_IFCHR;
    case 'b':
      return S_IFBLK;
    case 'h':
    case 's':
      return S_IFSOCK;
    default:
      return 0;
  }
}

// "r/rrwxr-sr-t": only the letters matter, in groups of three behind the second type.
bool ParseMode(std::string_view text, SearchEntry& entry) {
  constexpr size_t kModeBytes = 12;
  if (text.size() != kModeBytes || text[1] != '/') return false;
  const char type = text[2] == '-' ? text[0] : text[2];
  entry.kind = KindOf(type);
  uint32_t mode = TypeBits(type);
  constexpr std::array<uint32_t, 3> kSpecial = {S_ISUID, S_ISGID, S_ISVTX};
  for (size_t group = 0; group < 3; ++group) {
    const std::string_view rwx = text.substr(3 + 3 * group, 3);
    const uint32_t shift = static_cast<uint32_t>(6 - 3 * group);
    if (rwx[0] == 'r') mode |= 4U << shift;
    if (rwx[1] == 'w') mode |= 2U << shift;
    if (rwx[2] == 'x' || rwx[2] == 's' || rwx[2] == 't') mode |= 1U << shift;
    if (rwx[2] != 'x' && rwx[2] != '-') mode |= kSpecial[group];
  }
  entry.mode = mode;
  return true;
}

// What stands behind the name, from its end.
void TakeNotes(std::string_view& name, SearchEntry& entry) {
  if (TakeEnding(name, " (deleted-realloc)")) {
    entry.allocation = Allocation::kReallocated;
  } else if (TakeEnding(name, " (deleted)")) {
    entry.allocation = Allocation::kDeleted;
  }
  if (entry.kind == v1::Item::KIND_SYMBOLIC_LINK) name = name.substr(0, name.find(" -> "));
  entry.file_name_times = TakeEnding(name, " ($FILE_NAME)");
}

}  // namespace

std::optional<SearchEntry> EntryOfLine(std::string_view line) {
  std::string_view name;
  std::array<std::string_view, kFieldsBehindName> fields;
  SearchEntry entry;
  entry.in_listing = true;
  if (!SplitLine(line, name, fields) || fields[kAddress].size() > kMaxAddressBytes) return std::nullopt;
  // A size that is not known has a minus there.
  int64_t size_bytes = 0;
  if (!ParseMode(fields[kMode], entry) || !Parse(fields[kUid], entry.uid) || !Parse(fields[kGid], entry.gid) ||
      !Parse(fields[kSize], size_bytes) || !ParseTime(fields[kAccessedAt], entry.accessed_unix_ns) ||
      !ParseTime(fields[kModifiedAt], entry.modified_unix_ns) ||
      !ParseTime(fields[kChangedAt], entry.changed_unix_ns) || !ParseTime(fields[kBornAt], entry.born_unix_ns)) {
    return std::nullopt;
  }
  entry.size_bytes = static_cast<uint64_t>(std::max<int64_t>(size_bytes, 0));
  entry.address = std::string(fields[kAddress]);
  TakeNotes(name, entry);
  entry.path = std::string(name);
  return entry;
}

absl::Status ListingReader::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t newline = bytes.find('\n');
    const size_t size = newline == std::string_view::npos ? bytes.size() : newline;
    if (line_.size() + size > kMaxLineBytes) {
      broken_ = true;
      line_.clear();
    } else if (!broken_) {
      line_.append(bytes.substr(0, size));
    }
    const size_t taken = newline == std::string_view::npos ? size : size + 1;
    offset_bytes_ += taken;
    bytes.remove_prefix(taken);
    if (newline != std::string_view::npos) HOZEN_RETURN_IF_ERROR(EndLine());
  }
  return absl::OkStatus();
}

void ListingReader::Skip(uint64_t size_bytes) {
  if (size_bytes == 0) return;
  broken_ = true;
  line_.clear();
  offset_bytes_ += size_bytes;
}

absl::Status ListingReader::Finish() { return line_.empty() && !broken_ ? absl::OkStatus() : EndLine(); }

absl::Status ListingReader::EndLine() {
  std::optional<SearchEntry> entry = broken_ ? std::nullopt : EntryOfLine(line_);
  line_.clear();
  broken_ = false;
  if (!entry.has_value()) {
    ++malformed_;
    return absl::OkStatus();
  }
  return on_entry_(*std::move(entry), offset_bytes_);
}

}  // namespace hozen
