#include "tools/hozen/invocation.h"

#include <utility>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "tools/hozen/connection.h"
#include "tools/hozen/credentials.h"

namespace hozen {

std::filesystem::path Invocation::CredentialFile() const {
  return credential_file.empty() ? InstalledCredential(home) : std::filesystem::path(credential_file);
}

absl::StatusOr<Session> Invocation::Open() const {
  Session session;
  HOZEN_ASSIGN_OR_RETURN(session.credential, LoadCredential(CredentialFile()));
  HOZEN_ASSIGN_OR_RETURN(session.collector, ConnectCollector(session.credential));
  return session;
}

absl::StatusOr<Session> Invocation::OpenAsOperator() const {
  HOZEN_ASSIGN_OR_RETURN(Session session, Open());
  if (session.credential.role() == kServiceAdminRole) {
    return absl::PermissionDeniedError(
        Concat(Printable(CredentialFile().native()), ": ",
               Say("this is a service administrator's credential, which belongs to no customer. Log in as an operator "
                   "(hozen login FILE), or make a customer first (hozen customer add NAME)",
                   "これはサービス管理者の資格情報で、顧客に属していません。オペレータとしてログインする（hozen login "
                   "ファイル）か、"
                   "先に顧客を作成してください（hozen customer add 名前）")));
  }
  return session;
}

}  // namespace hozen
