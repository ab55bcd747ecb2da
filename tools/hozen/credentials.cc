#include "tools/hozen/credentials.h"

#include <google/protobuf/util/json_util.h>

#include <cstdlib>
#include <string>

#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kMaxCredentialSizeBytes = 1 << 20;
constexpr uint32_t kFormatVersion = 1;

absl::Status NotACredential(const std::filesystem::path& file, std::string_view why) {
  return absl::UnauthenticatedError(Concat(Printable(file.native()), ": ",
                                           Say("is not a credential file: ", "資格情報ファイルではありません: "), why));
}

}  // namespace

std::filesystem::path HomeFolder() {
  if (const char* home = std::getenv("HOZEN_HOME"); home != nullptr && *home != '\0') return home;
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/') {
    return std::filesystem::path(config) / "hozen";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home != '\0' ? home : ".") / ".config" / "hozen";
}

std::filesystem::path InstalledCredential(const std::filesystem::path& home) { return home / "credential"; }

absl::StatusOr<v1::Credential> LoadCredential(const std::filesystem::path& file) {
  absl::StatusOr<std::string> json = ReadWholeFile(file, kMaxCredentialSizeBytes);
  if (absl::IsNotFound(json.status())) {
    return absl::UnauthenticatedError(
        Concat(Say("no credential at ", "資格情報がありません: "), Printable(file.native()),
               Say(". Run: hozen login FILE", "。次を実行してください: hozen login ファイル")));
  }
  if (absl::IsResourceExhausted(json.status())) {
    return NotACredential(file, Say("it is too long", "長すぎます"));
  }
  if (!json.ok()) return WithContext(json.status(), Say("the credential cannot be read", "資格情報を読めません"));
  v1::Credential credential;
  const auto parsed = google::protobuf::util::JsonStringToMessage(*json, &credential);
  if (!parsed.ok()) {
    return NotACredential(file, Printable(std::string_view(parsed.message().data(), parsed.message().size())));
  }
  if (credential.format_version() != kFormatVersion) {
    return NotACredential(file, Concat(Say("its format_version is ", "format_version が "), credential.format_version(),
                                       Say(", and this hozen knows 1", " です（対応は 1 のみ）")));
  }
  return credential;
}

absl::Status SaveCredential(const v1::Credential& credential, const std::filesystem::path& file) {
  if (file.has_parent_path()) HOZEN_RETURN_IF_ERROR(MakeFolders(file.parent_path(), 0700));
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(credential, &json, options);
  if (!printed.ok()) {
    return absl::InternalError(std::string(printed.message().data(), printed.message().size()));
  }
  return WithContext(WriteFileAtomically(file, json, 0600),
                     Say("the credential was not saved", "資格情報を保存できません"));
}

}  // namespace hozen
