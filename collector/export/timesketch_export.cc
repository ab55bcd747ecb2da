#include "collector/export/timesketch_export.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "collector/export/item_json.h"
#include "collector/export/item_times.h"
#include "collector/export/listing_lines.h"
#include "collector/export/text_sink.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr int64_t kNanosecondsPerMicrosecond = 1000;

// What all times of one file share.
Json FileEvent(const StoredEvidence& evidence, const v1::Item& item, std::string_view path) {
  Json event;
  event["message"] = Printable(path);
  event["data_type"] = "fs:stat";
  event["source_short"] = "FILE";
  event["hostname"] = Printable(evidence.manifest().host().hostname());
  event["filename"] = Printable(path);
  if (!item.artifact().empty()) event["artifact"] = Printable(item.artifact());
  event["acquisition_id"] = evidence.manifest().acquisition_id();
  event["item_index"] = item.index();
  return event;
}

class TimesketchExport {
 public:
  TimesketchExport(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink)
      : evidence_(evidence), filter_(filter), text_(sink) {}

  absl::Status Run() {
    HOZEN_RETURN_IF_ERROR(evidence_.ReadBody({.on_item = [&](uint64_t, const v1::Item& item) { return Add(item); }}));
    HOZEN_RETURN_IF_ERROR(evidence_.ReadItems([&](const v1::Item& item, const StoredEvidence::ReadStream& read) {
      return item.kind() == v1::Item::KIND_LISTING && item.has_stream() ? AddListing(item, read) : absl::OkStatus();
    }));
    return text_.Flush();
  }

 private:
  absl::Status Add(const v1::Item& item) {
    if (!item.has_file() || !filter_.Takes(item)) return absl::OkStatus();
    const v1::FileMetadata& file = item.file();
    Json event = FileEvent(evidence_, item, item.path());
    event["inode"] = file.inode();
    event["file_size"] = file.size_bytes();
    event["mode"] = absl::StrFormat("%o", file.mode());
    event["owner_identifier"] = file.uid();
    event["group_identifier"] = file.gid();
    if (item.has_stream()) event["sha256_hash"] = absl::BytesToHexString(item.sha256());
    if (!file.link_target().empty()) event["link_target"] = Printable(file.link_target());
    return AddTimes(TimesOf(item), event);
  }

  absl::Status AddListing(const v1::Item& item, const StoredEvidence::ReadStream& read) {
    if (!filter_.TakesArtifact(item)) return absl::OkStatus();
    LineSink lines([&](std::string_view line) {
      const std::optional<ListingLine> listed = ParseListingLine(line);
      return listed.has_value() && TakesListed(filter_, *listed) ? AddListed(item, *listed) : absl::OkStatus();
    });
    HOZEN_RETURN_IF_ERROR(read(lines));
    return lines.Finish();
  }

  absl::Status AddListed(const v1::Item& item, const ListingLine& listed) {
    Json event = FileEvent(evidence_, item, listed.name);
    event["disk"] = Printable(item.path());
    event["inode"] = Printable(listed.inode);
    event["file_size"] = listed.size_bytes;
    event["mode"] = Printable(listed.mode);
    event["owner_identifier"] = listed.uid;
    event["group_identifier"] = listed.gid;
    return AddTimes(TimesOf(listed), event);
  }

  absl::Status AddTimes(const ItemTimes& times, Json& event) {
    for (const ItemTime& time : times) {
      if (time.unix_ns == 0 || (filter_.has_times() && !filter_.TakesTime(time.unix_ns))) continue;
      event["datetime"] =
          absl::FormatTime("%Y-%m-%d%ET%H:%M:%E6S+00:00", absl::FromUnixNanos(time.unix_ns), absl::UTCTimeZone());
      event["timestamp"] = time.unix_ns / kNanosecondsPerMicrosecond;
      event["timestamp_desc"] = time.description;
      HOZEN_RETURN_IF_ERROR(text_.Write(JsonLine(event)));
    }
    return absl::OkStatus();
  }

  StoredEvidence& evidence_;
  const ItemFilter& filter_;
  TextSink text_;
};

}  // namespace

absl::Status ExportTimesketch(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink) {
  return TimesketchExport(evidence, filter, sink).Run();
}

}  // namespace hozen
