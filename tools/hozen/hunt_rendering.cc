#include "tools/hozen/hunt_rendering.h"

#include <algorithm>
#include <utility>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

std::string Bar(uint32_t part, uint32_t whole) {
  constexpr uint64_t kCells = 20;
  const size_t full = whole == 0 ? 0 : kCells * part / whole;
  return Concat("[", std::string(full, '#'), std::string(kCells - full, '.'), "]");
}

std::string Paint(const Console& console, v1::Hunt::State state) {
  Console::Colour colour = Console::Colour::kWarning;
  if (state == v1::Hunt::STATE_RUNNING) colour = Console::Colour::kBold;
  if (state == v1::Hunt::STATE_COMPLETE) colour = Console::Colour::kGood;
  return console.Paint(colour, StateInWords(state));
}

std::string Paint(const Console& console, v1::HuntHost::State state) {
  switch (state) {
    case v1::HuntHost::STATE_WAITING:
      return console.Paint(Console::Colour::kFaint, StateInWords(state));
    case v1::HuntHost::STATE_OFFERED:
    case v1::HuntHost::STATE_RUNNING:
      return console.Paint(Console::Colour::kBold, StateInWords(state));
    case v1::HuntHost::STATE_COMPLETE:
      return console.Paint(Console::Colour::kGood, StateInWords(state));
    case v1::HuntHost::STATE_COMPLETE_WITH_FAILURES:
      return console.Paint(Console::Colour::kWarning, StateInWords(state));
    default:
      return console.Paint(Console::Colour::kBad, StateInWords(state));
  }
}

std::string CountUnlessNone(uint64_t count) { return count == 0 ? "" : FormatCount(count); }

// "12 running, 3 failed"; what is 0 is left out.
std::string TallyInWords(const v1::HuntTally& tally) {
  std::string words;
  const auto add = [&words](uint32_t count, std::string_view what) {
    if (count > 0) words += Concat(words.empty() ? "" : ", ", FormatCount(count), " ", what);
  };
  add(tally.waiting(), Say("waiting", "待機中"));
  if (tally.away() > 0) words += Concat(Say(" (", "（"), FormatCount(tally.away()), Say(" away)", " 台は未接続）"));
  add(tally.offered(), StateInWords(v1::HuntHost::STATE_OFFERED));
  add(tally.running(), StateInWords(v1::HuntHost::STATE_RUNNING));
  add(tally.complete(), StateInWords(v1::HuntHost::STATE_COMPLETE));
  add(tally.complete_with_failures(), StateInWords(v1::HuntHost::STATE_COMPLETE_WITH_FAILURES));
  add(tally.failed(), StateInWords(v1::HuntHost::STATE_FAILED));
  add(tally.stopped(), StateInWords(v1::HuntHost::STATE_STOPPED));
  add(tally.expired(), StateInWords(v1::HuntHost::STATE_EXPIRED));
  return words;
}

std::string LimitsInWords(const v1::HuntLimits& limits) {
  std::string words;
  const auto add = [&words](std::string_view what) { words += Concat(words.empty() ? "" : ", ", what); };
  if (const uint32_t hourly = limits.starts_per_hour(); hourly > 0) {
    add(hourly % 60 == 0 ? Concat(FormatCount(hourly / 60), Say(" starts a minute", " 台/分で開始"))
                         : Concat(FormatCount(hourly), Say(" starts an hour", " 台/時で開始")));
  }
  if (limits.at_once() > 0) add(Concat(FormatCount(limits.at_once()), Say(" at once", " 台まで同時")));
  if (limits.stop_after_failures() > 0) {
    add(Concat(Say("stops after ", "停止条件: "), FormatCount(limits.stop_after_failures()),
               limits.count_incomplete() ? Say(" failures (incomplete ones too)", " 台の失敗（失敗ありの完了を含む）")
                                         : Say(" failures", " 台の失敗")));
  }
  if (limits.stop_after_bytes() > 0) {
    add(Concat(Say("stops after ", "停止条件: "), FormatSize(limits.stop_after_bytes()), Say(" sent", " の送信")));
  }
  return words;
}

