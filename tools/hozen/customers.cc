// Customers, their operators and the tokens that hosts enrol with. Keys are made here and private ones stay here.
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "core/base/clock.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/command_line/command_line.h"
#include "core/crypto/certificate.h"
#include "core/crypto/key.h"
#include "core/evidence/trust.h"
#include "core/plan/enrollment_token.h"
#include "core/plan/plan.h"
#include "tools/hozen/argument_types.h"
#include "tools/hozen/commands.h"
#include "tools/hozen/credentials.h"
#include "tools/hozen/json_rendering.h"
#include "tools/hozen/quantity.h"
#include "tools/hozen/table.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

// An operator's clock and the hosts' differ a little.
constexpr absl::Duration kBackdated = absl::Minutes(10);

// A name as a part of a file's name.
std::string FileNameOf(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ||
                       static_cast<unsigned char>(c) >= 0x80;
    out += plain ? c : '_';
  }
  if (out.empty() || out.front() == '.') out.insert(0, "_");
  return out;
}

absl::Status CheckName(std::string_view name) {
  bool good = !name.empty() && name.size() <= 64;
  for (const char c : name) {
    good = good && (absl::ascii_isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ||
                    c == '@' || c == '+');
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(Concat("\"", Printable(name), "\": ",
                                           Say("an operator's name is 1 to 64 letters, digits or any of - _ . @ +",
                                               "オペレータ名は英数字と - _ . @ + の 1～64 文字です")));
}

absl::Status MustNotExist(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(file, error))) return absl::OkStatus();
  return absl::AlreadyExistsError(Concat(Printable(file.native()), ": ",
                                         Say("is there already; move it away or name another file",
                                             "は既に存在します。移動するか、別の名前を指定してください")));
}

// An operator who does not exist yet: a key, and what the collector must be told about it.
struct NewOperator {
  PrivateKey key;
  v1::AddOperatorRequest request;
};

absl::StatusOr<NewOperator> MakeOperator(std::string_view customer_id, std::string_view name, std::string_view role,
                                         absl::Duration valid_for, const PrivateKey& authority) {
  HOZEN_ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::Generate(KeyType::kEcdsaP256));
  const absl::Time now = Clock::Real().Now();
  v1::OperatorCertificate certificate;
  certificate.set_format_version(1);
  certificate.set_customer_id(std::string(customer_id));
  certificate.set_name(std::string(name));
  certificate.set_role(std::string(role));
  certificate.set_public_key(key.public_key().ToDer());
  certificate.set_not_before_unix_ns(absl::ToUnixNanos(now - kBackdated));
  certificate.set_not_after_unix_ns(absl::ToUnixNanos(now + valid_for));
  v1::AddOperatorRequest request;
  HOZEN_ASSIGN_OR_RETURN(*request.mutable_certificate(), SignOperatorCertificate(certificate, authority));
  HOZEN_ASSIGN_OR_RETURN(const CertificateRequest certificate_request, CertificateRequest::Create(key, name));
  request.set_certificate_request_der(certificate_request.ToDer());
  return NewOperator{std::move(key), std::move(request)};
}

// Everything but the certificate for TLS, which the collector gives in exchange. Audit: takes the key's secret bytes
// into a credential, which only SaveCredential writes.
v1::Credential CredentialOf(const NewOperator& new_operator, std::string_view name, std::string_view role,
                            const v1::Credential& issuer) {
  v1::Credential credential;
  credential.set_format_version(1);
  credential.set_name(std::string(name));
  credential.set_role(std::string(role));
  credential.set_customer_id(issuer.customer_id());
  credential.set_customer_name(issuer.customer_name());
  credential.set_collector_address(issuer.collector_address());
  credential.set_collector_name(issuer.collector_name());
  credential.set_collector_root_pem(issuer.collector_root_pem());
  credential.set_private_key_pem(new_operator.key.ToSecretPem());
  *credential.mutable_operator_certificate() = new_operator.request.certificate();
  credential.set_authority_public_key(issuer.authority_public_key());
  if (role == "admin") credential.set_authority_private_key_pem(issuer.authority_private_key_pem());
  return credential;
}

// ---- hozen customer add ----

struct CustomerOptions {
  std::string name;
  std::string admin;
  std::string out;
  std::string out_folder;
  bool no_login = false;
  absl::Duration valid_for = absl::Hours(24 * 365);
};

