// Orders: made, signed with the operator's key and handed in here.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "core/crypto/key.h"
#include "core/plan/plan.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/disk_choice.h"
#include "tools/hozen/estimate.h"
#include "tools/hozen/failed_targets.h"
#include "tools/hozen/follow.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/order_options.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

Json AcquisitionWithNotRun(const v1::Acquisition& acquisition, const std::vector<NotRun>& not_run) {
  Json json = AcquisitionJson(acquisition);
  json["not_run"] = NotRunJson(not_run);
  return json;
}

// The first acquisition that the plan makes.
absl::StatusOr<v1::Acquisition> Submit(const Session& session, const v1::Plan& plan) {
  HOZEN_ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::FromPem(session.credential.private_key_pem()));
  v1::SubmitPlanRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_plan(), SignPlan(plan, key, session.credential.operator_certificate()));
  HOZEN_ASSIGN_OR_RETURN(const v1::SubmitPlanResponse response, session.collector->SubmitPlan(request));
  if (response.acquisitions().empty()) {
    return absl::InternalError(AbslView(Say("the collector took the plan and named no acquisition",
                                            "コレクタは計画を受け付けましたが、取得 ID を返しませんでした")));
  }
  return response.acquisitions(0);
}

absl::StatusOr<ExitCode> SubmitAndWait(Invocation& invocation, const Session& session, const OrderOptions& options,
                                       const v1::Plan& plan, const v1::Host& host, const std::vector<NotRun>& not_run) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const v1::Acquisition ordered, Submit(session, plan));
  if (!options.wait) {
    if (console.json()) {
      console.Print(JsonDocument(AcquisitionWithNotRun(ordered, not_run)));
    } else {
      console.Print(DescribeAcquisition(console, ordered));
      console.Note(Concat(Say("To see how it comes along: hozen watch ", "経過を見るには: hozen watch "),
                          ordered.acquisition_id()));
    }
    return ExitCode::kOk;
  }
  if (!console.json()) {
    console.Note(Concat(Say("Acquisition ", "取得 "), Printable(ordered.acquisition_id()), Say(" on ", "、端末 "),
                        Printable(host.facts().hostname()),
                        host.connected() ? Say(". Ctrl-C stops watching, not the acquisition.",
                                               "。Ctrl-C で表示だけを終了します（取得は続きます）。")
                                         : Say(". The host is away; it starts when the host connects.",
                                               "。端末は未接続です。接続すると開始します。")));
  }
  HOZEN_ASSIGN_OR_RETURN(const v1::Acquisition ended,
                         FollowAcquisition(*session.collector, console, ordered.acquisition_id()));
  const std::vector<v1::TargetOutcome> failed_targets = FirstFailedTargets(*session.collector, console, ended);
  if (console.json()) {
    Json json = AcquisitionWithNotRun(ended, not_run);
    AddFailedTargets(failed_targets, json);
    console.Print(JsonDocument(json));
  } else {
    console.Print(DescribeAcquisition(console, ended, failed_targets));
  }
  if (!console.json() && ended.state() == v1::Acquisition::STATE_COMPLETE_WITH_FAILURES) {
    console.Note(Concat(Say("What failed and why: hozen items ", "失敗の一覧と理由: hozen items "),
                        ended.acquisition_id(), " --failed"));
  }
  return ExitCodeOf(ended.state());
}

Json SumJson(const Estimate::Sum& sum) { return {{"files", sum.files}, {"bytes", sum.bytes}, {"failed", sum.failed}}; }

void PrintEstimate(Console& console, const Estimate& estimate, const v1::Acquisition& ended, int commands) {
  const Estimate::Sum total = estimate.total();
  if (console.json()) {
    Json json;
    json["acquisition_id"] = ended.acquisition_id();
    json["total"] = SumJson(total);
    json["commands"] = commands;
    json["artifacts"] = Json::object();
    for (const auto& [artifact, sum] : estimate.by_artifact()) json["artifacts"][Printable(artifact)] = SumJson(sum);
    console.Print(JsonDocument(json));
    return;
  }
  Table table({{Title(console, "ARTIFACT", "アーティファクト")},
               {Title(console, "FILES", "ファイル数"), Table::Align::kRight},
               {Title(console, "SIZE", "サイズ"), Table::Align::kRight},
               {Title(console, "FAILED", "失敗"), Table::Align::kRight}});
  const auto add = [&table](const std::string& name, const Estimate::Sum& sum) {
    table.Add({name, Concat(sum.files), FormatSize(sum.bytes), sum.failed == 0 ? "" : Concat(sum.failed)});
  };
  for (const auto& [artifact, sum] : estimate.by_artifact()) {
    add(artifact.empty() ? Text("(by path)", "（パス指定）") : Printable(artifact), sum);
  }
  add(Text("all", "合計"), total);
  console.Print(table.Render());
  if (commands > 0) {
    console.Note(Concat(Say("Not counted: outputs of commands, volatile state and body files: ",
                            "コマンドの出力、揮発性情報、bodyfile は含みません: "),
                        commands));
  }
  console.Note(Say("Sizes are before deduplication and compression.", "サイズは重複排除と圧縮の前の値です。"));
}

