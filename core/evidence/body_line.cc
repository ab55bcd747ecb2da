#include "core/evidence/body_line.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

char TypeLetter(uint32_t mode) {
  switch (mode & kModeTypeMask) {
    case kModeRegular:
      return 'r';
    case kModeFolder:
      return 'd';
    case kModeSymbolicLink:
      return 'l';
    case kModeFifo:
      return 'p';
    case kModeCharacterDevice:
      return 'c';
    case kModeBlockDevice:
      return 'b';
    case kModeSocket:
      return 'h';
    default:
      return '-';
  }
}

// "r/rrwxr-xr-x": the type as the folder has it, a slash, the type and permissions as the file has them.
std::string ModeText(uint32_t mode) {
  const char type = TypeLetter(mode);
  std::string text = {type, '/', type};
  for (int shift = 6; shift >= 0; shift -= 3) {
    text += (mode >> shift & 4) != 0 ? 'r' : '-';
    text += (mode >> shift & 2) != 0 ? 'w' : '-';
    text += (mode >> shift & 1) != 0 ? 'x' : '-';
  }
  const auto special = [&](uint32_t bit, size_t at, char letter) {
    if ((mode & bit) == 0) return;
    text[at] = text[at] == 'x' ? letter : static_cast<char>(letter - 'a' + 'A');
  };
  special(kModeSetUser, 5, 's');
  special(kModeSetGroup, 8, 's');
  special(kModeSticky, 11, 't');
  return text;
}

// Down to the second before, also before 1970.
int64_t Seconds(int64_t unix_ns) { return absl::ToUnixSeconds(absl::FromUnixNanos(unix_ns)); }

}  // namespace

void AppendListedName(std::string_view name, std::string& line) {
  for (const char c : name) line.push_back(static_cast<unsigned char>(c) < 0x20 ? '^' : c);
}

std::string EscapedBodyName(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += '^';
    } else if (c == '%') {
      out += "%25";
    } else if (c == '|') {
      out += "%7C";
    } else {
      out += c;
    }
  }
  return out;
}

void AppendBodyLine(std::string_view name, const v1::FileMetadata& file, std::string& text) {
  absl::StrAppend(&text, "0|", AbslView(name), "|", file.inode(), "|", ModeText(file.mode()), "|", file.uid());
  absl::StrAppend(&text, "|", file.gid(), "|", file.size_bytes());
  absl::StrAppend(&text, "|", Seconds(file.accessed_unix_ns()), "|", Seconds(file.modified_unix_ns()));
  absl::StrAppend(&text, "|", Seconds(file.changed_unix_ns()), "|", Seconds(file.born_unix_ns()), "\n");
}

void AppendBodyLineOfName(std::string_view name, char type, std::string& text) {
  absl::StrAppend(&text, "0|", AbslView(name), "|0|", std::string(1, type), "/----------|0|0|0|0|0|0|0\n");
}

}  // namespace hozen
