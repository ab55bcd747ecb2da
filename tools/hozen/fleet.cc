#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

constexpr absl::Duration kWorthMentioning = absl::Seconds(2);

std::string ClockOffset(const v1::Host& host) {
  const absl::Duration offset = absl::Nanoseconds(host.clock_offset_ns());
  if (offset > -kWorthMentioning && offset < kWorthMentioning) return "";
  return Concat(offset > absl::ZeroDuration() ? "+" : "-", ShortDuration(absl::AbsDuration(offset)));
}

absl::StatusOr<ExitCode> ListHosts(Invocation& invocation, const std::string& filter) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::ListHostsRequest request;
  request.set_filter(filter);
  HOZEN_ASSIGN_OR_RETURN(const v1::ListHostsResponse response, session.collector->ListHosts(request));
  if (console.json()) {
    Json json;
    json["hosts"] = Json::array();
    for (const v1::Host& host : response.hosts()) json["hosts"].push_back(HostJson(host));
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  if (response.hosts().empty()) {
    console.Note(filter.empty() ? Say("No host has enrolled yet. To enrol one: hozen token create",
                                      "登録済みの端末はまだありません。登録するには: hozen token create")
                                : Say("No host is called so.", "該当する端末はありません。"));
    return ExitCode::kOk;
  }
  Table table({{Title(console, "HOST", "端末 ID")},
               {Title(console, "NAME", "名前")},
               {Title(console, "LABEL", "ラベル")},
               {Title(console, "STATE", "状態")},
               {Title(console, "SEEN", "最終確認")},
               {Title(console, "CLOCK", "時計のずれ")},
               {Title(console, "SYSTEM", "システム")},
               {Title(console, "AGENT", "版")}});
  const absl::Time now = Clock::Real().Now();
  for (const v1::Host& host : response.hosts()) {
    table.Add({Printable(host.host_id()), Printable(host.facts().hostname()), Printable(host.label()),
               host.connected() ? console.Paint(Console::Colour::kGood, Say("connected", "接続中"))
                                : console.Paint(Console::Colour::kFaint, Say("away", "未接続")),
               host.connected() ? Text("now", "今") : FormatAgo(host.seen_unix_ns(), now), ClockOffset(host),
               Printable(host.facts().system_version()), Printable(host.facts().agent_version())});
  }
  console.Print(table.Render());
  return ExitCode::kOk;
}

}  // namespace

void AddFleetCommands(Command app, Invocation& invocation) {
  const Command hosts =
      app.AddCommand("hosts", Text("List the hosts that have enrolled", "登録済みの端末を一覧表示する"));
  auto filter = std::make_shared<std::string>();
  hosts.AddOption("FILTER", *filter,
                  Text("Only the host with this id, name or label", "この ID・名前・ラベルの端末だけ"));
  hosts.Footer(Text(
      "With --json: one document, {\"hosts\": [...]}.\n\nExamples:\n  hozen hosts\n  hozen hosts branch-osaka --json",
      "--json では 1 つの文書 {\"hosts\": [...]} を出力します。\n\n例:\n  hozen hosts\n  hozen hosts branch-osaka "
      "--json"));
  hosts.OnGiven(
      [&invocation, filter] { invocation.chosen = [&invocation, filter] { return ListHosts(invocation, *filter); }; });
}

}  // namespace hozen
