#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/part_file.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/stream_receiver.h"

namespace hozen {
namespace {

struct ExportOptions {
  std::string id;
  std::string format = "zip";
  std::string out;
  int64_t item = -1;
  bool force = false;
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
  return Concat(acquisition_id, format == "bodyfile" ? ".body" : Concat(".", format));
}

absl::StatusOr<ExitCode> Export(Invocation& invocation, const ExportOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::ExportRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(*session.collector, options.id));
  request.set_format(options.format);
  if (options.item >= 0) {
    request.set_item_index(static_cast<uint64_t>(options.item));
    request.set_has_item_index(true);
  }
  if (options.out == "-") {
    if (console.json() || options.format == "raw") {
      return absl::InvalidArgumentError(AbslView(
          Say("--out - is for zip and bodyfile without --json; a raw image needs a file, with its sidecar beside it",
              "--out - は zip と bodyfile（--json なし）でのみ使えます。raw "
              "はサイドカーと並べて保存するためファイル名が必要です")));
    }
    OstreamSink sink(console.out());
    HOZEN_RETURN_IF_ERROR(Receive(*session.collector, request, console, sink, "-").status());
    return ExitCode::kOk;
  }
  const std::filesystem::path out =
      options.out.empty() ? DefaultName(request.acquisition_id(), options.format) : options.out;
  const std::string label = Printable(out.filename().native());
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<PartFile> file, PartFile::Create(out, options.force));
  std::filesystem::path sidecar_path;
  std::unique_ptr<PartFile> sidecar;
  if (options.format == "raw") {
    sidecar_path = out;
    sidecar_path += ".json";
    HOZEN_ASSIGN_OR_RETURN(sidecar, PartFile::Create(sidecar_path, options.force));
  }
  const auto received = Receive(*session.collector, request, console, *file, label);
  if (!received.ok()) {
    return WithContext(received.status(),
                       Concat(Printable(out.native()), Say(" was not written", " は作成されませんでした")));
  }
  if (sidecar != nullptr) {
    v1::ExportRequest sidecar_request = request;
    sidecar_request.set_format("raw-sidecar");
    const auto sidecar_received = Receive(*session.collector, sidecar_request, console, *sidecar, label + ".json");
    if (!sidecar_received.ok()) {
      return WithContext(sidecar_received.status(),
                         Concat(Printable(out.native()), Say(" was not written", " は作成されませんでした")));
    }
    // The image last: where it is, its sidecar is too.
    HOZEN_RETURN_IF_ERROR(sidecar->Commit());
  }
  HOZEN_RETURN_IF_ERROR(file->Commit());
  if (console.json()) {
    Json json;
    json["acquisition_id"] = request.acquisition_id();
    json["format"] = options.format;
    AddPath("file", out.native(), json);
    if (sidecar != nullptr) AddPath("sidecar", sidecar_path.native(), json);
    json["size_bytes"] = received->size_bytes;
    json["sha256"] = received->sha256.ToHex();
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  console.Print(
      Concat(Printable(out.native()), "  ", FormatSize(received->size_bytes), "  SHA-256 ", received->sha256.ToHex()));
  if (sidecar != nullptr) console.Print(Printable(sidecar_path.native()));
  if (options.format != "bodyfile") {
    console.Note(
        Concat(Say("To verify it without the collector: hozen verify ", "コレクタなしで検証するには: hozen verify "),
               Printable(out.native())));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddExportCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("export", Text("Take a bundle away", "証拠をバンドルとして書き出す"));
  auto options = std::make_shared<ExportOptions>();
  command
      ->add_option(
          "ID", options->id,
          Text("The acquisition: its id, the start of it, or \"last\"", "取得 ID（先頭部分、または \"last\" も可）"))
      ->required();
  command->add_option("--format", options->format, Text("What kind of bundle (default zip)", "形式（既定 zip）"))
      ->check(CLI::IsMember({"zip", "raw", "bodyfile"}));
  command
      ->add_option("--out", options->out,
                   Text("Where to write it (default: the id in this folder; - for standard output)",
                        "出力先（既定: 現在のフォルダに ID の名前で。- は標準出力）"))
      ->type_name("FILE");
  command
      ->add_option("--item", options->item,
                   Text("raw: which disk, by index, where there are several", "raw: ディスクが複数ある場合の項目番号"))
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_flag("--force", options->force, Text("Replace files that are there", "既存のファイルを置き換える"));
  command->footer(Text(
      "Formats:\n"
      "  zip       files in Velociraptor's layout, with the manifest, its signatures and custody proofs\n"
      "  raw       a disk image, sparse; FILE.json beside it holds manifest, signatures and the map of bad sectors\n"
      "  bodyfile  names and times for mactime\n"
      "FILE appears only when it is whole and its SHA-256 is the collector's: until then it is FILE.part.\n\n"
      "Examples:\n  hozen export last --format zip --out case.zip\n  hozen export 3f2a --format raw --out sda.raw\n"
      "  hozen export 3f2a --format bodyfile --out - | mactime -b - -d",
      "形式:\n"
      "  zip       Velociraptor 互換の配置。マニフェスト、署名、保全記録の証明を含む\n"
      "  raw       ディスクイメージ（スパース）。FILE.json にマニフェスト、署名、不良セクタの位置を保存\n"
      "  bodyfile  mactime 用のファイル名と時刻\n"
      "FILE は、すべて揃い SHA-256 がコレクタと一致して初めて現れます（それまでは FILE.part）。\n\n"
      "例:\n  hozen export last --format zip --out case.zip\n  hozen export 3f2a --format raw --out sda.raw\n"
      "  hozen export 3f2a --format bodyfile --out - | mactime -b - -d"));
  command->callback(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return Export(invocation, *options); }; });
}

}  // namespace hozen
