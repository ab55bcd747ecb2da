#include "tools/hozen/image_export.h"

#include <algorithm>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "tools/hozen/disk_choice.h"
#include "tools/hozen/disk_stream.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/part_file.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/sidecar.h"
#include "tools/hozen/stream_receiver.h"
#include "tools/hozen/zip_reader.h"
#include "tools/images/aff4_image.h"
#include "tools/images/e01_image.h"
#include "tools/images/image_writer.h"
#include "tools/images/part_image.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

// Everything that is settled before the first byte.
struct Order {
  const ImageExportOptions& options;
  v1::Item disk;
  StreamRange range;
  fs::path target;  // the image's first file
  fs::path sidecar;

  bool whole() const { return range == StreamRange{.offset_bytes = 0, .size_bytes = disk.size_bytes()}; }
};

class PartSink : public ByteSink {
 public:
  explicit PartSink(PartImage& part) : part_(part) {}
  absl::Status Data(std::string_view bytes) override { return part_.Data(bytes); }
  absl::Status Zeros(uint64_t size_bytes) override { return part_.Zeros(size_bytes); }

 private:
  PartImage& part_;
};

fs::path FolderOf(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

bool IsThere(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

fs::path TargetOf(const ImageExportOptions& options) {
  const std::string extension = options.format == "e01" ? ".E01" : Concat(".", options.format);
  if (!options.out.empty()) {
    fs::path target = options.out;
    // A set's names are made of its first one's.
    if (options.format == "e01" && target.extension() != extension) target += extension;
    return target;
  }
  std::string name = options.acquisition_id;
  if (options.item.has_value()) name += Concat("-item", *options.item);
  if (options.partition.has_value()) name += Concat("-partition", *options.partition);
  if (!options.range.empty()) name += Concat("-", options.range);
  return name + extension;
}

uint32_t SectorSize(const v1::Item& disk) {
  constexpr uint32_t kUsual = 512;
  return disk.disk().sector_size_bytes() == 0 ? kUsual : disk.disk().sector_size_bytes();
}

v1::ExportRequest RequestFor(const Order& order) {
  v1::ExportRequest request;
  request.set_acquisition_id(order.options.acquisition_id);
  request.set_format("raw");
  request.set_item_index(order.disk.index());
  request.set_has_item_index(true);
  request.set_offset_bytes(order.range.offset_bytes);
  request.set_size_bytes(order.range.size_bytes);
  request.set_image_format(order.options.format);
  return request;
}

absl::Status CheckNames(const Order& order) {
  std::vector<fs::path> names = {order.target, order.sidecar};
  if (order.options.format == "e01") {
    // A second file of an older set would be taken for one of ours.
    fs::path second = order.target;
    names.push_back(second.replace_extension(E01Extension(2)));
  }
  for (const fs::path& name : names) {
    if (order.options.force || !IsThere(name)) continue;
    return absl::AlreadyExistsError(
        Concat(Printable(name.native()), ": ",
               Say("is there already; name another file, or give --force to replace it",
                   "は既に存在します。別の名前を指定するか、--force で置き換えてください")));
  }
  return absl::OkStatus();
}

// Only of a whole disk is it known beforehand how much of it are holes.
absl::Status CheckRoom(const Order& order, const PartImage& part) {
  if (!order.whole()) return absl::OkStatus();
  std::error_code error;
  const fs::space_info space = fs::space(FolderOf(order.target), error);
  if (error) return absl::OkStatus();
  const uint64_t holes = order.disk.zero_bytes() + order.disk.unreadable_bytes() + order.disk.not_acquired_bytes();
  const uint64_t data = order.disk.size_bytes() - std::min(order.disk.size_bytes(), holes);
  const uint64_t missing = data - std::min(data, part.allocated_bytes());
  if (missing <= space.available) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      Concat(Printable(FolderOf(order.target).native()), ": ",
             Say("there is no room for the image: it takes ", "イメージの空き容量が不足しています: 必要 "),
             FormatSize(missing), Say(", free are ", "、空き "), FormatSize(space.available)));
}

absl::Status Download(Collector& collector, Console& console, const Order& order, PartImage& part) {
  const std::string label = Printable(order.target.filename().native());
  if (part.size_bytes() > 0) {
    console.Note(Concat(Printable(part.path().native()), ": ",
                        Say("going on behind the ", "前回の続きから再開します（取得済み "),
                        FormatSize(part.size_bytes()),
                        Say(" that are there; --force starts over", "）。最初からやり直すには --force")));
  }
  {
    const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
    ProgressSnapshot snapshot;
    snapshot.label = Concat(label, Say(" (checking what is there)", "（取得済み部分の確認）"));
    snapshot.expected_bytes = part.size_bytes();
    HOZEN_RETURN_IF_ERROR(part.ReadBack([&](uint64_t done) {
      snapshot.done_bytes = done;
      bar->Update(snapshot);
    }));
  }
  HOZEN_RETURN_IF_ERROR(CheckRoom(order, part));
  PartSink sink(part);
  const absl::Status streamed = StreamDisk(collector, RequestFor(order), part.size_bytes(), sink, console, label);
  // Also what came before a break is worth keeping.
  const absl::Status synced = part.Sync();
  if (!streamed.ok()) {
    return WithContext(streamed, Concat(Printable(part.path().native()),
                                        Say(" has what came; the same command goes on from there",
                                            " に途中まで保存されています。同じコマンドで続きから再開できます")));
  }
  return synced;
}

// The SHA-256 of all bytes of the part, which is the disk's where the part is the whole of it.
absl::StatusOr<Digest> CheckDigest(const Order& order, PartImage& part) {
  const Digest sha256 = part.Finish();
  if (!order.whole() || sha256.bytes() == order.disk.sha256()) return sha256;
  part.Discard();
  return absl::DataLossError(Concat(
      Printable(order.target.native()),
      Say(" was not written: what came is not what the host signed, and was removed; try again (SHA-256 ",
          " は作成されませんでした。受信内容が端末の署名と一致しないため削除しました。再試行してください（SHA-256 "),
      sha256.ToHex(), Say(")", "）")));
}

absl::StatusOr<std::unique_ptr<PartFile>> FetchSidecar(Collector& collector, Console& console, const Order& order) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<PartFile> sidecar, PartFile::Create(order.sidecar, order.options.force));
  v1::ExportRequest request = RequestFor(order);
  request.set_format("raw-sidecar");
  const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
  StreamReceiver receiver(*sidecar, *bar, Printable(order.sidecar.filename().native()));
  HOZEN_RETURN_IF_ERROR(collector.Export(request, [&](const v1::StreamPart& part) { return receiver.Receive(part); }));
  HOZEN_RETURN_IF_ERROR(receiver.Finish());
  return sidecar;
}

