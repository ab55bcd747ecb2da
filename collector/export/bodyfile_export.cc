#include "collector/export/bodyfile_export.h"

#include <sys/stat.h>

#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "collector/export/listing_lines.h"
#include "collector/export/text_sink.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

std::string EscapedName(std::string_view name) {
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

char TypeLetter(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 'r';
    case S_IFDIR:
      return 'd';
    case S_IFLNK:
      return 'l';
    case S_IFIFO:
      return 'p';
    case S_IFCHR:
      return 'c';
    case S_IFBLK:
      return 'b';
    case S_IFSOCK:
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
  special(S_ISUID, 5, 's');
  special(S_ISGID, 8, 's');
  special(S_ISVTX, 11, 't');
  return text;
}

int64_t Seconds(int64_t unix_ns) { return absl::ToUnixSeconds(absl::FromUnixNanos(unix_ns)); }

// A line that is none of ours is passed on unless a part is asked for.
bool TakesLine(const ItemFilter& filter, std::string_view line) {
  if (filter.takes_all()) return true;
  const std::optional<ListingLine> listed = ParseListingLine(line);
  return listed.has_value() && TakesListed(filter, *listed);
}

}  // namespace

std::string BodyfileLine(const v1::Item& item) {
  if (!item.has_file()) return "";
  const v1::FileMetadata& file = item.file();
  std::string name = EscapedName(item.path());
  if (!file.link_target().empty()) name += Concat(" -> ", EscapedName(file.link_target()));
  return Concat("0|", name, "|", file.inode(), "|", ModeText(file.mode()), "|", file.uid(), "|", file.gid(), "|",
                file.size_bytes(), "|", Seconds(file.accessed_unix_ns()), "|", Seconds(file.modified_unix_ns()), "|",
                Seconds(file.changed_unix_ns()), "|", Seconds(file.born_unix_ns()), "\n");
}

absl::Status ExportBodyfile(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink) {
  TextSink text(sink);
  const absl::Status items = evidence.ReadBody({.on_item = [&](uint64_t, const v1::Item& item) {
    return filter.Takes(item) ? text.Write(BodyfileLine(item)) : absl::OkStatus();
  }});
  HOZEN_RETURN_IF_ERROR(items);
  LineSink lines([&](std::string_view line) {
    return TakesLine(filter, line) ? text.Write(Concat(line, "\n")) : absl::OkStatus();
  });
  const absl::Status listings =
      evidence.ReadItems([&](const v1::Item& item, const StoredEvidence::ReadStream& read) -> absl::Status {
        if (item.kind() != v1::Item::KIND_LISTING || !item.has_stream() || !filter.TakesArtifact(item)) {
          return absl::OkStatus();
        }
        HOZEN_RETURN_IF_ERROR(read(lines));
        return lines.Finish();
      });
  HOZEN_RETURN_IF_ERROR(listings);
  return text.Flush();
}

}  // namespace hozen
