#include "collector/search/listing_reader.h"

#include <sys/stat.h>

#include <array>

#include "collector/export/listing_lines.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr size_t kMaxAddressBytes = 64;

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
  const std::optional<ListingLine> listed = ParseListingLine(line);
  if (!listed.has_value() || listed->inode.size() > kMaxAddressBytes) return std::nullopt;
  SearchEntry entry;
  entry.in_listing = true;
  if (!ParseMode(listed->mode, entry)) return std::nullopt;
  entry.uid = listed->uid;
  entry.gid = listed->gid;
  entry.accessed_unix_ns = listed->accessed_unix_s * kNsPerSecond;
  entry.modified_unix_ns = listed->modified_unix_s * kNsPerSecond;
  entry.changed_unix_ns = listed->changed_unix_s * kNsPerSecond;
  entry.born_unix_ns = listed->born_unix_s * kNsPerSecond;
  entry.size_bytes = listed->size_bytes;
  entry.address = listed->inode;
  std::string_view name = listed->name;
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
