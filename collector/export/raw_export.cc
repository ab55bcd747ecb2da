#include "collector/export/raw_export.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "collector/export/item_json.h"
#include "collector/export/text_sink.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/evidence/bundle.h"
#include "core/json/json.h"

namespace hozen {
namespace {

// Base64 of a stream that comes in pieces. Thread-compatible.
class Base64Text {
 public:
  explicit Base64Text(TextSink& text) : text_(text) {}

  absl::Status Write(std::string_view bytes) {
    rest_ += bytes;
    const size_t whole = rest_.size() - rest_.size() % 3;
    HOZEN_RETURN_IF_ERROR(text_.Write(absl::Base64Escape(AbslView(std::string_view(rest_).substr(0, whole)))));
    rest_.erase(0, whole);
    return absl::OkStatus();
  }

  absl::Status Finish() { return text_.Write(absl::Base64Escape(rest_)); }

 private:
  TextSink& text_;
  std::string rest_;  // less than three bytes between calls
};

template <typename Message>
std::string Base64Of(const Message& message) {
  return absl::Base64Escape(message.SerializeAsString());
}

// Everything that is small, in the order of the format.
Json SidecarHead(const StoredEvidence& evidence, const BundleProofs& proofs, const v1::Item& item, DiskRange range) {
  const v1::Manifest& manifest = evidence.manifest();
  const v1::DiskMetadata& disk = item.disk();
  Json partitions = Json::array();
  for (const v1::Partition& partition : disk.partitions()) {
    partitions.push_back({{"number", partition.number()},
                          {"offset_bytes", partition.offset_bytes()},
                          {"size_bytes", partition.size_bytes()},
                          {"type", Printable(partition.type())},
                          {"file_system", Printable(partition.file_system())},
                          {"note", Printable(partition.note())}});
  }
  Json head = {{"format", kSidecarFormat},
               {"format_version", kSidecarFormatVersion},
               {"acquisition_id", manifest.acquisition_id()},
               {"customer_id", manifest.customer_id()},
               {"host_id", manifest.host_id()},
               {"hostname", Printable(manifest.host().hostname())},
               {"item_index", item.index()},
               {"device_path", Printable(item.path())},
               {"size_bytes", item.size_bytes()},
               {"sector_size_bytes", disk.sector_size_bytes()},
               {"sha256", absl::BytesToHexString(item.sha256())},
               {"model", Printable(disk.model())},
               {"serial", Printable(disk.serial())},
               {"partition_table", disk.partition_table()},
               {"partitions", std::move(partitions)},
               {"started", TimeText(item.started_unix_ns())},
               {"finished", TimeText(item.finished_unix_ns())}};
  if (range != DiskRange{.offset_bytes = 0, .size_bytes = item.size_bytes()}) {
    head["range"] = {{"offset_bytes", range.offset_bytes}, {"size_bytes", range.size_bytes}};
  }
  head["manifest"] = Base64Of(evidence.row().manifest);
  head["plan"] = Base64Of(evidence.row().plan);
  head["host_chain_pem"] = evidence.row().host_chain_pem;
  head["delegation"] = Base64Of(proofs.delegation);
  head["custody"] = Base64Of(proofs.custody);
  return head;
}

// The runs of one kind, as an array that may be longer than memory allows to hold. Thread-compatible.
class RunsText {
 public:
  RunsText(v1::Extent::Kind kind, TextSink& text) : kind_(kind), text_(text) {}

  absl::Status Add(const ExtentList& extents) {
    for (const v1::Extent& extent : extents) {
      if (extent.kind() == kind_) {
        HOZEN_RETURN_IF_ERROR(text_.Write(Concat(first_ ? "" : ",", JsonText(RunJson(extent)))));
        first_ = false;
      }
      at_ += extent.size_bytes();
    }
    return absl::OkStatus();
  }

 private:
  Json RunJson(const v1::Extent& extent) const {
    Json run = {at_, extent.size_bytes()};
    if (extent.has_failure()) {
      run.push_back(CauseName(extent.failure().cause()));
      run.push_back(Printable(extent.failure().detail()));
    }
    return run;
  }

