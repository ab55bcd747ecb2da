#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "core/crypto/key.h"
#include "core/evidence/trust.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/bundle_verifier.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/credentials.h"
#include "tools/hozen/custody_check.h"
#include "tools/hozen/id_prefix.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"
#include "tools/hozen/text_rendering.h"

namespace hozen {
namespace {

struct VerifyOptions {
  std::string what;
  std::string authority_file;
};

constexpr uint64_t kMaxKeySizeBytes = 64 << 10;
constexpr size_t kMostShown = 20;

std::string Good(Console& console, std::string_view text) {
  return Concat(console.Paint(Console::Colour::kGood, Say("ok   ", "正常 ")), text);
}

std::string Bad(Console& console, std::string_view text) {
  return Concat(console.Paint(Console::Colour::kBad, Say("WRONG ", "異常 ")), text);
}

// ---- hozen verify FILE ----

absl::StatusOr<PublicKey> AuthorityFor(const Invocation& invocation, const std::string& file) {
  if (!file.empty()) {
    HOZEN_ASSIGN_OR_RETURN(const std::string pem, ReadWholeFile(file, kMaxKeySizeBytes));
    auto key = PublicKey::FromPem(pem);
    if (key.ok()) return key;
    return absl::InvalidArgumentError(Concat(Printable(file), ": ",
                                             Say("is not a public key in PEM; use the NAME-authority.pub that hozen "
                                                 "customer add wrote",
                                                 "は PEM 形式の公開鍵ではありません。hozen customer add が作成した "
                                                 "NAME-authority.pub を指定してください")));
  }
  const auto credential = LoadCredential(invocation.CredentialFile());
  if (credential.ok() && !credential->authority_public_key().empty()) {
    return PublicKey::FromDer(credential->authority_public_key());
  }
  return absl::InvalidArgumentError(AbslView(
      Say("whose evidence is it to be? Give the customer's public key with --authority NAME-authority.pub, or log "
          "in with a credential of the customer",
          "どの顧客の証拠かを示す公開鍵が必要です。--authority NAME-authority.pub "
          "を指定するか、顧客の資格情報でログインして"
          "ください")));
}

Json FaultJson(const BundleFault& fault) {
  Json json;
  json["where"] = Printable(fault.where);
  if (fault.item_index.has_value()) json["item_index"] = *fault.item_index;
  if (!fault.path.empty()) AddPath("path", fault.path, json);
  if (fault.offset_bytes.has_value()) json["offset_bytes"] = *fault.offset_bytes;
  json["detail"] = Printable(fault.detail);
  return json;
}

std::string FaultInWords(const BundleFault& fault) {
  std::string words;
  if (fault.item_index.has_value()) {
    words = Concat(Say("item ", "項目 "), *fault.item_index, " ", Printable(fault.path));
    if (fault.offset_bytes.has_value()) words += Concat(Say(", byte ", "、位置 "), FormatCount(*fault.offset_bytes));
    if (!fault.where.empty()) words += Concat(" (", fault.where, ")");
  } else {
    words = fault.where;
  }
  return Concat(words, ": ", fault.detail);
}

Json ReportJson(const std::string& file, const BundleReport& report) {
  Json json;
  AddPath("file", file, json);
  json["format"] = report.format;
  json["verified"] = report.ok();
  json["customer_id"] = Printable(report.delegation.customer_id());
  json["customer_name"] = Printable(report.delegation.customer_name());
  json["acquisition_id"] = Printable(report.manifest.acquisition_id());
  json["host_id"] = Printable(report.manifest.host_id());
  json["hostname"] = Printable(report.manifest.host().hostname());
  json["operator"] = Printable(report.plan.operator_name());
  json["reason"] = Printable(report.plan.reason());
  AddTime("started", report.manifest.started_unix_ns(), json);
  AddTime("finished", report.manifest.finished_unix_ns(), json);
  if (!report.committed_time.empty()) json["committed"] = Printable(report.committed_time);
  json["complete"] = report.manifest.complete();
  json["items"] = report.manifest.items();
  json["failed_items"] = report.manifest.failed_items();
  json["verified_items"] = report.verified_items;
  json["verified_bytes"] = report.verified_bytes;
  if (report.unproven_bytes > 0) json["unproven_bytes"] = report.unproven_bytes;
  json["custody_entries"] = report.custody_entries;
  json["fault_count"] = report.fault_count;
  json["faults"] = Json::array();
  for (const BundleFault& fault : report.faults) json["faults"].push_back(FaultJson(fault));
  return json;
}

void PrintWhose(Console& console, const BundleReport& report) {
  const v1::Manifest& manifest = report.manifest;
  console.Print(RenderProperties({
      {Text("customer", "顧客"), Printable(report.delegation.customer_name())},
      {Text("host", "端末"), Concat(Printable(manifest.host().hostname()), " (", Printable(manifest.host_id()), ")")},
      {Text("acquisition", "取得"), Printable(manifest.acquisition_id())},
      {Text("ordered by", "指示者"), Printable(report.plan.operator_name())},
      {Text("reason", "理由"), Printable(report.plan.reason())},
      {Text("taken", "取得日時"),
       Concat(FormatLocal(manifest.started_unix_ns()), Say(" to ", " ～ "), FormatLocal(manifest.finished_unix_ns()))},
      {Text("committed", "登録"), Printable(report.committed_time)},
      {Text("items", "項目"), Concat(FormatCount(manifest.items()), ", ", FormatCount(manifest.failed_items()),
                                     Say(" failed or partial (each with its cause in the manifest)",
                                         " 件は失敗または一部のみ（理由はマニフェストに記録）"))},
  }));
}

void PrintReport(Console& console, const std::string& file, const BundleReport& report) {
  if (!report.manifest.acquisition_id().empty()) PrintWhose(console, report);
  if (report.ok()) {
    console.Print(Good(console, Say("the customer's authority vouches for the collector, it for the host",
                                    "顧客の認証局 → コレクタ → 端末 の信頼関係")));
    console.Print(Good(console, Say("the host signed this manifest, for a plan that an operator of the customer signed",
                                    "端末がマニフェストに、オペレータが計画に署名している")));
    console.Print(Good(console, Concat(Say("custody: ", "保全記録: "), report.custody_entries,
                                       Say(" entries are in the log, the commit of this manifest among them",
                                           " 件が記録中に存在し、このマニフェストの登録を含む"))));
    console.Print(
        Good(console, Concat(Say("bytes: ", "データ: "), FormatCount(report.verified_items), Say(" streams, ", " 件、"),
                             FormatSize(report.verified_bytes),
                             Say(", each with the SHA-256 that the host signed; nothing missing, nothing added",
                                 "。すべての SHA-256 が端末の署名した値と一致し、過不足なし"))));
    if (report.unproven_bytes > 0) {
      console.Print(Concat(FormatSize(report.unproven_bytes),
                           Say(" of it belong to chunks that reach out of this range: nothing that was signed tells "
                               "whether they are right. Export the whole disk to prove them",
                               " は範囲外にまたがるチャンクに属し、署名からは検証できません。証明するにはディスク全体を"
                               "書き出してください")));
    }
    console.Print(
        console.Paint(Console::Colour::kBold, Concat(Printable(file), Say(": verified", ": 検証に成功しました"))));
    return;
  }
  size_t shown = 0;
  for (const BundleFault& fault : report.faults) {
    if (++shown > kMostShown) break;
    console.Print(Bad(console, FaultInWords(fault)));
  }
  if (report.fault_count > kMostShown) {
    console.Print(Concat(Say("... and ", "... 他 "), FormatCount(report.fault_count - kMostShown),
                         Say(" more; --json lists them", " 件（--json で一覧）")));
  }
  console.Print(console.Paint(Console::Colour::kBold,
                              Concat(Printable(file), Say(": NOT verified, ", ": 検証に失敗しました。問題 "),
                                     FormatCount(report.fault_count), Say(" fault(s)", " 件"))));
}

absl::StatusOr<ExitCode> VerifyFile(Invocation& invocation, const VerifyOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, AuthorityFor(invocation, options.authority_file));
  const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
  ProgressSnapshot snapshot;
  snapshot.label = Say("verifying", "検証中");
  HOZEN_ASSIGN_OR_RETURN(const BundleReport report,
                         VerifyBundle(options.what, authority, [&](uint64_t done, uint64_t expected) {
                           snapshot.done_bytes = done;
                           snapshot.expected_bytes = expected;
                           bar->Update(snapshot);
                         }));
  bar->Clear();
  if (console.json()) {
    console.Print(JsonDocument(ReportJson(options.what, report)));
  } else {
    PrintReport(console, options.what, report);
  }
  return report.ok() ? ExitCode::kOk : ExitCode::kVerificationFailed;
}

// ---- hozen verify ID ----

struct StoredReport {
  v1::VerifyProgress last;
  std::vector<v1::VerifyFault> faults;
  std::string custody_fault;
  LogContinuity continuity;
};

// That the collector's own words about custody hold against the authority that this credential pins.
absl::Status CheckCustody(const Session& session, const std::filesystem::path& home, const std::string& acquisition_id,
                          StoredReport& report) {
  v1::GetCustodyRequest request;
  request.set_acquisition_id(acquisition_id);
  HOZEN_ASSIGN_OR_RETURN(const v1::GetCustodyResponse response, session.collector->GetCustody(request));
  HOZEN_ASSIGN_OR_RETURN(const v1::Delegation delegation, CheckDelegation(response.delegation(), session.credential));
  HOZEN_RETURN_IF_ERROR(VerifyCustodyProof(report.last.custody(), delegation));
  HOZEN_ASSIGN_OR_RETURN(report.continuity, CheckContinuity(*session.collector, delegation, home));
  return absl::OkStatus();
}

Json StoredJson(const std::string& acquisition_id, const StoredReport& report) {
  Json json;
  json["acquisition_id"] = acquisition_id;
  json["verified"] = report.faults.empty() && report.custody_fault.empty();
  json["verified_items"] = report.last.verified_items();
  json["verified_bytes"] = report.last.verified_bytes();
  if (report.last.has_custody()) json["custody"] = CustodyProofJson(report.last.custody());
  if (!report.custody_fault.empty()) json["custody_fault"] = Printable(report.custody_fault);
  json["faults"] = Json::array();
  for (const v1::VerifyFault& fault : report.faults) {
    Json one;
    one["item_index"] = fault.item_index();
    AddPath("path", fault.path(), one);
    one["offset_bytes"] = fault.offset_bytes();
    one["detail"] = Printable(fault.detail());
    json["faults"].push_back(std::move(one));
  }
  return json;
}

void PrintStored(Console& console, const std::string& acquisition_id, const StoredReport& report) {
  for (const v1::VerifyFault& fault : report.faults) {
    console.Print(Bad(console, Concat(Say("item ", "項目 "), fault.item_index(), " ", Printable(fault.path()),
                                      Say(", byte ", "、位置 "), FormatCount(fault.offset_bytes()), ": ",
                                      Printable(fault.detail()))));
  }
  if (!report.custody_fault.empty()) {
    console.Print(Bad(console, Concat(Say("custody: ", "保全記録: "), Printable(report.custody_fault))));
  }
  if (!report.faults.empty() || !report.custody_fault.empty()) {
    console.Print(
        console.Paint(Console::Colour::kBold, Concat(acquisition_id, Say(": NOT verified", ": 検証に失敗しました"))));
    return;
  }
  console.Print(Good(console, Concat(FormatCount(report.last.verified_items()), Say(" items, ", " 件、"),
                                     FormatSize(report.last.verified_bytes()),
                                     Say(" read back and hashed again by the collector",
                                         " をコレクタで読み直し、再度ハッシュを計算"))));
  console.Print(Good(console, Concat(Say("custody: entry ", "保全記録: "), report.last.custody().leaf_index(),
                                     Say(" of a log of ", " 番。記録全体 "), FormatCount(report.continuity.tree_size),
                                     Say(", checked here against the customer's authority",
                                         " 件。顧客の認証局に照らしてこの端末で確認"))));
  console.Print(
      console.Paint(Console::Colour::kBold, Concat(acquisition_id, Say(": verified", ": 検証に成功しました"))));
}

absl::StatusOr<ExitCode> VerifyStored(Invocation& invocation, const VerifyOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  v1::VerifyRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_acquisition_id(), ResolveAcquisition(*session.collector, options.what));
  const std::string& id = request.acquisition_id();
  const std::unique_ptr<ProgressBar> bar = console.NewProgressBar();
  StoredReport report;
  HOZEN_RETURN_IF_ERROR(session.collector->Verify(request, [&](const v1::VerifyProgress& progress) {
    for (const v1::VerifyFault& fault : progress.faults()) report.faults.push_back(fault);
    report.last = progress;
    ProgressSnapshot snapshot;
    snapshot.label = Say("verifying", "検証中");
    snapshot.done_bytes = progress.verified_bytes();
    snapshot.expected_bytes = progress.expected_bytes();
    snapshot.items = progress.verified_items();
    snapshot.failed_items = report.faults.size();
    bar->Update(snapshot);
    return absl::OkStatus();
  }));
  bar->Clear();
  if (!report.last.finished()) {
    return absl::DataLossError(AbslView(Say("the collector broke off before it had verified everything; try again",
                                            "検証が途中で中断されました。再試行してください")));
  }
  const absl::Status custody = CheckCustody(session, invocation.home, id, report);
  if (absl::IsUnavailable(custody)) return custody;
  if (!custody.ok()) report.custody_fault = std::string(custody.message());
  if (console.json()) {
    console.Print(JsonDocument(StoredJson(id, report)));
  } else {
    PrintStored(console, id, report);
  }
  return report.faults.empty() && custody.ok() ? ExitCode::kOk : ExitCode::kVerificationFailed;
}

