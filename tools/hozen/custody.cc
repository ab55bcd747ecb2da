#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "core/evidence/trust.h"
#include "core/json/json.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/custody_check.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

struct CustodyOptions {
  std::string id;
  bool all = false;
};

std::string Member(const Json& entry, const char* name) {
  const auto found = entry.find(name);
  return found != entry.end() && found->is_string() ? Printable(found->get<std::string>()) : std::string();
}

// "2026-11-22T06:12:06.123456789Z" -> local time.
std::string LocalTime(const std::string& time) {
  absl::Time parsed;
  if (!absl::ParseTime(absl::RFC3339_full, time, &parsed, nullptr)) return time;
  return FormatLocal(absl::ToUnixNanos(parsed));
}

void PrintEntry(Console& console, const v1::CustodyProof& proof, bool with_acquisition) {
  const Json entry = ParseJson(proof.entry());
  if (!entry.is_object()) {
    console.Print(Concat(proof.leaf_index(), "  ", Printable(proof.entry())));
    return;
  }
  std::string line = absl::StrFormat("%6d  %s  %-24s %s", proof.leaf_index(), LocalTime(Member(entry, "time")),
                                     Member(entry, "kind"), Member(entry, "actor"));
  for (const auto& [name, value] : entry.items()) {
    if (name == "version" || name == "index" || name == "time" || name == "kind" || name == "actor") continue;
    if (name == "acquisition_id" && !with_acquisition) continue;
    std::string text = value.is_string() ? value.get<std::string>() : JsonText(value);
    // A digest's start is enough to recognise it; --json has it whole.
    if (text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos) {
      text = Concat(text.substr(0, 16), "...");
    }
    line += Concat("  ", console.Paint(Console::Colour::kFaint, Concat(Printable(name), "=")), Printable(text));
  }
  console.Print(line);
}

absl::StatusOr<ExitCode> Custody(Invocation& invocation, const CustodyOptions& options) {
  Console& console = invocation.console;
  if (options.all == !options.id.empty()) {
    return absl::InvalidArgumentError(AbslView(
        Say("give an acquisition's id, or --all for the whole log", "取得 ID か --all のどちらかを指定してください")));
  }
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::GetCustodyRequest request;
  if (!options.all) {
    HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(*session.collector, options.id));
  }
  v1::Delegation delegation;
  uint64_t entries = 0;
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const v1::GetCustodyResponse page, session.collector->GetCustody(request));
    if (page.proofs().empty() && entries > 0) break;
    HOZEN_ASSIGN_OR_RETURN(delegation, CheckDelegation(page.delegation(), session.credential));
    for (const v1::CustodyProof& proof : page.proofs()) {
      if (proof.leaf_index() < request.start_index()) {
        return absl::DataLossError(
            AbslView(Say("the collector repeats custody entries", "コレクタが保全記録を重複して返しました")));
      }
      const absl::Status proven = VerifyCustodyProof(proof, delegation);
      if (!proven.ok()) return WithContext(proven, Concat(Say("custody entry ", "保全記録 "), proof.leaf_index()));
      if (console.json()) {
        console.Print(JsonText(CustodyProofJson(proof)));
      } else {
        PrintEntry(console, proof, options.all);
      }
      request.set_start_index(proof.leaf_index() + 1);
      ++entries;
    }
    if (page.proofs().empty()) break;
  }
  HOZEN_ASSIGN_OR_RETURN(const LogContinuity continuity,
                         CheckContinuity(*session.collector, delegation, invocation.home));
  if (!console.json()) {
    console.Note(
        Concat(console.Paint(Console::Colour::kGood, Say("Verified: ", "検証済み: ")), FormatCount(entries),
               Say(" entries, each proven to be in the log of ", " 件。すべて記録中に存在することを確認。記録全体: "),
               FormatCount(continuity.tree_size),
               Say(" entries that the customer's authority vouches for", " 件（顧客の認証局が保証）"),
               continuity.earlier_tree_size == 0
                   ? Text(".", "。")
                   : Concat(Say("; it continues the ", "。前回確認した "), FormatCount(continuity.earlier_tree_size),
                            Say(" entries seen from this machine before.", " 件の続きであることも確認。"))));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddCustodyCommands(Command app, Invocation& invocation) {
  const Command custody = app.AddCommand(
      "custody", Text("Show and prove what happened to evidence", "証拠の取り扱い記録を表示し、検証する"));
  auto options = std::make_shared<CustodyOptions>();
  custody.AddOption(
      "ID", options->id,
      Text("The acquisition: its id, the start of it, or \"last\"", "取得 ID（先頭部分、または \"last\" も可）"));
  custody.AddFlag("--all", options->all, Text("The customer's whole log", "顧客の記録全体"));
  custody.Footer(Text(
      "Every entry is checked here: it is in the Merkle log (RFC 6962), the log's head is signed by the key that the\n"
      "customer's authority delegated, and the log continues what this machine saw of it the last time.\n"
      "With --json: a proof a line. Exit code 4 where anything does not hold.\n\n"
      "Examples:\n  hozen custody last\n  hozen custody --all --json > custody.jsonl",
      "すべての項目をこの端末で検証します。Merkle ログ（RFC "
      "6962）に存在すること、先頭の署名が顧客の認証局から委任された鍵の\n"
      "ものであること、前回この端末が確認した記録の続きであることを確かめます。\n"
      "--json では 1 行に 1 つの証明を出力します。問題があれば終了コード 4。\n\n"
      "例:\n  hozen custody last\n  hozen custody --all --json > custody.jsonl"));
  custody.OnGiven(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return Custody(invocation, *options); }; });
}

}  // namespace hozen