// Of an evenly spaced hunt the rest takes as long as the part before did, host by host.
std::string TimeLeft(const v1::Hunt& hunt, absl::Time now) {
  const uint32_t ended = EndedHosts(hunt.tally());
  const absl::Duration gone = now - absl::FromUnixNanos(hunt.created_unix_ns());
  if (hunt.state() != v1::Hunt::STATE_RUNNING || ended == 0 || ended >= hunt.tally().hosts()) return "";
  if (gone <= absl::ZeroDuration()) return "";
  // Nobody knows when those come that are away.
  const uint32_t to_do = hunt.tally().hosts() - ended;
  const uint32_t coming = to_do - std::min(to_do, hunt.tally().away());
  return coming == 0 ? "" : Concat(Say("left ", "残り "), ShortDuration(gone / ended * coming));
}

std::string HowMuch(const v1::HuntHost& host) {
  if (host.state() == v1::HuntHost::STATE_RUNNING && host.progress().expected_bytes() > 0) {
    const uint64_t percent =
        host.progress().read_bytes() / std::max<uint64_t>(1, host.progress().expected_bytes() / 100);
    return Concat(FormatSize(host.stream_bytes()), " (", std::min<uint64_t>(99, percent), " %)");
  }
  return host.stream_bytes() == 0 ? "" : FormatSize(host.stream_bytes());
}

}  // namespace

std::string StateName(v1::Hunt::State state) { return Enumerator(v1::Hunt::State_Name(state), "STATE_"); }

std::string StateName(v1::HuntHost::State state) { return Enumerator(v1::HuntHost::State_Name(state), "STATE_"); }

std::string StateInWords(v1::Hunt::State state) {
  switch (state) {
    case v1::Hunt::STATE_RUNNING:
      return std::string(Say("running", "実行中"));
    case v1::Hunt::STATE_COMPLETE:
      return std::string(Say("complete", "完了"));
    case v1::Hunt::STATE_STOPPED:
      return std::string(Say("stopped", "停止"));
    case v1::Hunt::STATE_STOPPED_BY_LIMIT:
      return std::string(Say("stopped by limit", "上限により停止"));
    case v1::Hunt::STATE_EXPIRED:
      return std::string(Say("expired", "期限切れ"));
    default:
      return std::string(Say("unknown", "不明"));
  }
}

std::string StateInWords(v1::HuntHost::State state) {
  switch (state) {
    case v1::HuntHost::STATE_WAITING:
      return std::string(Say("waiting", "待機中"));
    case v1::HuntHost::STATE_OFFERED:
      return std::string(Say("offered", "指示済み"));
    case v1::HuntHost::STATE_RUNNING:
      return std::string(Say("running", "実行中"));
    case v1::HuntHost::STATE_COMPLETE:
      return std::string(Say("complete", "完了"));
    case v1::HuntHost::STATE_COMPLETE_WITH_FAILURES:
      return std::string(Say("complete with failures", "完了（失敗あり）"));
    case v1::HuntHost::STATE_FAILED:
      return std::string(Say("failed", "失敗"));
    case v1::HuntHost::STATE_STOPPED:
      return std::string(Say("stopped before it began", "開始前に停止"));
    case v1::HuntHost::STATE_EXPIRED:
      return std::string(Say("expired before it began", "開始前に期限切れ"));
    default:
      return std::string(Say("unknown", "不明"));
  }
}

uint32_t EndedHosts(const v1::HuntTally& tally) {
  return tally.complete() + tally.complete_with_failures() + tally.failed() + tally.stopped() + tally.expired();
}

bool IsOver(const v1::Hunt& hunt) {
  return hunt.state() != v1::Hunt::STATE_UNSPECIFIED && hunt.state() != v1::Hunt::STATE_RUNNING &&
         hunt.tally().running() == 0 && hunt.tally().offered() == 0;
}

ExitCode ExitCodeOf(const v1::Hunt& hunt) {
  const v1::HuntTally& tally = hunt.tally();
  if (tally.complete() == tally.hosts()) return ExitCode::kOk;
  const bool evidence = tally.complete() + tally.complete_with_failures() > 0;
  return evidence ? ExitCode::kCompleteWithFailures : ExitCode::kNoEvidence;
}

