#include <memory>
#include <string>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "core/crypto/certificate.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/connection.h"
#include "tools/hozen/credentials.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"

namespace hozen {
namespace {

// One call that every operator may make. A service administrator may not, and being told so is proof that the
// collector knows who it is.
absl::Status Check(const v1::Credential& credential) {
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<Collector> collector, ConnectCollector(credential));
  v1::ListHostsRequest request;
  request.set_filter("-");
  const absl::Status status = collector->ListHosts(request).status();
  if (absl::IsPermissionDenied(status) && credential.role() == kServiceAdminRole) return absl::OkStatus();
  if (absl::IsNotFound(status)) return absl::OkStatus();
  return status;
}

int64_t ExpiryOf(const v1::Credential& credential) {
  const auto certificate = Certificate::FromPem(credential.certificate_chain_pem());
  return certificate.ok() ? absl::ToUnixNanos(certificate->not_after()) : 0;
}

Json CredentialJson(const v1::Credential& credential) {
  Json json;
  json["name"] = Printable(credential.name());
  json["role"] = Printable(credential.role());
  json["customer_id"] = Printable(credential.customer_id());
  json["customer_name"] = Printable(credential.customer_name());
  json["collector_address"] = Printable(credential.collector_address());
  json["collector_name"] = Printable(credential.collector_name());
  AddTime("certificate_not_after", ExpiryOf(credential), json);
  json["holds_authority"] = !credential.authority_private_key_pem().empty();
  return json;
}

void Show(Console& console, const v1::Credential& credential) {
  if (console.json()) {
    console.Print(JsonDocument(CredentialJson(credential)));
    return;
  }
  std::string customer;
  if (!credential.customer_id().empty()) {
    customer = Concat(Printable(credential.customer_name()), " (", Printable(credential.customer_id()), ")");
  }
  console.Print(RenderProperties({
      {Text("name", "名前"), Printable(credential.name())},
      {Text("role", "役割"), Printable(credential.role())},
      {Text("customer", "顧客"), customer},
      {Text("collector", "コレクタ"), Printable(credential.collector_address())},
      {Text("valid until", "有効期限"), FormatLocal(ExpiryOf(credential))},
      {Text("authority", "認証局の鍵"),
       credential.authority_private_key_pem().empty()
           ? std::string()
           : Text("this credential can make operators", "この資格情報でオペレータを作成できます")},
  }));
}

absl::StatusOr<ExitCode> LogIn(Invocation& invocation, const std::string& file) {
  HOZEN_ASSIGN_OR_RETURN(const v1::Credential credential, LoadCredential(file));
  HOZEN_RETURN_IF_ERROR(Check(credential));
  HOZEN_RETURN_IF_ERROR(SaveCredential(credential, InstalledCredential(invocation.home)));
  if (!invocation.console.json()) {
    invocation.console.Print(
        Concat(Say("Logged in. From now on commands use ", "ログインしました。以後はこの資格情報を使います: "),
               Printable(InstalledCredential(invocation.home).native())));
  }
  Show(invocation.console, credential);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> WhoAmI(Invocation& invocation, bool offline) {
  HOZEN_ASSIGN_OR_RETURN(const v1::Credential credential, LoadCredential(invocation.CredentialFile()));
  if (!offline) HOZEN_RETURN_IF_ERROR(Check(credential));
  Show(invocation.console, credential);
  return ExitCode::kOk;
}

}  // namespace

void AddLoginCommands(Command app, Invocation& invocation) {
  const Command login = app.AddCommand(
      "login", Text("Check a credential at its collector and use it from now on", "資格情報を確認して使用を開始する"));
  auto file = std::make_shared<std::string>();
  login.AddOption("FILE", *file, Text("The credential file", "資格情報ファイル")).Required();
  login.Footer(Text(
      "The credential is copied to HOZEN_HOME/credential (default ~/.config/hozen), readable by you alone. It holds a\n"
      "private key: delete the file you were given once you are logged in, or keep it as safely as a password.\n\n"
      "Example:\n  hozen login alice.credential",
      "資格情報は HOZEN_HOME/credential（既定 "
      "~/.config/hozen）に、本人だけが読める形で保存されます。秘密鍵を含むため、\n"
      "受け取ったファイルはログイン後に削除するか、厳重に保管してください。\n\n例:\n  hozen login alice.credential"));
  login.OnGiven([&invocation, file] { invocation.chosen = [&invocation, file] { return LogIn(invocation, *file); }; });

  const Command whoami = app.AddCommand("whoami", Text("Show the credential in use, and check that it is accepted",
                                                       "使用中の資格情報を表示し、有効か確認する"));
  auto offline = std::make_shared<bool>(false);
  whoami.AddFlag("--offline", *offline, Text("Do not ask the collector", "コレクタに問い合わせない"));
  whoami.OnGiven(
      [&invocation, offline] { invocation.chosen = [&invocation, offline] { return WhoAmI(invocation, *offline); }; });
}

}  // namespace hozen