// Orders the metadata, waits, and counts.
absl::StatusOr<ExitCode> EstimateOrder(Invocation& invocation, const Session& session, const OrderOptions& options,
                                       v1::Plan order) {
  MetadataPlan metadata = MetadataOnly(std::move(order));
  if (metadata.plan.targets().empty()) {
    return absl::InvalidArgumentError(
        AbslView(Say("nothing of this has a size beforehand", "事前に見積もれる対象がありません")));
  }
  HOZEN_ASSIGN_OR_RETURN(const v1::Acquisition ordered, Submit(session, metadata.plan));
  HOZEN_ASSIGN_OR_RETURN(const v1::Acquisition ended,
                         FollowAcquisition(*session.collector, invocation.console, ordered.acquisition_id()));
  if (ExitCodeOf(ended.state()) == ExitCode::kNoEvidence) {
    invocation.console.Print(DescribeAcquisition(invocation.console, ended));
    return ExitCode::kNoEvidence;
  }
  Estimate estimate(std::move(metadata.wants_contents), options.file_bytes);
  v1::ListItemsRequest items;
  items.set_acquisition_id(ended.acquisition_id());
  HOZEN_RETURN_IF_ERROR(session.collector->ListItems(items, [&](const v1::ItemRow& row) {
    estimate.Add(row.item());
    return absl::OkStatus();
  }));
  PrintEstimate(invocation.console, estimate, ended, metadata.dropped);
  return ExitCodeOf(ended.state());
}

absl::StatusOr<ExitCode> Collect(Invocation& invocation, const OrderOptions& options) {
  HOZEN_RETURN_IF_ERROR(CheckTriage(options));
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  HOZEN_ASSIGN_OR_RETURN(const v1::Host host, ResolveHost(*session.collector, options.host));
  HOZEN_ASSIGN_OR_RETURN(TriagePlan triage, PlanTriage(invocation.console, options, session.credential, {host}));
  if (options.estimate) return EstimateOrder(invocation, session, options, std::move(triage.plan));
  return SubmitAndWait(invocation, session, options, triage.plan, host, triage.not_run);
}

absl::Status SetRange(const std::string& text, v1::Target::Disk& disk) {
  HOZEN_ASSIGN_OR_RETURN(const StreamRange range, ParseRange(text, /*sector_size_bytes=*/0));
  if (range.size_bytes == 0) {
    return absl::InvalidArgumentError(Concat(Printable(text), ": ", Say("the range is empty", "範囲が空です")));
  }
  disk.set_range_offset_bytes(range.offset_bytes);
  disk.set_range_size_bytes(range.size_bytes);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Image(Invocation& invocation, const OrderOptions& options) {
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  HOZEN_ASSIGN_OR_RETURN(const v1::Host host, ResolveHost(*session.collector, options.host));
  v1::Plan plan = NewPlan(options, session.credential, {host});
  v1::Target::Disk& disk = *plan.add_targets()->mutable_disk();
  disk.set_path(FromPrintable(options.disk));
  disk.set_order(options.order);
  disk.set_scope(options.scope);
  disk.set_partition(options.partition);
  if (!options.range.empty()) HOZEN_RETURN_IF_ERROR(SetRange(options.range, disk));
  disk.set_listing(!options.no_listing);
  disk.set_container(options.container);
  return SubmitAndWait(invocation, session, options, plan, host, {});
}

std::string SharedFooter() {
  return Text(
      "HOST is a host's id or its start, its name, or a label that only one host has. The plan is signed here with "
      "your\n"
      "key; the agent verifies it and keeps its limits. Sizes: 4096, 64K, 10M, 1.5G. Durations: 90s, 15m, 4h, 7d.\n"
      "With --json: one document, the acquisition, with what will not run in not_run.\n"
      "With --wait the exit code is 0 for complete, 3 for complete with failures, 8 where there is no evidence.\n\n",
      "HOST は端末の ID（先頭部分でも可）、名前、または 1 "
      "台だけに付いたラベルです。計画はこの端末であなたの鍵で署名され、\n"
      "エージェントが検証して上限を守ります。サイズ: 4096, 64K, 10M, 1.5G。時間: 90s, 15m, 4h, 7d。\n"
      "--json では取得を表す 1 つの文書を出力し、実行しないソースは not_run に入ります。\n"
      "--wait の終了コード: 0 完了、3 完了（失敗あり）、8 証拠なし。\n\n");
}

}  // namespace