Json HuntJson(const v1::Hunt& hunt) {
  Json json;
  json["hunt_id"] = Printable(hunt.hunt_id());
  json["operator"] = Printable(hunt.operator_name());
  json["reason"] = Printable(hunt.reason());
  json["summary"] = Printable(hunt.summary());
  json["selection"] = Printable(hunt.selection());
  json["state"] = StateName(hunt.state());
  AddText("detail", hunt.detail(), json);
  AddTime("created", hunt.created_unix_ns(), json);
  AddTime("deadline", hunt.deadline_unix_ns(), json);
  AddTime("ended", hunt.ended_unix_ns(), json);
  Json& limits = json["limits"] = Json::object();
  limits["starts_per_hour"] = hunt.limits().starts_per_hour();
  limits["at_once"] = hunt.limits().at_once();
  limits["stop_after_failures"] = hunt.limits().stop_after_failures();
  limits["count_incomplete"] = hunt.limits().count_incomplete();
  limits["stop_after_bytes"] = hunt.limits().stop_after_bytes();
  Json& hosts = json["hosts"] = Json::object();
  const v1::HuntTally& tally = hunt.tally();
  hosts["all"] = tally.hosts();
  hosts["waiting"] = tally.waiting();
  hosts["away"] = tally.away();
  hosts["offered"] = tally.offered();
  hosts["running"] = tally.running();
  hosts["complete"] = tally.complete();
  hosts["complete_with_failures"] = tally.complete_with_failures();
  hosts["failed"] = tally.failed();
  hosts["stopped"] = tally.stopped();
  hosts["expired"] = tally.expired();
  json["stream_bytes"] = tally.stream_bytes();
  json["sent_bytes"] = tally.sent_bytes();
  return json;
}

Json HuntHostJson(const v1::HuntHost& host) {
  Json json;
  json["host_id"] = Printable(host.host_id());
  json["hostname"] = Printable(host.hostname());
  json["connected"] = host.connected();
  json["state"] = StateName(host.state());
  json["attempt"] = host.attempt();
  if (host.attempt() > 0) json["acquisition_id"] = Printable(host.acquisition_id());
  AddTime("started", host.started_unix_ns(), json);
  AddTime("ended", host.ended_unix_ns(), json);
  json["stream_bytes"] = host.stream_bytes();
  json["sent_bytes"] = host.sent_bytes();
  AddText("detail", host.detail(), json);
  if (host.has_progress()) json["progress"] = ProgressJson(host.progress());
  return json;
}

ProgressSnapshot HuntSnapshot(const v1::Hunt& hunt, absl::Time now) {
  const v1::HuntTally& tally = hunt.tally();
  const uint32_t ended = EndedHosts(tally);
  ProgressSnapshot snapshot;
  snapshot.label =
      Concat(Bar(ended, tally.hosts()), " ", FormatCount(ended), "/", FormatCount(tally.hosts()), Say(" hosts", " 台"));
  snapshot.done_bytes = tally.sent_bytes();
  std::string note = TimeLeft(hunt, now);
  const auto add = [&note](uint32_t count, std::string_view what) {
    if (count > 0) note += Concat(note.empty() ? "" : "  ", FormatCount(count), what);
  };
  add(tally.running() + tally.offered(), Say(" running", " 台実行中"));
  add(tally.failed(), Say(" failed", " 台失敗"));
  add(tally.waiting(), Say(" waiting", " 台待機中"));
  if (tally.away() > 0) note += Concat(Say(" (", "（"), FormatCount(tally.away()), Say(" away)", " 台は未接続）"));
  if (hunt.state() != v1::Hunt::STATE_RUNNING) {
    note = Concat(StateInWords(hunt.state()), note.empty() ? "" : "  ", note);
  }
  snapshot.note = std::move(note);
  return snapshot;
}

