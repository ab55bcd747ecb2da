#include "tools/hozen/text_rendering.h"

#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"

namespace hozen {
namespace {

std::string_view CauseInJapanese(v1::Cause cause) {
  switch (cause) {
    case v1::CAUSE_NOT_FOUND:
      return "見つかりません";
    case v1::CAUSE_PERMISSION_DENIED:
      return "権限がありません";
    case v1::CAUSE_IO_ERROR:
      return "読み取りエラー";
    case v1::CAUSE_VANISHED:
      return "読む前に消えました";
    case v1::CAUSE_CHANGED_WHILE_READ:
      return "読み取り中に変化しました";
    case v1::CAUSE_LIMIT_TOTAL_BYTES:
      return "総量の上限に達しました";
    case v1::CAUSE_LIMIT_FILE_BYTES:
      return "ファイルサイズの上限に達しました";
    case v1::CAUSE_LIMIT_DEPTH:
      return "フォルダの深さの上限に達しました";
    case v1::CAUSE_LIMIT_ITEMS:
      return "件数の上限に達しました";
    case v1::CAUSE_DEADLINE:
      return "期限に達しました";
    case v1::CAUSE_CANCELLED:
      return "取り消されました";
    case v1::CAUSE_NOT_SUPPORTED:
      return "対応していません";
    case v1::CAUSE_REFUSED_BY_POLICY:
      return "端末の方針により拒否されました";
    case v1::CAUSE_COMMAND_NOT_ALLOWED:
      return "許可されていないコマンドです";
    case v1::CAUSE_TIMED_OUT:
      return "時間切れです";
    case v1::CAUSE_BLOCKED:
      return "読み取りが進まないため中止しました";
    case v1::CAUSE_LOOP:
      return "循環しています";
    case v1::CAUSE_REMOTE_FILE_SYSTEM:
      return "リモートファイルシステムです";
    case v1::CAUSE_PSEUDO_FILE_SYSTEM:
      return "疑似ファイルシステムです";
    case v1::CAUSE_READER_DIED:
      return "解析プロセスが停止しました";
    case v1::CAUSE_NOT_REGULAR:
      return "通常のファイルではありません";
    case v1::CAUSE_COMMAND_FAILED:
      return "コマンドが失敗しました";
    case v1::CAUSE_OVERWRITTEN:
      return "上書きされています";
    default:
      return "不明な原因";
  }
}

std::string Percentage(uint64_t part, uint64_t whole) {
  if (whole == 0) return "";
  return Concat(" (", part * 100 / whole, " %)");
}

std::string TargetInWords(const v1::TargetOutcome& outcome) {
  std::string words = Printable(outcome.pattern());
  if (!outcome.artifact().empty()) words += Concat(" (", Printable(outcome.artifact()), ")");
  return Concat(words, ": ", FailureInWords(outcome.failure()));
}

void DescribeFailedTargets(const Console& console, const v1::Acquisition& acquisition,
                           const std::vector<v1::TargetOutcome>& first,
                           std::vector<std::pair<std::string, std::string>>& properties) {
  const uint64_t all = acquisition.manifest().failed_targets();
  if (all == 0) return;
  properties.emplace_back(Say("failed targets", "失敗した対象"),
                          console.Paint(Console::Colour::kWarning, FormatCount(all)));
  for (const v1::TargetOutcome& outcome : first) {
    properties.emplace_back(Say("failed target", "失敗した対象"), TargetInWords(outcome));
  }
  if (all > first.size()) {
    properties.emplace_back(first.empty() ? Say("to see them", "一覧") : Say("and more", "ほか"),
                            Concat("hozen items ", Printable(acquisition.acquisition_id()), " --failed"));
  }
}

void DescribeManifest(const Console& console, const v1::Acquisition& acquisition,
                      const std::vector<v1::TargetOutcome>& failed_targets,
                      std::vector<std::pair<std::string, std::string>>& properties) {
  const v1::Manifest& manifest = acquisition.manifest();
  std::string items = FormatCount(manifest.items());
  if (manifest.failed_items() > 0) {
    items += Concat(
        ", ", console.Paint(Console::Colour::kWarning, Concat(FormatCount(manifest.failed_items()),
                                                              Say(" failed or partial", " 件が失敗または一部のみ"))));
  }
  properties.emplace_back(Say("items", "項目"), items);
  DescribeFailedTargets(console, acquisition, failed_targets, properties);
  if (manifest.has_ended_by()) {
    properties.emplace_back(Say("ended early", "早期終了"), FailureInWords(manifest.ended_by()));
  }
  properties.emplace_back(Say("evidence", "証拠データ"), FormatSize(manifest.stream_bytes()));
  properties.emplace_back(Say("deduplicated", "重複排除"),
                          Concat(FormatSize(manifest.deduplicated_bytes()),
                                 Percentage(manifest.deduplicated_bytes(), manifest.stream_bytes())));
  properties.emplace_back(Say("sent", "送信量"), FormatSize(manifest.sent_bytes()));
  if (manifest.resumed() > 0) {
    properties.emplace_back(Say("resumed", "再開回数"), FormatCount(manifest.resumed()));
  }
  for (const v1::Trace& trace : manifest.traces()) {
    properties.emplace_back(Say("trace left", "残した痕跡"),
                            Concat(Printable(trace.path()), ": ", Printable(trace.what())));
  }
}

}  // namespace

std::string StateInWords(v1::Acquisition::State state) {
  switch (state) {
    case v1::Acquisition::STATE_WAITING:
      return std::string(Say("waiting for the host", "端末の接続待ち"));
    case v1::Acquisition::STATE_RUNNING:
      return std::string(Say("running", "実行中"));
    case v1::Acquisition::STATE_COMPLETE:
      return std::string(Say("complete", "完了"));
    case v1::Acquisition::STATE_COMPLETE_WITH_FAILURES:
      return std::string(Say("complete with failures", "完了（失敗あり）"));
    case v1::Acquisition::STATE_REFUSED:
      return std::string(Say("refused by the agent", "エージェントが拒否"));
    case v1::Acquisition::STATE_FAILED:
      return std::string(Say("failed", "失敗"));
    case v1::Acquisition::STATE_EXPIRED:
      return std::string(Say("expired", "期限切れ"));
    default:
      return std::string(Say("unknown", "不明"));
  }
}

std::string CauseInWords(v1::Cause cause) {
  const std::string english = absl::StrReplaceAll(CauseName(cause), {{"_", " "}});
  return std::string(Say(english, CauseInJapanese(cause)));
}

std::string FailureInWords(const v1::Failure& failure) {
  if (failure.cause() == v1::CAUSE_UNSPECIFIED && failure.detail().empty()) return "";
  std::string words = CauseInWords(failure.cause());
  if (!failure.detail().empty()) words += Concat(": ", Printable(failure.detail()));
  return words;
}

std::string PaintState(const Console& console, v1::Acquisition::State state) {
  Console::Colour colour = Console::Colour::kBad;
  switch (state) {
    case v1::Acquisition::STATE_COMPLETE:
      colour = Console::Colour::kGood;
      break;
    case v1::Acquisition::STATE_COMPLETE_WITH_FAILURES:
      colour = Console::Colour::kWarning;
      break;
    case v1::Acquisition::STATE_WAITING:
    case v1::Acquisition::STATE_RUNNING:
      colour = Console::Colour::kBold;
      break;
    default:
      break;
  }
  return console.Paint(colour, StateInWords(state));
}

std::string DescribeAcquisition(const Console& console, const v1::Acquisition& acquisition,
                                const std::vector<v1::TargetOutcome>& failed_targets) {
  std::vector<std::pair<std::string, std::string>> properties;
  properties.emplace_back(Say("acquisition", "取得"), Printable(acquisition.acquisition_id()));
  properties.emplace_back(Say("state", "状態"), PaintState(console, acquisition.state()));
  properties.emplace_back(Say("detail", "詳細"), Printable(acquisition.detail()));
  if (acquisition.cancel_requested()) {
    properties.emplace_back(Say("cancelled", "取り消し"),
                            Say("yes; what it has is kept", "要求済み（取得済みのものは残ります）"));
  }
  properties.emplace_back(Say("host", "端末"),
                          Concat(Printable(acquisition.hostname()), " (", Printable(acquisition.host_id()), ")"));
  properties.emplace_back(Say("ordered", "指示"), Printable(acquisition.summary()));
  if (!acquisition.hunt_id().empty()) {
    std::string hunt = Printable(acquisition.hunt_id());
    if (acquisition.attempt() > 1) hunt += Concat(Say(", attempt ", "、試行 "), acquisition.attempt());
    properties.emplace_back(Say("hunt", "ハント"), hunt);
  }
  properties.emplace_back(Say("by", "指示者"), Printable(acquisition.operator_name()));
  properties.emplace_back(Say("reason", "理由"), Printable(acquisition.reason()));
  properties.emplace_back(Say("created", "作成"), FormatLocal(acquisition.created_unix_ns()));
  if (acquisition.started_unix_ns() != 0) {
    properties.emplace_back(Say("started", "開始"), FormatLocal(acquisition.started_unix_ns()));
  }
  if (acquisition.finished_unix_ns() != 0) {
    std::string finished = FormatLocal(acquisition.finished_unix_ns());
    if (acquisition.started_unix_ns() != 0) {
      finished +=
          Concat(Say(", after ", "、所要 "),
                 ShortDuration(absl::Nanoseconds(acquisition.finished_unix_ns() - acquisition.started_unix_ns())));
    }
    properties.emplace_back(Say("finished", "終了"), finished);
  } else {
    properties.emplace_back(Say("deadline", "期限"), FormatLocal(acquisition.deadline_unix_ns()));
  }
  if (acquisition.has_manifest()) {
    DescribeManifest(console, acquisition, failed_targets, properties);
  } else if (acquisition.has_progress()) {
    const v1::Progress& progress = acquisition.progress();
    properties.emplace_back(Say("items", "項目"), FormatCount(progress.items()));
    std::string read = FormatSize(progress.read_bytes());
    if (progress.expected_bytes() > 0) {
      read += Concat(" / ", FormatSize(progress.expected_bytes()),
                     Percentage(progress.read_bytes(), progress.expected_bytes()));
    }
    properties.emplace_back(Say("read", "読み取り"), read);
    properties.emplace_back(Say("sent", "送信量"), FormatSize(progress.sent_bytes()));
    if (progress.paused()) {
      properties.emplace_back(Say("paused", "一時停止"),
                              Say("the collector is out of room", "コレクタの空き容量がありません"));
    }
  }
  return RenderProperties(properties);
}

std::string TargetTable(const Console& console, const std::vector<v1::TargetOutcome>& outcomes) {
  Table table({{Title(console, "TARGET", "対象")},
               {Title(console, "ARTIFACT", "定義")},
               {Title(console, "ITEMS", "項目"), Table::Align::kRight},
               {Title(console, "CAUSE", "原因")},
               {Title(console, "DETAIL", "詳細")}});
  for (const v1::TargetOutcome& outcome : outcomes) {
    std::string cause;
    if (outcome.has_failure()) {
      cause = console.Paint(Console::Colour::kBad, CauseInWords(outcome.failure().cause()));
    } else if (outcome.matched_items() == 0) {
      cause = console.Paint(Console::Colour::kFaint, Say("nothing fits", "該当なし"));
    }
    table.Add({Printable(outcome.pattern()), Printable(outcome.artifact()), FormatCount(outcome.matched_items()), cause,
               Printable(outcome.failure().detail())});
  }
  return table.Render();
}

std::string Title(const Console& console, std::string_view english, std::string_view japanese) {
  return console.Paint(Console::Colour::kBold, Say(english, japanese));
}

}  // namespace hozen