std::string DefaultAdminName() {
  const char* user = std::getenv("USER");
  return user != nullptr && CheckName(user).ok() ? user : "admin";
}

// True where the collector may have carried out what it did not answer.
bool MayHaveHappened(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsUnknown(status) ||
         absl::IsInternal(status);
}

absl::StatusOr<ExitCode> AddCustomer(Invocation& invocation, CustomerOptions options) {
  Console& console = invocation.console;
  if (options.admin.empty()) options.admin = DefaultAdminName();
  HOZEN_RETURN_IF_ERROR(CheckName(options.admin));
  const fs::path folder = options.out_folder;
  const std::string stem = FileNameOf(options.name);
  const fs::path credential_file = options.out.empty() ? folder / (stem + "-admin.credential") : fs::path(options.out);
  const fs::path authority_file = folder / (stem + "-authority.pub");
  HOZEN_RETURN_IF_ERROR(MustNotExist(credential_file));
  HOZEN_RETURN_IF_ERROR(MustNotExist(authority_file));

  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.Open());
  if (session.credential.role() != kServiceAdminRole) {
    return absl::PermissionDeniedError(Concat(Say("only a service administrator can add a customer; log in with the "
                                                  "credential that hozen-collector init wrote "
                                                  "(your role: ",
                                                  "顧客を追加できるのはサービス管理者だけです。hozen-collector init "
                                                  "が作成した資格情報を使ってください（現在の役割: "),
                                              Printable(session.credential.role()), Say(")", "）")));
  }
  v1::BeginCustomerRequest begin_request;
  begin_request.set_name(options.name);
  HOZEN_ASSIGN_OR_RETURN(const v1::BeginCustomerResponse begun, session.collector->BeginCustomer(begin_request));

  HOZEN_ASSIGN_OR_RETURN(const PrivateKey authority, PrivateKey::Generate(KeyType::kEd25519));
  v1::Delegation delegation;
  delegation.set_format_version(1);
  delegation.set_customer_id(begun.customer_id());
  delegation.set_customer_name(options.name);
  delegation.set_host_ca_public_key(begun.host_ca_public_key());
  delegation.set_custody_log_key(begun.custody_log_key());
  delegation.set_custody_log_origin(begun.custody_log_origin());
  delegation.set_created_unix_ns(Clock::Real().NowUnixNs());
  HOZEN_ASSIGN_OR_RETURN(const NewOperator admin,
                         MakeOperator(begun.customer_id(), options.admin, "admin", options.valid_for, authority));
  v1::FinishCustomerRequest finish_request;
  finish_request.set_customer_id(begun.customer_id());
  finish_request.set_authority_public_key(authority.public_key().ToDer());
  HOZEN_ASSIGN_OR_RETURN(*finish_request.mutable_delegation(), SignDelegation(delegation, authority));
  *finish_request.mutable_admin() = admin.request;

  v1::Credential issuer = session.credential;
  issuer.set_customer_id(begun.customer_id());
  issuer.set_customer_name(options.name);
  issuer.set_authority_public_key(authority.public_key().ToDer());
  issuer.set_authority_private_key_pem(authority.ToSecretPem());
  v1::Credential credential = CredentialOf(admin, options.admin, "admin", issuer);
  // On disk before the collector pins it: an authority whose key was lost can never make another operator.
  HOZEN_RETURN_IF_ERROR(SaveCredential(credential, credential_file));
  const auto finished = session.collector->FinishCustomer(finish_request);
  if (!finished.ok()) {
    if (MayHaveHappened(finished.status())) {
      return WithContext(finished.status(), Concat(Say("the customer may exist; its keys are kept in ",
                                                       "顧客は作成された可能性があります。鍵の保存先: "),
                                                   Printable(credential_file.native())));
    }
    std::error_code ignored;
    fs::remove(credential_file, ignored);
    return finished.status();
  }
  credential.set_certificate_chain_pem(finished->admin().certificate_chain_pem());
  HOZEN_RETURN_IF_ERROR(SaveCredential(credential, credential_file));
  HOZEN_RETURN_IF_ERROR(WriteFileAtomically(authority_file, authority.public_key().ToPem(), 0644));
  if (!options.no_login) HOZEN_RETURN_IF_ERROR(SaveCredential(credential, InstalledCredential(invocation.home)));

  if (console.json()) {
    Json json;
    json["customer_id"] = begun.customer_id();
    json["customer_name"] = Printable(options.name);
    json["admin"] = options.admin;
    json["credential_file"] = Printable(credential_file.native());
    json["authority_file"] = Printable(authority_file.native());
    json["logged_in"] = !options.no_login;
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  console.Print(RenderProperties({
      {Text("customer", "顧客"), Concat(Printable(options.name), " (", Printable(begun.customer_id()), ")")},
      {Text("admin", "管理者"), options.admin},
      {Text("credential", "資格情報"), Printable(credential_file.native())},
      {Text("authority", "認証局の公開鍵"), Printable(authority_file.native())},
  }));
  console.Print(
      Say("\nThe credential holds the customer's authority key. Whoever has it can make operators, and whoever\n"
          "loses it can make no more: keep a copy offline. The authority's public key (.pub) is what anyone\n"
          "needs to verify this customer's bundles: hozen verify FILE --authority KEY.pub",
          "\n資格情報には顧客の認証局の秘密鍵が含まれます。これを持つ人はオペレータを作成でき、失うと二度と作成できませ"
          "ん。\n"
          "オフラインに控えを保管してください。公開鍵（.pub）は、この顧客のバンドルの検証に使います:\n"
          "hozen verify ファイル --authority 鍵.pub"));
  if (!options.no_login) {
    console.Print(Concat(Say("Logged in as ", "ログインしました: "), options.admin, "."));
  }
  return ExitCode::kOk;
}

