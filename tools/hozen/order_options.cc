#include "tools/hozen/order_options.h"

#include <CLI/CLI.hpp>

#include "absl/strings/escaping.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/crypto/key.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/definition_folders.h"

namespace hozen {
namespace {

void NoteNotRun(Console& console, const std::vector<NotRun>& not_run) {
  if (not_run.empty() || console.json()) return;
  console.Note(Say("These sources will not run:", "次のソースは実行されません:"));
  for (const NotRun& one : not_run) {
    console.Note(Concat("  ", Printable(one.artifact), " ", Printable(one.source_type), ": ", Printable(one.reason)));
  }
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
  if (!options.artifacts.empty() || !options.paths.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      AbslView(Say("nothing to collect: give --artifacts, --path or both (hozen artifacts list shows what there is)",
                   "収集対象がありません。--artifacts か --path を指定してください（一覧: hozen artifacts list）")));
}

absl::StatusOr<TriagePlan> PlanTriage(Console& console, const OrderOptions& options, const v1::Credential& credential,
                                      const std::vector<v1::Host>& hosts) {
  TriagePlan triage{.plan = NewPlan(options, credential, hosts), .not_run = {}};
  const std::string system = hosts.empty() ? "" : hosts.front().facts().system();
  if (!options.artifacts.empty()) {
    HOZEN_ASSIGN_OR_RETURN(const ArtifactDefinitions definitions, LoadDefinitions(options.definitions));
    HOZEN_ASSIGN_OR_RETURN(const ResolvedArtifacts resolved, definitions.Resolve(options.artifacts, system));
    for (const v1::Target& target : resolved.targets) *triage.plan.add_targets() = target;
    triage.not_run = resolved.not_run;
  }
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
  return triage;
}

Json NotRunJson(const std::vector<NotRun>& not_run) {
  Json json = Json::array();
  for (const NotRun& one : not_run) {
    json.push_back({{"artifact", Printable(one.artifact)},
                    {"source_type", Printable(one.source_type)},
                    {"reason", Printable(one.reason)}});
  }
  return json;
}

void AddTriageTargets(CLI::App& command, OrderOptions& options) {
  command
      .add_option("--artifacts", options.artifacts,
                  Text("Artifacts by name, separated by commas", "アーティファクト名（カンマ区切り）"))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B");
  command
      .add_option("--path", options.paths,
                  Text("Files by pattern (*, ?, [a-z], ** for folders); may be given again",
                       "ファイルのパターン（*, ?, [a-z]、** はフォルダ）。複数指定可"))
      ->allow_extra_args(false)
      ->type_name("GLOB");
  command
      .add_option("--definitions", options.definitions,
                  Text("Folder of definitions to use in place of /usr/share/artifacts; may be given again",
                       "/usr/share/artifacts の代わりに使う定義フォルダ（複数指定可）"))
      ->allow_extra_args(false)
      ->type_name("DIR");
}

void AddTriageLimits(CLI::App& command, OrderOptions& options) {
  AddSizeOption(command, "--max-file-bytes", options.file_bytes, Text("Cut off longer files here", "1 ファイルの上限"));
  command.add_option("--max-items", options.items, Text("Stop after so many items", "件数の上限"))->type_name("N");
  command
      .add_option("--max-depth", options.depth, Text("Folders below a pattern's fixed part", "フォルダの深さの上限"))
      ->type_name("N");
}

void AddLimits(CLI::App& command, OrderOptions& options, const std::string& deadline_text) {
  command.add_flag("--wait", options.wait,
                   Text("Stay until it has ended, and show how it comes along", "終了まで待ち、経過を表示する"));
  AddDurationOption(command, "--deadline", options.deadline, deadline_text);
  AddSizeOption(command, "--max-bytes", options.total_bytes,
                Text("Stop after so many bytes of evidence", "証拠の総量の上限"));
  AddSizeOption(command, "--read-rate", options.read_rate,
                Text("Read at most so many bytes a second", "毎秒の読み取り量の上限"));
  AddSizeOption(command, "--send-rate", options.send_rate,
                Text("Send at most so many bytes a second", "毎秒の送信量の上限"));
  command
      .add_option("--cpu-percent", options.cpu_percent,
                  Text("Use at most so much of one core", "1 コアに対する CPU 使用率の上限"))
      ->check(CLI::Range(1u, 100u))
      ->type_name("N");
  command.add_option("--reason", options.reason, Text("The case or ticket that this belongs to", "案件番号や理由"))
      ->type_name("TEXT");
}

}  // namespace hozen