std::string HuntTable(const Console& console, const std::vector<v1::Hunt>& hunts) {
  Table table({{Title(console, "HUNT", "ハント ID")},
               {Title(console, "CREATED", "作成")},
               {Title(console, "STATE", "状態")},
               {Title(console, "HOSTS", "端末"), Table::Align::kRight},
               {Title(console, "ENDED", "終了"), Table::Align::kRight},
               {Title(console, "RUNNING", "実行中"), Table::Align::kRight},
               {Title(console, "FAILED", "失敗"), Table::Align::kRight},
               {Title(console, "BYTES", "量"), Table::Align::kRight},
               {Title(console, "BY", "指示者")},
               {Title(console, "WHAT", "内容")}});
  for (const v1::Hunt& hunt : hunts) {
    const v1::HuntTally& tally = hunt.tally();
    table.Add({Printable(hunt.hunt_id()), FormatLocal(hunt.created_unix_ns()), Paint(console, hunt.state()),
               FormatCount(tally.hosts()), CountUnlessNone(EndedHosts(tally)),
               CountUnlessNone(tally.running() + tally.offered()), CountUnlessNone(tally.failed()),
               tally.stream_bytes() == 0 ? "" : FormatSize(tally.stream_bytes()), Printable(hunt.operator_name()),
               Printable(hunt.summary())});
  }
  return table.Render();
}

std::string DescribeHunt(const Console& console, const v1::Hunt& hunt) {
  const v1::HuntTally& tally = hunt.tally();
  std::vector<std::pair<std::string, std::string>> properties;
  properties.emplace_back(Say("hunt", "ハント"), Printable(hunt.hunt_id()));
  properties.emplace_back(Say("state", "状態"), Paint(console, hunt.state()));
  properties.emplace_back(Say("detail", "詳細"), Printable(hunt.detail()));
  properties.emplace_back(Say("progress", "進捗"),
                          Concat(Bar(EndedHosts(tally), tally.hosts()), " ", FormatCount(EndedHosts(tally)), "/",
                                 FormatCount(tally.hosts()), Say(" hosts", " 台")));
  properties.emplace_back(Say("hosts", "端末"), TallyInWords(tally));
  properties.emplace_back(Say("evidence", "証拠データ"), FormatSize(tally.stream_bytes()));
  properties.emplace_back(Say("sent", "送信量"), FormatSize(tally.sent_bytes()));
  properties.emplace_back(Say("ordered", "指示"), Printable(hunt.summary()));
  properties.emplace_back(Say("chosen by", "対象の指定"), Printable(hunt.selection()));
  properties.emplace_back(Say("limits", "制限"), LimitsInWords(hunt.limits()));
  properties.emplace_back(Say("by", "指示者"), Printable(hunt.operator_name()));
  properties.emplace_back(Say("reason", "理由"), Printable(hunt.reason()));
  properties.emplace_back(Say("created", "作成"), FormatLocal(hunt.created_unix_ns()));
  properties.emplace_back(Say("expires", "期限"), FormatLocal(hunt.deadline_unix_ns()));
  if (hunt.ended_unix_ns() != 0) properties.emplace_back(Say("ended", "終了"), FormatLocal(hunt.ended_unix_ns()));
  return RenderProperties(properties);
}

std::string HuntHostTable(const Console& console, const std::vector<v1::HuntHost>& hosts) {
  Table table({{Title(console, "HOST", "端末 ID")},
               {Title(console, "NAME", "名前")},
               {Title(console, "STATE", "状態")},
               {Title(console, "TRY", "試行"), Table::Align::kRight},
               {Title(console, "BYTES", "量"), Table::Align::kRight},
               {Title(console, "SENT", "送信量"), Table::Align::kRight},
               {Title(console, "BEGAN", "開始")},
               {Title(console, "ACQUISITION", "取得 ID")},
               {Title(console, "DETAIL", "詳細")}});
  for (const v1::HuntHost& host : hosts) {
    std::string state = Paint(console, host.state());
    const bool open = host.state() == v1::HuntHost::STATE_WAITING || host.state() == v1::HuntHost::STATE_OFFERED ||
                      host.state() == v1::HuntHost::STATE_RUNNING;
    if (open && !host.connected()) state += console.Paint(Console::Colour::kFaint, Say(", away", "、未接続"));
    table.Add({Printable(host.host_id()), Printable(host.hostname()), state, CountUnlessNone(host.attempt()),
               HowMuch(host), host.sent_bytes() == 0 ? "" : FormatSize(host.sent_bytes()),
               host.started_unix_ns() == 0 ? "" : FormatLocal(host.started_unix_ns()),
               host.attempt() == 0 ? "" : Printable(host.acquisition_id()), Printable(host.detail())});
  }
  return table.Render();
}

}  // namespace hozen
