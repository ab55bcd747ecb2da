#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/moment_option.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/row_printer.h"

namespace hozen {
namespace {

struct TimelineOptions {
  std::string of;
  TimeRange range;
  uint64_t limit = 0;
};

std::string LineOf(const v1::TimelineEntry& entry) {
  const v1::ItemRow& row = entry.row();
  const v1::FileMetadata& file = row.item().file();
  std::string line = absl::StrFormat("%-30s  %s  %10d  %07o  %5d  %5d  %-12s  ", FormatUtc(entry.at_unix_ns()),
                                     MacbText(entry), file.size_bytes(), file.mode(), file.uid(), file.gid(),
                                     row.has_on_disk() ? Printable(row.on_disk().address()) : Concat(file.inode()));
  if (row.has_on_disk()) line += Concat("[", Printable(row.on_disk().volume()), "] ");
  line += Printable(row.item().path());
  if (row.on_disk().file_name_times()) line += " ($FILE_NAME)";
  if (row.has_on_disk() && row.on_disk().allocation() != v1::OnDisk::ALLOCATION_ALLOCATED) {
    line += Concat(" (", AllocationName(row.on_disk().allocation()), ")");
  }
  return line;
}

// A host's name, or an acquisition: ids of both look alike, and are drawn at random.
absl::Status Resolve(Collector& collector, const std::string& of, v1::ReadTimelineRequest& request) {
  if (of != "last") {
    const absl::StatusOr<v1::Host> host = ResolveHost(collector, of);
    if (host.ok()) {
      request.set_host_id(host->host_id());
      return absl::OkStatus();
    }
    if (!absl::IsNotFound(host.status()) || !LooksLikeAcquisitionId(of)) return host.status();
  }
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(collector, of));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Timeline(Invocation& invocation, const TimelineOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::ReadTimelineRequest request;
  HOZEN_RETURN_IF_ERROR(Resolve(*session.collector, options.of, request));
  if (options.range.from_unix_ns.has_value()) request.set_from_unix_ns(*options.range.from_unix_ns);
  if (options.range.to_unix_ns.has_value()) request.set_to_unix_ns(*options.range.to_unix_ns);
  request.set_most(options.limit);
  uint64_t events = 0;
  v1::LeftOut left_out;
  HOZEN_RETURN_IF_ERROR(session.collector->ReadTimeline(request, [&](const v1::TimelineAnswer& answer) {
    if (answer.has_end()) left_out = answer.end();
    if (!answer.has_entry()) return absl::OkStatus();
    ++events;
    console.Print(console.json() ? JsonText(TimelineEntryJson(answer.entry())) : LineOf(answer.entry()));
    return console.out().good() ? absl::OkStatus() : absl::CancelledError("output was closed");
  }));
  if (events == 0 && !console.json()) {
    console.Note(Say("Nothing is known of that time.", "該当する時刻の記録はありません。"));
  }
  PrintLeftOut(console, left_out);
  return ExitCode::kOk;
}

}  // namespace

void AddTimelineCommands(Command app, Invocation& invocation) {
  const Command timeline = app.AddCommand(
      "timeline", Text("Show what happened to files, in the order of time", "ファイルに起きたことを時刻順に表示する"));
  auto options = std::make_shared<TimelineOptions>();
  timeline
      .AddOption("HOST|ID", options->of,
                 Text("A host, or an acquisition: its id, the start of it, or \"last\"",
                      "端末、または取得 ID（先頭部分、\"last\" も可）"))
      .Required();
  AddTimeRangeOptions(timeline, options->range);
  timeline.AddOption("--limit", options->limit, Text("At most so many (default: all)", "最大件数（既定: すべて）"))
      .TypeName("N");
  timeline.Footer(Text(
      "From the times of all items, and of the files on imaged disks. What several acquisitions of a host tell alike\n"
      "is shown once. Acquisitions that are not in the index yet lack, and a note says which (with --json a last line\n"
      "with \"kind\": \"left_out\"). Reading a timeline is logged in the custody log.\n\n"
      "Columns: time (UTC), what happened (modified, accessed, changed, born), size, mode, user, group, address of\n"
      "the metadata, path.\n\n"
      "Examples:\n"
      "  hozen timeline web01 --from 2026-11-20 --to 2026-11-22\n"
      "  hozen timeline last --from '2026-11-22 03:00' --to '2026-11-22 03:15'\n"
      "  hozen timeline web01 --from 24h --json | jq -r 'select(.macb | test(\"b\")) | .path'",
      "すべての項目と、イメージ取得したディスク上のファイルの時刻によるものです。同じ端末の複数の取得が同じことを示す\n"
      "場合は 1 回だけ表示します。索引にまだ含まれない取得は表示されず、その旨を示します（--json では最後の行が\n"
      "\"kind\": \"left_out\"）。タイムラインの閲覧は証拠保管記録に残ります。\n\n"
      "列: 時刻（UTC）、内容（m 更新, a アクセス, c メタデータ変更, b 作成）、サイズ、モード、ユーザー、グループ、\n"
      "メタデータの番地、パス。\n\n"
      "例:\n"
      "  hozen timeline web01 --from 2026-11-20 --to 2026-11-22\n"
      "  hozen timeline last --from '2026-11-22 03:00' --to '2026-11-22 03:15'\n"
      "  hozen timeline web01 --from 24h --json | jq -r 'select(.macb | test(\"b\")) | .path'"));
  timeline.OnGiven([&invocation, options] {
    invocation.chosen = [&invocation, options] { return Timeline(invocation, *options); };
  });
}

}  // namespace hozen