absl::StatusOr<ExitCode> Verify(Invocation& invocation, const VerifyOptions& options) {
  std::error_code error;
  if (std::filesystem::exists(options.what, error)) return VerifyFile(invocation, options);
  if (LooksLikeAcquisitionId(options.what) && options.authority_file.empty()) return VerifyStored(invocation, options);
  return absl::NotFoundError(
      Concat(Printable(options.what), ": ",
             Say("there is no such file, and it is no acquisition's id", "ファイルがなく、取得 ID でもありません")));
}

}  // namespace

void AddVerifyCommands(Command app, Invocation& invocation) {
  const Command verify =
      app.AddCommand("verify", Text("Prove a bundle, or what the collector holds, whole and unchanged",
                                    "バンドルやコレクタ内の証拠が完全で変更されていないことを検証する"));
  auto options = std::make_shared<VerifyOptions>();
  verify
      .AddOption("FILE|ID", options->what,
                 Text("A bundle, or an acquisition: its id, the start of it, or \"last\"",
                      "バンドルのファイル、または取得 ID（先頭部分、\"last\" も可）"))
      .Required();
  verify
      .AddOption("--authority", options->authority_file,
                 Text("FILE: the customer's public key (NAME-authority.pub); default: that of the credential in use",
                      "FILE の場合: 顧客の公開鍵（NAME-authority.pub）。既定はログイン中の資格情報のもの"))
      .TypeName("FILE");
  verify.Footer(Text(
      "FILE: works offline, with nothing but the file and the customer's public key. Checks that the authority vouches "
      "for\n"
      "the collector and it for the host, the host's signature, the operator's plan, the custody proofs, and every "
      "byte.\n"
      "Where a byte is wrong, names the item, its path, and the place. An image (raw, E01 or AFF4) has its sidecar\n"
      "(FILE.json) beside it.\n"
      "ID: the collector reads everything back and hashes it again; the custody proof is checked here.\n"
      "Exit code 4 where anything is wrong.\n\n"
      "Examples:\n  hozen verify case.zip --authority acme-authority.pub\n  hozen verify sda.raw\n  hozen verify last",
      "FILE: "
      "ファイルと顧客の公開鍵だけで、オフラインで検証します。認証局・コレクタ・端末の信頼関係、端末の署名、オペレータの"
      "計画、\n"
      "保全記録の証明、すべてのバイトを確認します。誤りがあれば項目・パス・位置を示します。イメージ（raw、E01、AFF4）の"
      "サイドカー（FILE.json）は\n"
      "同じ場所に置いてください。\n"
      "ID: コレクタがすべてを読み直して再度ハッシュを計算し、保全記録の証明はこの端末で確認します。\n"
      "問題があれば終了コード 4。\n\n"
      "例:\n  hozen verify case.zip --authority acme-authority.pub\n  hozen verify sda.raw\n  hozen verify last"));
  verify.OnGiven(
      [&invocation, options] { invocation.chosen = [&invocation, options] { return Verify(invocation, *options); }; });
}

}  // namespace hozen