// The runs of one of the sidecar's lists that lie in the image, in its own offsets.
void AddMissing(const Sidecar& sidecar, const char* name, bool unreadable, StreamRange range,
                std::vector<MissingRun>& runs) {
  const auto list = sidecar.said().find(name);
  if (list == sidecar.said().end() || !list->is_array()) return;
  for (const auto& run : *list) {
    if (!run.is_array() || run.size() < 2 || !run[0].is_number_unsigned() || !run[1].is_number_unsigned()) continue;
    const uint64_t end = range.offset_bytes + range.size_bytes;
    const uint64_t from = std::max(run[0].get<uint64_t>(), range.offset_bytes);
    const uint64_t to = std::min(run[0].get<uint64_t>() + run[1].get<uint64_t>(), end);
    if (from >= to) continue;
    runs.push_back({.offset_bytes = from - range.offset_bytes, .size_bytes = to - from, .unreadable = unreadable});
  }
}

ImageDescription Describe(const Order& order, const Sidecar& sidecar, const Digest& sha256) {
  ImageDescription description;
  const v1::DiskMetadata& disk = order.disk.disk();
  description.size_bytes = order.range.size_bytes;
  description.sector_size_bytes = SectorSize(order.disk);
  description.whole_disk = order.whole();
  description.sha256_hex = sha256.ToHex();
  description.acquisition_id = order.options.acquisition_id;
  description.evidence = Concat("item ", order.disk.index());
  const std::string hostname = sidecar.said().value("hostname", std::string());
  description.title = Concat(Printable(order.disk.path()), " of ", hostname);
  if (!order.whole()) {
    description.title += Concat(", bytes ", order.range.offset_bytes, "+", order.range.size_bytes);
  }
  description.examiner = "hozen";
  description.model = Printable(disk.model());
  description.serial = Printable(disk.serial());
  description.software = Concat("hozen ", kHozenVersion);
  AddMissing(sidecar, "unreadable", true, order.range, description.missing);
  AddMissing(sidecar, "not_acquired", false, order.range, description.missing);
  std::sort(description.missing.begin(), description.missing.end(),
            [](const MissingRun& a, const MissingRun& b) { return a.offset_bytes < b.offset_bytes; });
  description.notes = Concat(
      "SHA-256 ", description.sha256_hex, "; acquisition ", description.acquisition_id, "; host ", hostname, "; read ",
      FormatUtc(order.disk.started_unix_ns()),
      "; signatures, proofs and all runs that could not be read: ", Printable(order.sidecar.filename().native()));
  return description;
}

// Says under which names what files stand; the first of them is there last.
absl::Status NameImage(const std::vector<ImageFile>& files, bool replace) {
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    HOZEN_RETURN_IF_ERROR(NameFile(file->written, file->name, replace));
  }
  return SyncFolder(FolderOf(files.front().name));
}

// A longer set that stood under these names would else lend ours its last files.
void RemoveOldSegments(const Order& order) {
  if (order.options.format != "e01" || !order.options.force) return;
  std::error_code error;
  for (uint32_t number = 1;; ++number) {
    fs::path segment = order.target;
    if (!fs::remove(segment.replace_extension(E01Extension(number)), error)) return;
  }
}

absl::StatusOr<std::unique_ptr<ImageWriter>> NewWriter(const Order& order, const ImageDescription& description) {
  if (order.options.format == "aff4") return NewAff4Writer(order.target, description);
  return NewE01Writer(order.target, description, order.options.segment_size_bytes);
}

