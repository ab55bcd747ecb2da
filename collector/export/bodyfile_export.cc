#include "collector/export/bodyfile_export.h"

#include <optional>
#include <string_view>

#include "collector/export/listing_lines.h"
#include "collector/export/text_sink.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/evidence/body_line.h"

namespace hozen {
namespace {

// A line that is none of ours is passed on unless a part is asked for.
bool TakesLine(const ItemFilter& filter, std::string_view line) {
  if (filter.takes_all()) return true;
  const std::optional<ListingLine> listed = ParseListingLine(line);
  return listed.has_value() && TakesListed(filter, *listed);
}

}  // namespace

std::string BodyfileLine(const v1::Item& item) {
  if (!item.has_file()) return "";
  std::string name = EscapedBodyName(item.path());
  if (!item.file().link_target().empty()) name += Concat(" -> ", EscapedBodyName(item.file().link_target()));
  std::string line;
  AppendBodyLine(name, item.file(), line);
  return line;
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