  const v1::Extent::Kind kind_;
  TextSink& text_;
  uint64_t at_ = 0;
  bool first_ = true;
};

absl::Status WriteRuns(StoredEvidence& evidence, uint64_t item_index, v1::Extent::Kind kind, TextSink& text) {
  HOZEN_RETURN_IF_ERROR(text.Write("["));
  RunsText runs(kind, text);
  HOZEN_RETURN_IF_ERROR(evidence.ReadBody({.on_extents = [&](uint64_t index, const ExtentList& extents) {
    return index == item_index ? runs.Add(extents) : absl::OkStatus();
  }}));
  return text.Write("]");
}

absl::Status CheckDisk(const v1::Item& item) {
  if (item.kind() != v1::Item::KIND_DISK) {
    return absl::InvalidArgumentError(Concat("item ", item.index(), " (", Printable(item.path()),
                                             ") is not a disk; raw is a form for disks. Use hozen cat for its bytes"));
  }
  if (item.has_stream()) return absl::OkStatus();
  return absl::FailedPreconditionError(Concat("nothing of disk ", Printable(item.path()),
                                              " could be read: ", CauseName(item.failure().cause()), ", ",
                                              Printable(item.failure().detail())));
}

}  // namespace

absl::StatusOr<v1::Item> FindDisk(StoredEvidence& evidence, std::optional<uint64_t> item_index) {
  std::optional<v1::Item> found;
  std::vector<std::string> disks;
  HOZEN_RETURN_IF_ERROR(evidence.ReadBody({.on_item = [&](uint64_t, const v1::Item& item) {
    const bool is_disk = item.kind() == v1::Item::KIND_DISK;
    if (is_disk && disks.size() < 16) disks.push_back(Concat(item.index(), " (", Printable(item.path()), ")"));
    if (item_index.has_value() ? item.index() == *item_index : is_disk) found = item;
    return absl::OkStatus();
  }}));
  if (!found.has_value()) {
    return absl::NotFoundError(item_index.has_value()
                                   ? Concat("the acquisition has no item ", *item_index)
                                   : "the acquisition has no disk; export it as zip, or order hozen image");
  }
  if (!item_index.has_value() && disks.size() > 1) {
    return absl::InvalidArgumentError(
        Concat("the acquisition has several disks; say which item: ", absl::StrJoin(disks, ", ")));
  }
  HOZEN_RETURN_IF_ERROR(CheckDisk(*found));
  return *std::move(found);
}

absl::StatusOr<DiskRange> FindRange(const v1::Item& disk, uint64_t offset_bytes, uint64_t size_bytes) {
  // An empty disk has an image; an empty rest of one is what is left of an export that had all.
  const bool inside = offset_bytes <= disk.size_bytes() && size_bytes <= disk.size_bytes() - offset_bytes;
  if (!inside) {
    return absl::OutOfRangeError(Concat("the range ", offset_bytes, "+", size_bytes, " reaches behind the end of ",
                                        Printable(disk.path()), " (", disk.size_bytes(), " bytes)"));
  }
  return DiskRange{.offset_bytes = offset_bytes,
                   .size_bytes = size_bytes == 0 ? disk.size_bytes() - offset_bytes : size_bytes};
}

absl::Status ExportRaw(StoredEvidence& evidence, const v1::Item& disk, DiskRange range, StreamSink& sink) {
  // ReadItem's size 0 is "to the end", which an empty range only is there.
  return evidence.ReadItem(disk.index(), range.offset_bytes, range.size_bytes, sink);
}

absl::Status ExportRawSidecar(StoredEvidence& evidence, const BundleProofs& proofs, const v1::Item& disk,
                              DiskRange range, StreamSink& sink) {
  TextSink text(sink);
  std::string head = JsonText(SidecarHead(evidence, proofs, disk, range), 1);
  // Reopened, because what comes now does not fit into memory.
  head.resize(head.rfind('\n'));
  HOZEN_RETURN_IF_ERROR(text.Write(head));
  HOZEN_RETURN_IF_ERROR(text.Write(",\n \"unreadable\": "));
  HOZEN_RETURN_IF_ERROR(WriteRuns(evidence, disk.index(), v1::Extent::KIND_UNREADABLE, text));
  HOZEN_RETURN_IF_ERROR(text.Write(",\n \"not_acquired\": "));
  HOZEN_RETURN_IF_ERROR(WriteRuns(evidence, disk.index(), v1::Extent::KIND_NOT_ACQUIRED, text));
  HOZEN_RETURN_IF_ERROR(
      text.Write(Concat(",\n \"body_size_bytes\": ", evidence.manifest().body_size_bytes(), ",\n \"body\": \"")));
  Base64Text base64(text);
  HOZEN_RETURN_IF_ERROR(evidence.ReadBodyBytes([&](std::string_view bytes) { return base64.Write(bytes); }));
  HOZEN_RETURN_IF_ERROR(base64.Finish());
  HOZEN_RETURN_IF_ERROR(text.Write("\"\n}\n"));
  return text.Flush();
}

}  // namespace hozen