absl::StatusOr<std::vector<ImageFile>> Convert(Console& console, const Order& order, const Digest& sha256,
                                               const fs::path& sidecar_file, PartImage& part) {
  HOZEN_ASSIGN_OR_RETURN(const Sidecar sidecar, Sidecar::Open(sidecar_file));
  const ImageDescription description = Describe(order, sidecar, sha256);
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<ImageWriter> writer, NewWriter(order, description));
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Source> image, OpenForReading(part.path()));
  const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
  ProgressSnapshot snapshot;
  snapshot.label = Concat(Printable(order.target.filename().native()), Say(" (writing)", "（書き込み）"));
  snapshot.expected_bytes = description.size_bytes;
  HOZEN_RETURN_IF_ERROR(WriteImage(*image, *writer, [&](uint64_t done) {
    snapshot.done_bytes = done;
    bar->Update(snapshot);
  }));
  return writer->files();
}

void Report(Console& console, const Order& order, const Digest& sha256, const std::vector<ImageFile>& files) {
  if (console.json()) {
    Json json;
    json["acquisition_id"] = order.options.acquisition_id;
    json["format"] = order.options.format;
    AddPath("file", order.target.native(), json);
    if (files.size() > 1) json["files"] = files.size();
    AddPath("sidecar", order.sidecar.native(), json);
    json["offset_bytes"] = order.range.offset_bytes;
    json["size_bytes"] = order.range.size_bytes;
    json["sha256"] = sha256.ToHex();
    console.Print(JsonDocument(json));
    return;
  }
  console.Print(
      Concat(Printable(order.target.native()), "  ", FormatSize(order.range.size_bytes), "  SHA-256 ", sha256.ToHex()));
  for (size_t i = 1; i < files.size(); ++i) console.Print(Printable(files[i].name.native()));
  console.Print(Printable(order.sidecar.native()));
  console.Note(
      Concat(Say("To verify it without the collector: hozen verify ", "コレクタなしで検証するには: hozen verify "),
             Printable(order.target.native())));
}

absl::Status ToStandardOutput(Collector& collector, Console& console, const Order& order) {
  OstreamSink sink(console.out());
  HOZEN_RETURN_IF_ERROR(StreamDisk(collector, RequestFor(order), 0, sink, console, "-"));
  console.out().flush();
  return console.out().good() ? absl::OkStatus() : absl::UnknownError("standard output");
}

absl::StatusOr<Order> Settle(Collector& collector, const ImageExportOptions& options) {
  Order order{.options = options, .disk = {}, .range = {}, .target = TargetOf(options), .sidecar = {}};
  order.sidecar = order.target;
  order.sidecar += ".json";
  HOZEN_ASSIGN_OR_RETURN(order.disk, ChooseDisk(collector, options.acquisition_id, options.item));
  HOZEN_ASSIGN_OR_RETURN(order.range, ChooseRange(order.disk, options.partition, options.range));
  if (options.format == "e01") {
    HOZEN_RETURN_IF_ERROR(CheckE01(order.range.size_bytes, SectorSize(order.disk), options.segment_size_bytes));
  }
  return order;
}

}  // namespace

absl::StatusOr<ExitCode> ExportImage(Collector& collector, Console& console, const ImageExportOptions& options) {
  HOZEN_ASSIGN_OR_RETURN(const Order order, Settle(collector, options));
  if (options.to_stdout) {
    HOZEN_RETURN_IF_ERROR(ToStandardOutput(collector, console, order));
    return ExitCode::kOk;
  }
  HOZEN_RETURN_IF_ERROR(CheckNames(order));
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<PartImage> part,
                         PartImage::Open(order.target,
                                         {.acquisition_id = options.acquisition_id,
                                          .item_index = order.disk.index(),
                                          .disk_sha256_hex = absl::BytesToHexString(order.disk.sha256()),
                                          .offset_bytes = order.range.offset_bytes,
                                          .size_bytes = order.range.size_bytes,
                                          .format = options.format},
                                         options.force));
  HOZEN_RETURN_IF_ERROR(Download(collector, console, order, *part));
  HOZEN_ASSIGN_OR_RETURN(const Digest sha256, CheckDigest(order, *part));
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<PartFile> sidecar, FetchSidecar(collector, console, order));
  std::vector<ImageFile> files;
  if (options.format != "raw") {
    HOZEN_ASSIGN_OR_RETURN(files, Convert(console, order, sha256, sidecar->part(), *part));
  }
  // The image last: where it is, its sidecar is too.
  HOZEN_RETURN_IF_ERROR(sidecar->Commit());
  if (options.format == "raw") {
    HOZEN_RETURN_IF_ERROR(part->Commit(options.force));
  } else {
    RemoveOldSegments(order);
    HOZEN_RETURN_IF_ERROR(NameImage(files, options.force));
    part->Discard();
  }
  Report(console, order, sha256, files);
  return ExitCode::kOk;
}

}  // namespace hozen
