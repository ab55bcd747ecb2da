#include "collector/export/csv_export.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "collector/export/item_json.h"
#include "collector/export/text_sink.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// By it Excel knows UTF-8; without it names in Japanese come out as rubbish.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kColumns[] = {
    "index",   "kind",   "state", "path", "artifact", "size_bytes", "sha256", "modified",    "accessed",
    "changed", "born",   "mode",  "uid",  "gid",      "inode",      "links",  "link_target", "unreadable_bytes",
    "cause",   "detail",
};

std::string Line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) line += Concat(&cell == &cells.front() ? "" : ",", CsvCell(cell));
  return line + "\r\n";
}

std::string TimeOrNothing(int64_t unix_ns) { return unix_ns == 0 ? "" : TimeText(unix_ns); }

std::vector<std::string> CellsOf(const v1::Item& item) {
  const v1::FileMetadata& file = item.file();
  const bool has_file = item.has_file();
  const auto number = [](bool known, uint64_t value) { return known ? Concat(value) : std::string(); };
  return {
      Concat(item.index()),
      ItemKindName(item.kind()),
      ItemStateName(item.state()),
      Printable(item.path()),
      Printable(item.artifact()),
      number(item.has_stream() || has_file, item.has_stream() ? item.size_bytes() : file.size_bytes()),
      item.has_stream() ? absl::BytesToHexString(item.sha256()) : "",
      TimeOrNothing(file.modified_unix_ns()),
      TimeOrNothing(file.accessed_unix_ns()),
      TimeOrNothing(file.changed_unix_ns()),
      TimeOrNothing(file.born_unix_ns()),
      has_file ? absl::StrFormat("%o", file.mode()) : "",
      number(has_file, file.uid()),
      number(has_file, file.gid()),
      number(has_file, file.inode()),
      number(has_file, file.links()),
      Printable(file.link_target()),
      number(item.has_stream(), item.unreadable_bytes()),
      item.has_failure() ? CauseName(item.failure().cause()) : "",
      Printable(item.failure().detail()),
  };
}

}  // namespace

std::string CsvCell(std::string_view text) {
  std::string cell;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) cell = "'";
  cell += text;
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

absl::Status ExportCsv(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink) {
  TextSink text(sink);
  HOZEN_RETURN_IF_ERROR(text.Write(kByteOrderMark));
  HOZEN_RETURN_IF_ERROR(text.Write(Line(std::vector<std::string>(std::begin(kColumns), std::end(kColumns)))));
  HOZEN_RETURN_IF_ERROR(evidence.ReadBody({.on_item = [&](uint64_t, const v1::Item& item) {
    return filter.Takes(item) ? text.Write(Line(CellsOf(item))) : absl::OkStatus();
  }}));
  return text.Flush();
}

}  // namespace hozen
