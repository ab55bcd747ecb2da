#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/image_export.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/moment_option.h"
#include "tools/hozen/part_file.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/stream_receiver.h"
#include "tools/images/e01_image.h"

namespace hozen {
namespace {

struct ExportOptions {
  std::string id;
  std::string format = "zip";
  std::string out;
  int64_t item = -1;
  int64_t partition = -1;
  std::string range;
  bool to_stdout = false;
  bool force = false;
  uint64_t segment_size_bytes = kDefaultSegmentBytes;

  std::string path_glob;
  std::vector<std::string> artifacts;
  TimeRange times;

  bool is_image() const { return format == "raw" || format == "e01" || format == "aff4"; }
  bool is_part() const {
    return !path_glob.empty() || !artifacts.empty() || times.from_unix_ns.has_value() || times.to_unix_ns.has_value();
  }
};

struct Received {
  uint64_t size_bytes = 0;
  Digest sha256;
};

absl::StatusOr<Received> Receive(Collector& collector, const v1::ExportRequest& request, Console& console,
                                 ByteSink& sink, const std::string& label) {
  const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
  StreamReceiver receiver(sink, *bar, label);
  HOZEN_RETURN_IF_ERROR(collector.Export(request, [&](const v1::StreamPart& part) { return receiver.Receive(part); }));
  HOZEN_RETURN_IF_ERROR(receiver.Finish());
  return Received{receiver.size_bytes(), receiver.sha256()};
}

std::string DefaultName(const std::string& acquisition_id, const std::string& format) {
  if (format == "bodyfile") return Concat(acquisition_id, ".body");
  if (format == "timesketch") return Concat(acquisition_id, ".jsonl");
  if (format == "case") return Concat(acquisition_id, ".case.jsonld");
  return Concat(acquisition_id, ".", format);
}

absl::Status CheckOptions(const ExportOptions& options, const Console& console) {
  const bool to_stdout = options.to_stdout || options.out == "-";
  if (to_stdout && (console.json() || options.format == "e01" || options.format == "aff4")) {
    return absl::InvalidArgumentError(
        AbslView(Say("e01 and aff4 need a file, and --json has standard output for itself",
                     "e01 と aff4 にはファイル名が必要です。--json のときは標準出力へ書き出せません")));
  }
  if (options.is_part() && (options.is_image() || options.format == "zip")) {
    return absl::InvalidArgumentError(AbslView(Say(
        "--path, --artifact, --from and --to are for tar, bodyfile, timesketch, csv and case; a zip or an image is "
        "whole, so that it can be verified",
        "--path、--artifact、--from、--to は tar、bodyfile、timesketch、csv、case で使えます。zip とイメージは検証の"
        "ため全体を書き出します")));
  }
  if (options.is_image()) return absl::OkStatus();
  if (options.partition >= 0 || !options.range.empty() || options.item >= 0) {
    return absl::InvalidArgumentError(
        AbslView(Say("--item, --partition and --range are for images: --format raw, e01 or aff4",
                     "--item、--partition、--range はイメージ形式（raw、e01、aff4）でのみ使えます")));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> ExportAsImage(Invocation& invocation, const ExportOptions& options) {
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  ImageExportOptions image;
  HOZEN_ASSIGN_OR_RETURN(image.acquisition_id, ResolveAcquisition(*session.collector, options.id));
  image.format = options.format;
  if (options.item >= 0) image.item = static_cast<uint64_t>(options.item);
  if (options.partition >= 0) image.partition = static_cast<uint32_t>(options.partition);
  image.range = options.range;
  image.to_stdout = options.to_stdout || options.out == "-";
  image.out = options.out;
  image.force = options.force;
  image.segment_size_bytes = options.segment_size_bytes;
  return ExportImage(*session.collector, invocation.console, image);
}

absl::StatusOr<ExitCode> Export(Invocation& invocation, const ExportOptions& options) {
  Console& console = invocation.console;
  HOZEN_RETURN_IF_ERROR(CheckOptions(options, console));
  if (options.is_image()) return ExportAsImage(invocation, options);
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::ExportRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(*session.collector, options.id));
  request.set_format(options.format);
  request.set_path_glob(options.path_glob);
  for (const std::string& artifact : options.artifacts) request.add_artifacts(artifact);
  request.set_from_unix_ns(options.times.from_unix_ns.value_or(0));
  request.set_to_unix_ns(options.times.to_unix_ns.value_or(0));
  if (options.to_stdout || options.out == "-") {
    OstreamSink sink(console.out());
    HOZEN_RETURN_IF_ERROR(Receive(*session.collector, request, console, sink, "-").status());
    return ExitCode::kOk;
  }
  const std::filesystem::path out =
      options.out.empty() ? DefaultName(request.acquisition_id(), options.format) : options.out;
  const std::string label = Printable(out.filename().native());
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<PartFile> file, PartFile::Create(out, options.force));
  const auto received = Receive(*session.collector, request, console, *file, label);
  if (!received.ok()) {
    return WithContext(received.status(),
                       Concat(Printable(out.native()), Say(" was not written", " は作成されませんでした")));
  }
  HOZEN_RETURN_IF_ERROR(file->Commit());
  if (console.json()) {
    Json json;
    json["acquisition_id"] = request.acquisition_id();
    json["format"] = options.format;
    AddPath("file", out.native(), json);
    json["size_bytes"] = received->size_bytes;
    json["sha256"] = received->sha256.ToHex();
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  console.Print(
      Concat(Printable(out.native()), "  ", FormatSize(received->size_bytes), "  SHA-256 ", received->sha256.ToHex()));
  if (options.format == "zip") {
    console.Note(
        Concat(Say("To verify it without the collector: hozen verify ", "コレクタなしで検証するには: hozen verify "),
               Printable(out.native())));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddExportCommands(Command app, Invocation& invocation) {
  const Command command = app.AddCommand("export", Text("Take a bundle away", "証拠をバンドルとして書き出す"));
  auto options = std::make_shared<ExportOptions>();
  command
      .AddOption(
          "ID", options->id,
          Text("The acquisition: its id, the start of it, or \"last\"", "取得 ID（先頭部分、または \"last\" も可）"))
      .Required();
  command.AddOption("--format", options->format, Text("What kind of bundle (default zip)", "形式（既定 zip）"))
      .OneOf({"zip", "raw", "e01", "aff4", "tar", "bodyfile", "timesketch", "csv", "case"});
  command
      .AddOption("--out", options->out,
                 Text("Where to write it (default: the id in this folder; - for standard output)",
                      "出力先（既定: 現在のフォルダに ID の名前で。- は標準出力）"))
      .TypeName("FILE");
  command
      .AddOption(
          "--item", options->item,
          Text("Images: which disk, by index, where there are several", "イメージ: ディスクが複数ある場合の項目番号"))
      .NotNegative()
      .TypeName("N");
  const Option partition =
      command
          .AddOption("--partition", options->partition,
                     Text("Images: only this partition, as mmls and hozen items number it",
                          "イメージ: 指定したパーティションのみ（番号は mmls、hozen items と同じ）"))
          .Between(int64_t{0}, int64_t{0xFFFFFFFF})
          .TypeName("N");
  command
      .AddOption("--range", options->range,
                 Text("Images: only OFFSET+SIZE, in bytes, sizes (1M+512K) or sectors (2048s+100s)",
                      "イメージ: OFFSET+SIZE の範囲のみ（バイト、1M+512K、またはセクタ 2048s+100s）"))
      .TypeName("OFFSET+SIZE")
      .Excludes(partition);
  AddSizeOption(command, "--segment-size", options->segment_size_bytes,
                Text("e01: the size of each file of the set (default 2G)", "e01: 分割ファイルのサイズ（既定 2G）"));
  command
      .AddOption("--path", options->path_glob,
                 Text("Only items whose path fits this glob; * also matches /",
                      "パスがこのグロブに一致する項目のみ（* は / にも一致）"))
      .TypeName("GLOB");
  command
      .AddOption(
          "--artifact", options->artifacts,
          Text("Only items of this artifact; may be given again", "指定したアーティファクトの項目のみ（複数可）"))
      .OneValueEach()
      .TypeName("NAME");
  AddTimeRangeOptions(command, options->times);
  command.AddFlag("--stdout", options->to_stdout,
                  Text("Write to standard output, without a sidecar", "標準出力へ書き出す（サイドカーなし）"));
  command.AddFlag("--force", options->force, Text("Replace files that are there", "既存のファイルを置き換える"));
  command.Footer(Text(
      "Formats:\n"
      "  zip       files in Velociraptor's layout, with the manifest, its signatures and custody proofs\n"
      "  raw       a disk image, sparse; FILE.json beside it holds manifest, signatures and the map of bad sectors\n"
      "  e01       the same as FILE.E01, .E02, ..., with MD5, SHA-1 and the list of bad sectors inside\n"
      "  aff4      the same as AFF4 v1.0, with bad sectors marked in its map\n"
      "  tar       files with all their times, in the layout of acquire, which dissect opens\n"
      "  bodyfile  names and times for mactime\n"
      "  timesketch  one JSON line for each time of each file, for Timesketch\n"
      "  csv       a table of all items, for spreadsheets\n"
      "  case      who took what with which tool, as CASE/UCO JSON-LD for other laboratories\n"
      "Only zip and images can be verified offline; the others tell what is in them.\n"
      "FILE appears only when it is whole and its SHA-256 is the collector's: until then it is FILE.part.\n"
      "An image that was broken off goes on where it stopped when the same command is given again.\n\n"
      "Examples:\n  hozen export last --format zip --out case.zip\n  hozen export 3f2a --format raw --out sda.raw\n"
      "  hozen export 3f2a --format e01 --out sda.E01 --segment-size 4G\n"
      "  hozen export 3f2a --format raw --partition 2 --stdout | sha256sum\n"
      "  hozen export 3f2a --format bodyfile --out - | mactime -b - -d\n"
      "  hozen export 3f2a --format tar --path '/etc/*' --out etc.tar\n"
      "  hozen export 3f2a --format timesketch --from 2026-11-20 --to 2026-11-24",
      "形式:\n"
      "  zip       Velociraptor 互換の配置。マニフェスト、署名、保全記録の証明を含む\n"
      "  raw       ディスクイメージ（スパース）。FILE.json にマニフェスト、署名、不良セクタの位置を保存\n"
      "  e01       同じ内容を FILE.E01、.E02 … に。MD5、SHA-1、不良セクタの一覧を含む\n"
      "  aff4      同じ内容を AFF4 v1.0 に。不良セクタはマップに記録\n"
      "  tar       すべての時刻を保ったファイル（acquire 互換の配置。dissect で開けます）\n"
      "  bodyfile  mactime 用のファイル名と時刻\n"
      "  timesketch  ファイルの時刻ごとに 1 行の JSON（Timesketch 用）\n"
      "  csv       全項目の表（表計算用）\n"
      "  case      取得者、手段、対象を CASE/UCO JSON-LD で（他機関への引き渡し用）\n"
      "オフラインで検証できるのは zip とイメージだけです。\n"
      "FILE は、すべて揃い SHA-256 がコレクタと一致して初めて現れます（それまでは FILE.part）。\n"
      "中断したイメージは、同じコマンドで続きから再開します。\n\n"
      "例:\n  hozen export last --format zip --out case.zip\n  hozen export 3f2a --format raw --out sda.raw\n"
      "  hozen export 3f2a --format e01 --out sda.E01 --segment-size 4G\n"
      "  hozen export 3f2a --format raw --partition 2 --stdout | sha256sum\n"
      "  hozen export 3f2a --format bodyfile --out - | mactime -b - -d\n"
      "  hozen export 3f2a --format tar --path '/etc/*' --out etc.tar\n"
      "  hozen export 3f2a --format timesketch --from 2026-11-20 --to 2026-11-24"));
  command.OnGiven(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return Export(invocation, *options); }; });
}

}  // namespace hozen
