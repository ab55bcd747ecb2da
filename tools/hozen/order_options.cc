#include "tools/hozen/order_options.h"

#include "absl/strings/escaping.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "core/crypto/key.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/definition_folders.h"

namespace hozen {
namespace {

void NoteNotRun(Console& console, const std::vector<NotRun>& not_run) {
  if (not_run.empty() || console.json()) return;
  console.Note(Say("These sources will not run:", "次のソースは実行されません:"));
  for (const NotRun& one : not_run) {
    console.Note(
        Concat("  ", Printable(one.artifact), " ", Printable(one.source_type), ": ", PrintableLine(one.reason)));
  }
}

v1::Access AccessNamed(const std::string& name) {
  if (name == "system") return v1::ACCESS_SYSTEM;
  if (name == "raw") return v1::ACCESS_RAW;
  return name == "both" ? v1::ACCESS_BOTH : v1::ACCESS_AUTO;
}

// How files are to be reached, in every target that names some.
void SetWays(const OrderOptions& options, v1::Plan& plan) {
  if (!options.offline_disk.empty()) {
    plan.mutable_offline_disk()->set_path(FromPrintable(options.offline_disk));
    plan.mutable_offline_disk()->set_container(options.container);
  }
  for (v1::Target& target : *plan.mutable_targets()) {
    if (!target.has_file() && !target.has_path()) continue;
    v1::Target::PathPattern& files = target.has_file() ? *target.mutable_file() : *target.mutable_path();
    files.set_access(AccessNamed(options.access));
    files.set_deleted(options.deleted);
    files.set_all_attributes(options.all_attributes);
  }
}

absl::Status CheckWays(const OrderOptions& options) {
  if (options.offline_disk.empty() && !options.offline_system.empty()) {
    return absl::InvalidArgumentError(AbslView(
        Say("--system is of a disk: give --offline-disk too", "--system は --offline-disk と併せて指定してください")));
  }
  if (options.offline_disk.empty() && !options.container.empty()) {
    return absl::InvalidArgumentError(AbslView(Say("--container is of a disk: give --offline-disk too",
                                                   "--container は --offline-disk と併せて指定してください")));
  }
  if (options.deleted && options.access == "system") {
    return absl::InvalidArgumentError(
        AbslView(Say("the system does not show deleted files; leave out --access system",
                     "システム経由では削除ファイルは見えません。--access system を外してください")));
  }
  return absl::OkStatus();
}

}  // namespace

v1::Plan NewPlan(const OrderOptions& options, const v1::Credential& credential, const std::vector<v1::Host>& hosts) {
  const absl::Time now = Clock::Real().Now();
  v1::Plan plan;
  plan.set_format_version(1);
  plan.set_plan_id(absl::BytesToHexString(RandomBytes(8)));
  plan.set_customer_id(credential.customer_id());
  for (const v1::Host& host : hosts) plan.add_host_ids(host.host_id());
  plan.set_created_unix_ns(absl::ToUnixNanos(now));
  plan.set_operator_name(credential.name());
  plan.set_reason(options.reason);
  v1::Limits& limits = *plan.mutable_limits();
  limits.set_deadline_unix_ns(absl::ToUnixNanos(now + options.deadline));
  limits.set_total_bytes(options.total_bytes);
  limits.set_file_bytes(options.file_bytes);
  limits.set_items(options.items);
  limits.set_depth(options.depth);
  limits.set_cpu_percent(options.cpu_percent);
  limits.set_read_bytes_per_s(options.read_rate);
  limits.set_send_bytes_per_s(options.send_rate);
  return plan;
}

absl::Status CheckTriage(const OrderOptions& options) {
  if (options.artifacts.empty() && options.paths.empty() && options.bodyfile.empty()) {
    return absl::InvalidArgumentError(AbslView(
        Say("nothing to collect: give --artifacts, --path or --bodyfile (hozen artifacts list shows what there is)",
            "収集対象がありません。--artifacts、--path、--bodyfile のいずれかを指定してください（一覧: hozen artifacts "
            "list）")));
  }
  return CheckWays(options);
}

absl::StatusOr<TriagePlan> PlanTriage(Console& console, const OrderOptions& options, const v1::Credential& credential,
                                      const std::vector<v1::Host>& hosts) {
  TriagePlan triage{.plan = NewPlan(options, credential, hosts), .not_run = {}};
  const std::string hosts_system = hosts.empty() ? "" : hosts.front().facts().system();
  const std::string& system = options.offline_system.empty() ? hosts_system : options.offline_system;
  if (!options.artifacts.empty()) {
    HOZEN_ASSIGN_OR_RETURN(const ArtifactDefinitions definitions, LoadDefinitions(options.definitions));
    const HostState state = options.offline_disk.empty() ? HostState::kRunning : HostState::kOffline;
    HOZEN_ASSIGN_OR_RETURN(const ResolvedArtifacts resolved, definitions.Resolve(options.artifacts, system, state));
    for (const v1::Target& target : resolved.targets) *triage.plan.add_targets() = target;
    triage.not_run = resolved.not_run;
  }
  // Before any file is touched.
  if (!options.bodyfile.empty())
    triage.plan.add_targets()->mutable_listing()->set_path(FromPrintable(options.bodyfile));
  for (const std::string& path : options.paths) {
    v1::Target::PathPattern& pattern = *triage.plan.add_targets()->mutable_file();
    pattern.set_pattern(path);
    pattern.set_separator(system == "windows" ? "\\" : "/");
  }
  NoteNotRun(console, triage.not_run);
  if (triage.plan.targets().empty()) {
    return absl::InvalidArgumentError(
        Concat(Say("none of these artifacts has a source that can run on ",
                   "指定されたアーティファクトには、次のシステムで実行できるソースがありません: "),
               Printable(system)));
  }
  SetWays(options, triage.plan);
  return triage;
}

Json NotRunJson(const std::vector<NotRun>& not_run) {
  Json json = Json::array();
  for (const NotRun& one : not_run) {
    json.push_back({{"artifact", Printable(one.artifact)},
                    {"source_type", Printable(one.source_type)},
                    {"reason", PrintableLine(one.reason)}});
  }
  return json;
}

void AddTriageTargets(Command command, OrderOptions& options) {
  command
      .AddOption("--artifacts", options.artifacts,
                 Text("Artifacts by name, separated by commas", "アーティファクト名（カンマ区切り）"))
      .Separator(',')
      .OneValueEach()
      .TypeName("A,B");
  command
      .AddOption("--path", options.paths,
                 Text("Files by pattern (*, ?, [a-z], ** for folders); may be given again",
                      "ファイルのパターン（*, ?, [a-z]、** はフォルダ）。複数指定可"))
      .OneValueEach()
      .TypeName("GLOB");
  command
      .AddOption("--definitions", options.definitions,
                 Text("Folder of definitions to use in place of /usr/share/artifacts; may be given again",
                      "/usr/share/artifacts の代わりに使う定義フォルダ（複数指定可）"))
      .OneValueEach()
      .TypeName("DIR");
  command
      .AddOption("--access", options.access,
                 Text("auto (default): through the system, and raw where it denies or cannot read a file; system;\n"
                      "raw: past the system, from the volume, what the system does not show marked as hidden;\n"
                      "both: each way once, to compare",
                      "auto（既定）: システム経由で読み、拒否や読み取り不能なら直接読む。system。raw: ボリュームを\n"
                      "直接読む（システムが見せないものには印）。both: 両方で取得して比較する"))
      .OneOf({"auto", "system", "raw", "both"});
  command.AddFlag(
      "--deleted", options.deleted,
      Text("Also deleted files, as far as they can be recovered", "削除ファイルも復元できる範囲で取得する"));
  command.AddFlag("--attributes", options.all_attributes,
                  Text("Of NTFS every attribute, not only streams of data", "NTFS のすべての属性を取得する"));
  command.AddFlag("--bodyfile{/}", options.bodyfile,
                  Text("List names, sizes, owners and times of everything below PATH (default /) as a body file, "
                       "without reading contents: --bodyfile or --bodyfile=/home",
                       "PATH（既定: /）以下の全ファイルの名前・サイズ・所有者・時刻を、内容を読まずに bodyfile "
                       "として一覧にする（--bodyfile または --bodyfile=/home）"));
}

void AddOfflineDisk(Command command, OrderOptions& options) {
  command
      .AddOption("--offline-disk", options.offline_disk,
                 Text("Not from the running host but from the system on this disk, or in the first file of an image\n"
                      "(raw, E01, VMDK, VHD, qcow2, split) that lies on the host",
                      "稼働中の端末ではなく、このディスク、または端末上のイメージ（raw、E01、VMDK、VHD、qcow2、\n"
                      "分割）の先頭ファイルにあるシステムから取得する"))
      .TypeName("PATH");
  command
      .AddOption("--system", options.offline_system,
                 Text("Which system is on the offline disk (default: the host's)",
                      "--offline-disk 上のシステム（既定: 端末と同じ）"))
      .OneOf({"linux", "windows"});
  command
      .AddOption("--container", options.container,
                 Text("raw: the offline disk is the file's bytes as they are",
                      "raw: ファイルのバイト列をそのままディスクとして読む"))
      .OneOf({"raw"})
      .TypeName("raw");
}

void AddTriageLimits(Command command, OrderOptions& options) {
  AddSizeOption(command, "--max-file-bytes", options.file_bytes, Text("Cut off longer files here", "1 ファイルの上限"));
  command.AddOption("--max-items", options.items, Text("Stop after so many items", "件数の上限")).TypeName("N");
  command.AddOption("--max-depth", options.depth, Text("Folders below a pattern's fixed part", "フォルダの深さの上限"))
      .TypeName("N");
}

void AddLimits(Command command, OrderOptions& options, const std::string& deadline_text) {
  command.AddFlag("--wait", options.wait,
                  Text("Stay until it has ended, and show how it comes along", "終了まで待ち、経過を表示する"));
  AddDurationOption(command, "--deadline", options.deadline, deadline_text);
  AddSizeOption(command, "--max-bytes", options.total_bytes,
                Text("Stop after so many bytes of evidence", "証拠の総量の上限"));
  AddSizeOption(command, "--read-rate", options.read_rate,
                Text("Read at most so many bytes a second", "毎秒の読み取り量の上限"));
  AddSizeOption(command, "--send-rate", options.send_rate,
                Text("Send at most so many bytes a second", "毎秒の送信量の上限"));
  command
      .AddOption("--cpu-percent", options.cpu_percent,
                 Text("Use at most so much of one core", "1 コアに対する CPU 使用率の上限"))
      .Between(1u, 100u)
      .TypeName("N");
  command.AddOption("--reason", options.reason, Text("The case or ticket that this belongs to", "案件番号や理由"))
      .TypeName("TEXT");
}

}  // namespace hozen
