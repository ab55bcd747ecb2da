#include "tools/hozen/custody_check.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/key.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/merkle.h"
#include "core/evidence/trust.h"

namespace hozen {
namespace {

constexpr uint64_t kMaxCheckpointSizeBytes = 1 << 16;

// As a file's name: a customer's id is the collector's word, so it is not trusted to be one.
std::filesystem::path CheckpointFile(const std::filesystem::path& home, const v1::Delegation& delegation) {
  const Digest name = Sha256::Of(Concat(delegation.customer_id(), "\n", delegation.custody_log_origin()));
  return home / "checkpoints" / name.ToHex().substr(0, 32);
}

absl::Status Rewritten(std::string_view why) {
  return absl::DataLossError(Concat(
      Say("the custody log does not continue what this machine saw of it before: ",
          "保全記録が、この端末が以前に確認した内容の続きになっていません: "),
      why,
      Say(". Someone may have replaced the collector's data; keep this machine's copy and ask",
          "。コレクタのデータが差し替えられた可能性があります。この端末の控えを保存し、管理者に確認してください")));
}

absl::StatusOr<Checkpoint> Ask(Collector& collector, uint64_t from, const v1::Delegation& delegation,
                               const PublicKey& key, std::vector<Digest>& path, std::string& note) {
  v1::GetCheckpointRequest request;
  request.set_from_tree_size(from);
  HOZEN_ASSIGN_OR_RETURN(const v1::GetCheckpointResponse response, collector.GetCheckpoint(request));
  path.clear();
  for (const std::string& hash : response.consistency_path()) {
    HOZEN_ASSIGN_OR_RETURN(const Digest digest, Digest::FromBytes(hash));
    path.push_back(digest);
  }
  note = response.checkpoint();
  return VerifyCheckpoint(note, delegation.custody_log_origin(), key);
}

}  // namespace

absl::StatusOr<v1::Delegation> CheckDelegation(const v1::Envelope& delegation, const v1::Credential& credential) {
  HOZEN_ASSIGN_OR_RETURN(const PublicKey authority, PublicKey::FromDer(credential.authority_public_key()));
  auto verified = VerifyDelegation(delegation, authority);
  if (!verified.ok()) {
    return WithContext(verified.status(), Say("the customer's authority does not vouch for this collector",
                                              "顧客の認証局がこのコレクタを保証していません"));
  }
  if (verified->customer_id() != credential.customer_id()) {
    return absl::DataLossError(AbslView(
        Say("the collector shows the delegation of another customer", "コレクタが別の顧客の委任を提示しました")));
  }
  return verified;
}

absl::StatusOr<LogContinuity> CheckContinuity(Collector& collector, const v1::Delegation& delegation,
                                              const std::filesystem::path& home) {
  HOZEN_ASSIGN_OR_RETURN(const PublicKey key, PublicKey::FromRawEd25519(delegation.custody_log_key()));
  const std::filesystem::path file = CheckpointFile(home, delegation);
  Checkpoint earlier;
  const auto kept = ReadWholeFile(file, kMaxCheckpointSizeBytes);
  if (kept.ok()) {
    auto verified = VerifyCheckpoint(*kept, delegation.custody_log_origin(), key);
    if (!verified.ok()) {
      return WithContext(verified.status(),
                         Concat(Printable(file.native()), ": ",
                                Say("the kept checkpoint is damaged; remove it to begin anew",
                                    "控えのチェックポイントが壊れています。削除するとやり直せます")));
    }
    earlier = *std::move(verified);
  } else if (!absl::IsNotFound(kept.status())) {
    return kept.status();
  }
  std::vector<Digest> path;
  std::string note;
  HOZEN_ASSIGN_OR_RETURN(Checkpoint now, Ask(collector, 0, delegation, key, path, note));
  if (now.tree_size < earlier.tree_size) {
    return Rewritten(Concat(now.tree_size, " < ", earlier.tree_size));
  }
  if (earlier.tree_size > 0) {
    HOZEN_ASSIGN_OR_RETURN(now, Ask(collector, earlier.tree_size, delegation, key, path, note));
    if (now.tree_size == earlier.tree_size
            ? now.root != earlier.root
            : !VerifyConsistency(earlier.tree_size, earlier.root, now.tree_size, now.root, path).ok()) {
      return Rewritten(Say("the entries of then are not the same", "当時の記録と一致しません"));
    }
  }
  HOZEN_RETURN_IF_ERROR(MakeFolders(file.parent_path(), 0700));
  HOZEN_RETURN_IF_ERROR(WriteFileAtomically(file, note, 0600));
  return LogContinuity{now.tree_size, earlier.tree_size};
}

}  // namespace hozen