// ---- hozen operator add ----

struct OperatorOptions {
  std::string name;
  std::string role;
  std::string out;
  absl::Duration valid_for = absl::Hours(24 * 365);
};

absl::StatusOr<ExitCode> AddOperator(Invocation& invocation, const OperatorOptions& options) {
  Console& console = invocation.console;
  HOZEN_RETURN_IF_ERROR(CheckName(options.name));
  const fs::path file =
      options.out.empty() ? fs::path(FileNameOf(options.name) + ".credential") : fs::path(options.out);
  HOZEN_RETURN_IF_ERROR(MustNotExist(file));
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  if (session.credential.authority_private_key_pem().empty()) {
    return absl::PermissionDeniedError(AbslView(Say(
        "this credential does not hold the customer's authority key, so it cannot make operators; use an admin's",
        "この資格情報には顧客の認証局の鍵がないため、オペレータを作成できません。管理者の資格情報を使ってください")));
  }
  HOZEN_ASSIGN_OR_RETURN(const PrivateKey authority,
                         PrivateKey::FromPem(session.credential.authority_private_key_pem()));
  HOZEN_ASSIGN_OR_RETURN(const NewOperator made, MakeOperator(session.credential.customer_id(), options.name,
                                                              options.role, options.valid_for, authority));
  HOZEN_ASSIGN_OR_RETURN(const v1::AddOperatorResponse added, session.collector->AddOperator(made.request));
  v1::Credential credential = CredentialOf(made, options.name, options.role, session.credential);
  credential.set_certificate_chain_pem(added.certificate_chain_pem());
  HOZEN_RETURN_IF_ERROR(SaveCredential(credential, file));
  if (console.json()) {
    Json json;
    json["name"] = options.name;
    json["role"] = options.role;
    json["credential_file"] = Printable(file.native());
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  console.Print(Concat(
      Say("Wrote ", "作成しました: "), Printable(file.native()), Say(". Give it to ", "。渡す相手: "), options.name,
      Say(" over a safe way; it holds a private key.", "（秘密鍵を含むため、安全な方法で渡してください）")));
  if (options.role == "admin") {
    console.Print(Say("As an admin's it also holds the customer's authority key.",
                      "管理者用のため、顧客の認証局の鍵も含まれます。"));
  }
  return ExitCode::kOk;
}

// ---- hozen token create ----

struct TokenOptions {
  uint32_t uses = 1;
  absl::Duration expires = absl::Hours(24);
  std::string label;
};

absl::StatusOr<ExitCode> CreateToken(Invocation& invocation, const TokenOptions& options) {
  Console& console = invocation.console;
  HOZEN_ASSIGN_OR_RETURN(const Session session, invocation.OpenAsOperator());
  HOZEN_ASSIGN_OR_RETURN(const Certificate root, Certificate::FromPem(session.credential.collector_root_pem()));
  v1::EnrollmentToken token;
  token.set_secret(RandomBytes(32));
  token.set_collector_root_der(root.ToDer());
  token.set_authority_public_key(session.credential.authority_public_key());
  token.set_customer_id(session.credential.customer_id());
  token.set_collector_name(session.credential.collector_name());
  const int64_t expires = absl::ToUnixNanos(Clock::Real().Now() + options.expires);
  v1::CreateTokenRequest request;
  request.set_secret_sha256(std::string(Sha256::Of(token.secret()).bytes()));
  request.set_expires_unix_ns(expires);
  request.set_uses(options.uses);
  request.set_label(options.label);
  HOZEN_RETURN_IF_ERROR(session.collector->CreateToken(request));
  const std::string text = EncodeEnrollmentToken(token);
  if (console.json()) {
    Json json;
    json["token"] = text;
    AddTime("expires", expires, json);
    json["uses"] = options.uses;
    json["label"] = Printable(options.label);
    json["collector_address"] = Printable(session.credential.collector_address());
    console.Print(JsonDocument(json));
    return ExitCode::kOk;
  }
  console.Print(text);
  console.Note(Concat(Say("For ", "登録可能な端末数: "), options.uses, Say(" host(s), until ", "、期限: "),
                      FormatLocal(expires), Say(". On the host:", "。端末で次を実行してください:"),
                      "\n  hozen-agent enroll --collector ", Printable(session.credential.collector_address()),
                      " --token TOKEN --state /var/lib/hozen-agent"));
  return ExitCode::kOk;
}

void AddCustomerCommand(Command app, Invocation& invocation) {
  const Command customer = app.AddCommand("customer", Text("Customers of this collector", "コレクタの顧客を管理する"));
  customer.RequireCommand();
  const Command add = customer.AddCommand(
      "add", Text("Make a customer, its authority and its first admin", "顧客と認証局、最初の管理者を作成する"));
  auto options = std::make_shared<CustomerOptions>();
  add.AddOption("NAME", options->name, Text("The customer's name", "顧客名")).Required();
  add.AddOption(
         "--admin", options->admin,
         Text("Name of the first admin (default: your user name)", "最初の管理者の名前（既定: 現在のユーザー名）"))
      .TypeName("NAME");
  add.AddOption("--out", options->out,
                Text("Where to write the admin's credential (default: NAME-admin.credential)",
                     "管理者の資格情報の出力先（既定: NAME-admin.credential）"))
      .TypeName("FILE");
  add.AddOption(
         "--out-dir", options->out_folder,
         Text("Folder for the files that are written (default: this one)", "出力先フォルダ（既定: 現在のフォルダ）"))
      .TypeName("DIR");
  AddDurationOption(
      add, "--valid-for", options->valid_for,
      Text("How long the admin's certificate is valid (default 365d)", "管理者の証明書の有効期間（既定 365d）"));
  add.AddFlag("--no-login", options->no_login,
              Text("Do not log in as the new admin", "作成した管理者でログインしない"));
  add.Footer(Text(
      "Needs a service administrator's credential. The customer's authority key (Ed25519) is made on this machine and\n"
      "never leaves it: the collector gets only its public half and a signed delegation. Two files are written:\n"
      "  NAME-admin.credential  the admin's credential, which holds the authority key\n"
      "  NAME-authority.pub     the authority's public key: what `hozen verify` needs\n\n"
      "Example:\n  hozen login /var/lib/hozen-collector/admin.credential\n  hozen customer add acme --admin alice",
      "サービス管理者の資格情報が必要です。顧客の認証局の鍵（Ed25519）はこの端末で生成され、外に出ません。コレクタに渡"
      "るのは\n"
      "公開鍵と署名済みの委任だけです。次の 2 ファイルが作成されます:\n"
      "  NAME-admin.credential  管理者の資格情報（認証局の秘密鍵を含む）\n"
      "  NAME-authority.pub     認証局の公開鍵（hozen verify に使用）\n\n"
      "例:\n  hozen login /var/lib/hozen-collector/admin.credential\n  hozen customer add acme --admin alice"));
  add.OnGiven([&invocation, options] {
    invocation.chosen = [&invocation, options] { return AddCustomer(invocation, *options); };
  });
}

void AddOperatorCommand(Command app, Invocation& invocation) {
  const Command operators =
      app.AddCommand("operator", Text("People who work with the evidence", "オペレータを管理する"));
  operators.RequireCommand();
  const Command add = operators.AddCommand(
      "add", Text("Make an operator and write a credential for them", "オペレータを作成し、資格情報を出力する"));
  auto options = std::make_shared<OperatorOptions>();
  add.AddOption("NAME", options->name, Text("The operator's name", "オペレータ名")).Required();
  add.AddOption("--role", options->role, Text("What they may do", "役割"))
      .Required()
      .OneOf(std::vector<std::string>(std::begin(kRoles), std::end(kRoles)));
  add.AddOption(
         "--out", options->out,
         Text("Where to write the credential (default: NAME.credential)", "資格情報の出力先（既定: NAME.credential）"))
      .TypeName("FILE");
  AddDurationOption(add, "--valid-for", options->valid_for,
                    Text("How long the certificate is valid (default 365d)", "証明書の有効期間（既定 365d）"));
  add.Footer(
      Text("Roles:\n"
           "  responder  orders acquisitions and reads evidence\n"
           "  analyst    reads, exports and verifies evidence\n"
           "  approver   signs approvals of plans\n"
           "  admin      all of a responder's, and makes operators and tokens\n"
           "  auditor    reads hosts, acquisitions and the custody log\n\n"
           "Example:\n  hozen operator add bob --role responder --out bob.credential",
           "役割:\n"
           "  responder  取得の指示と証拠の閲覧\n"
           "  analyst    証拠の閲覧・エクスポート・検証\n"
           "  approver   計画の承認\n"
           "  admin      responder の権限に加え、オペレータとトークンの作成\n"
           "  auditor    端末・取得・保全記録の閲覧\n\n"
           "例:\n  hozen operator add bob --role responder --out bob.credential"));
  add.OnGiven([&invocation, options] {
    invocation.chosen = [&invocation, options] { return AddOperator(invocation, *options); };
  });
}

void AddTokenCommand(Command app, Invocation& invocation) {
  const Command token = app.AddCommand("token", Text("Tokens that hosts enrol with", "端末登録用トークンを管理する"));
  token.RequireCommand();
  const Command create = token.AddCommand("create", Text("Make a token and print it", "トークンを作成して表示する"));
  auto options = std::make_shared<TokenOptions>();
  create
      .AddOption("--uses", options->uses,
                 Text("How many hosts may enrol with it (default 1)", "登録できる端末数（既定 1）"))
      .Between(1u, 1'000'000u)
      .TypeName("N");
  AddDurationOption(create, "--expires", options->expires,
                    Text("How long it is valid (default 24h)", "有効期間（既定 24h）"));
  create
      .AddOption("--label", options->label,
                 Text("Label given to the hosts that enrol with it", "登録した端末に付けるラベル"))
      .TypeName("LABEL");
  create.Footer(Text(
      "The token names this customer's authority and the collector's root, which the agent pins. The collector keeps "
      "only\n"
      "its SHA-256, so it is shown once. The token goes to standard output, what to do with it to standard error.\n\n"
      "Examples:\n  hozen token create > token\n  hozen token create --uses 500 --expires 7d --label branch-osaka",
      "トークンには顧客の認証局とコレクタのルート証明書が含まれ、エージェントはこれを固定します。コレクタは SHA-256 "
      "だけを\n"
      "保持するため、表示は一度きりです。トークンは標準出力、説明は標準エラー出力に表示されます。\n\n"
      "例:\n  hozen token create > token\n  hozen token create --uses 500 --expires 7d --label branch-osaka"));
  create.OnGiven([&invocation, options] {
    invocation.chosen = [&invocation, options] { return CreateToken(invocation, *options); };
  });
}

}  // namespace

void AddCustomerCommands(Command app, Invocation& invocation) {
  AddCustomerCommand(app, invocation);
  AddOperatorCommand(app, invocation);
  AddTokenCommand(app, invocation);
}

}  // namespace hozen