void AddCollectCommands(Command app, Invocation& invocation) {
  const Command collect = app.AddCommand("collect", Text("Order a triage of a host", "端末のトリアージを指示する"));
  auto options = std::make_shared<OrderOptions>();
  collect.AddOption("HOST", options->host, Text("Which host", "対象の端末")).Required();
  AddTriageTargets(collect, *options);
  AddOfflineDisk(collect, *options);
  AddLimits(collect, *options,
            Text("When work ends, finished or not (default 4h from now)", "作業の期限（既定: 4h 後）"));
  collect.AddFlag("--estimate", options->estimate,
                  Text("Count files and bytes without reading contents, in place of collecting; waits",
                       "収集せず、内容を読まずにファイル数とサイズを見積もる（終了まで待つ）"));
  AddTriageLimits(collect, *options);
  collect.Footer(
      SharedFooter() + Text("Examples:", "例:") +
      "\n  hozen collect web01 --artifacts LinuxAuthLogs,LinuxCronTabs --wait"
      "\n  hozen collect web01 --artifacts @linux-triage --estimate"
      "\n  hozen collect web01 --bodyfile --wait"
      "\n  hozen collect 3f2a --path '/etc/**' --path '/home/*/.ssh/*' --max-file-bytes 100M --reason IR-2231"
      "\n  hozen collect web01 --path '/usr/bin/*' --access both --wait"
      "\n  hozen collect lab03 --offline-disk /cases/2231/pc.E01 --system windows --artifacts @windows-triage "
      "--deleted");
  collect.OnGiven(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return Collect(invocation, *options); }; });

  const Command image = app.AddCommand("image", Text("Order an image of a disk", "ディスクイメージの取得を指示する"));
  auto image_options = std::make_shared<OrderOptions>();
  image_options->deadline = absl::Hours(24);
  image.AddOption("HOST", image_options->host, Text("Which host", "対象の端末")).Required();
  image
      .AddOption(
          "--disk", image_options->disk,
          Text("The disk's path on the host (hozen hosts --json lists disks), or the first file of an E01, VMDK, "
               "VHD, qcow2 or split image: then the disk in it is imaged",
               "端末上のディスクのパス（一覧: hozen hosts --json）。E01、VMDK、VHD、qcow2、分割イメージの"
               "先頭ファイルも指定でき、その中のディスクを取得する"))
      .Required()
      .TypeName("PATH");
  image
      .AddOption("--order", image_options->order,
                 Text("value (default): what tells most comes first, so that an image that breaks off is of use;\n"
                      "linear: front to back",
                      "value（既定）: 重要な情報を先に取得し、途中で終わっても役立つ。linear: 先頭から順に"))
      .OneOf({"value", "linear"});
  image
      .AddOption("--scope", image_options->scope,
                 Text("all (default): every sector; allocated: not what file systems call free, which is marked as\n"
                      "not acquired",
                      "all（既定）: 全セクタ。allocated: 未割り当て領域を除く（未取得と記録）"))
      .OneOf({"all", "allocated"});
  const Option partition = image
                               .AddOption("--partition", image_options->partition,
                                          Text("Only this partition, by its number", "このパーティションのみ（番号）"))
                               .Between(1u, 4096u)
                               .TypeName("N");
  image
      .AddOption("--range", image_options->range,
                 Text("Only these bytes of the disk, for example 1M+512M", "ディスクのこの範囲のみ（例: 1M+512M）"))
      .TypeName("OFFSET+SIZE")
      .Excludes(partition);
  image
      .AddOption("--container", image_options->container,
                 Text("raw: take the bytes of the file at PATH as they are, whatever it holds",
                      "raw: PATH のファイルを、中身にかかわらずそのままのバイト列として取得する"))
      .OneOf({"raw"})
      .TypeName("raw");
  image.AddFlag(
      "--no-listing", image_options->no_listing,
      Text("Do not list the files of its file systems (bodyfile)", "ファイルシステムの一覧（bodyfile）を作らない"));
  AddLimits(image, *image_options,
            Text("When work ends, finished or not (default 24h from now)", "作業の期限（既定: 24h 後）"));
  image.Footer(SharedFooter() + Text("Examples:", "例:") +
               "\n  hozen image web01 --disk /dev/sda --wait"
               "\n  hozen image web01 --disk /dev/sda --scope allocated --partition 2 --wait"
               "\n  hozen image lab03 --disk /cases/2231/notebook.E01 --wait"
               "\n  hozen image web01 --disk /dev/sda --send-rate 2M --deadline 3d --reason IR-2231");
  image.OnGiven([&invocation, image_options] {
    invocation.chosen = [&invocation, image_options] { return Image(invocation, *image_options); };
  });
}

}  // namespace hozen
