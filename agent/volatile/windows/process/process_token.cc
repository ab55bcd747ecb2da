#include "agent/volatile/windows/process/process_token.h"

#include <windows.h>
// After windows.h.
#include <ntsecapi.h>
#include <sddl.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/volatile/windows/host_values.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

namespace hozen {
namespace {

constexpr DWORD kMostTokenBytes = 1 << 20;
constexpr DWORD kNameChars = 257;

// S-1-5-N-...: authorities below which all names are the system's own, or of services and apps of this host.
constexpr DWORD kOwnAuthorities[] = {32, 80, 82, 83, 90, 96};
constexpr DWORD kFirstOfAuthority = 21;  // accounts of a machine or of a domain

std::vector<char> TokenFact(HANDLE token, TOKEN_INFORMATION_CLASS wanted) {
  DWORD size = 0;
  ::GetTokenInformation(token, wanted, nullptr, 0, &size);
  if (size == 0 || size > kMostTokenBytes) return {};
  std::vector<char> bytes(size);
  if (!::GetTokenInformation(token, wanted, bytes.data(), size, &size)) return {};
  return bytes;
}

template <typename Fact>
const Fact* As(const std::vector<char>& bytes) {
  return bytes.size() < sizeof(Fact) ? nullptr : reinterpret_cast<const Fact*>(bytes.data());
}

DWORD NumberFact(HANDLE token, TOKEN_INFORMATION_CLASS wanted) {
  DWORD number = 0;
  DWORD size = sizeof(number);
  return ::GetTokenInformation(token, wanted, &number, sizeof(number), &size) ? number : 0;
}

uint64_t Joined(const LUID& luid) { return uint64_t{static_cast<DWORD>(luid.HighPart)} << 32 | luid.LowPart; }

// Whether no other machine need be asked who that is.
bool IsOfThisSystem(PSID sid) {
  const SID_IDENTIFIER_AUTHORITY* const authority = ::GetSidIdentifierAuthority(sid);
  const BYTE number = authority->Value[5];
  if (number != 5) return number <= 3 || number == 15 || number == 16;
  const DWORD parts = *::GetSidSubAuthorityCount(sid);
  if (parts == 0) return false;
  const DWORD first = *::GetSidSubAuthority(sid, 0);
  if (parts == 1) return first != kFirstOfAuthority;
  return std::find(std::begin(kOwnAuthorities), std::end(kOwnAuthorities), first) != std::end(kOwnAuthorities);
}

std::string Joined(std::wstring_view domain, std::wstring_view name) {
  if (name.empty()) return "";
  const std::string account = WideText(name);
  // One backslash between the two, also where Printable doubles those of names.
  return domain.empty() ? account : Concat(WideText(domain), "\\", account);
}

std::string LookUp(PSID sid) {
  wchar_t name[kNameChars] = {};
  wchar_t domain[kNameChars] = {};
  DWORD name_size = kNameChars;
  DWORD domain_size = kNameChars;
  SID_NAME_USE use = {};
  if (!::LookupAccountSidW(nullptr, sid, name, &name_size, domain, &domain_size, &use)) return "";
  return Joined(domain, name);
}

std::wstring_view TextOf(const LSA_UNICODE_STRING& text) {
  return text.Buffer == nullptr ? std::wstring_view() : std::wstring_view(text.Buffer, text.Length / sizeof(wchar_t));
}

// Who is logged on in that session, where that is the same account.
std::string NameBySession(PSID sid, uint64_t logon) {
  LUID luid = {};
  luid.LowPart = static_cast<DWORD>(logon);
  luid.HighPart = static_cast<LONG>(logon >> 32);
  PSECURITY_LOGON_SESSION_DATA data = nullptr;
  if (::LsaGetLogonSessionData(&luid, &data) < 0 || data == nullptr) return "";
  std::string name;
  if (data->Sid != nullptr && ::EqualSid(data->Sid, sid))
    name = Joined(TextOf(data->LogonDomain), TextOf(data->UserName));
  ::LsaFreeReturnBuffer(data);
  return name;
}

// "S-1-5-21-1-2-3-" of the machine whose accounts are this host's own.
std::string MachineSidPrefix() {
  LSA_OBJECT_ATTRIBUTES attributes = {};
  attributes.Length = sizeof(attributes);
  LSA_HANDLE policy = nullptr;
  if (::LsaOpenPolicy(nullptr, &attributes, POLICY_VIEW_LOCAL_INFORMATION, &policy) < 0) return "";
  POLICY_ACCOUNT_DOMAIN_INFO* domain = nullptr;
  std::string prefix;
  if (::LsaQueryInformationPolicy(policy, PolicyAccountDomainInformation, reinterpret_cast<void**>(&domain)) >= 0 &&
      domain != nullptr) {
    if (domain->DomainSid != nullptr) prefix = SidText(domain->DomainSid);
    ::LsaFreeMemory(domain);
  }
  ::LsaClose(policy);
  return prefix.empty() ? "" : Concat(prefix, "-");
}

std::string IntegrityOf(HANDLE token) {
  const std::vector<char> bytes = TokenFact(token, TokenIntegrityLevel);
  const auto* const label = As<TOKEN_MANDATORY_LABEL>(bytes);
  if (label == nullptr || label->Label.Sid == nullptr) return "";
  const DWORD parts = *::GetSidSubAuthorityCount(label->Label.Sid);
  switch (parts == 0 ? 1 : *::GetSidSubAuthority(label->Label.Sid, parts - 1)) {
    case SECURITY_MANDATORY_UNTRUSTED_RID:
      return "untrusted";
    case SECURITY_MANDATORY_LOW_RID:
      return "low";
    case SECURITY_MANDATORY_MEDIUM_RID:
      return "medium";
    case SECURITY_MANDATORY_MEDIUM_RID + 0x100:
      return "medium_plus";
    case SECURITY_MANDATORY_HIGH_RID:
      return "high";
    case SECURITY_MANDATORY_SYSTEM_RID:
      return "system";
    case SECURITY_MANDATORY_PROTECTED_PROCESS_RID:
      return "protected_process";
    default:
      return SidText(label->Label.Sid);
  }
}

void AddPrivileges(HANDLE token, v1::ProcessToken& described) {
  const std::vector<char> bytes = TokenFact(token, TokenPrivileges);
  const auto* const privileges = As<TOKEN_PRIVILEGES>(bytes);
  if (privileges == nullptr) return;
  for (DWORD i = 0; i < privileges->PrivilegeCount; ++i) {
    LUID_AND_ATTRIBUTES one = privileges->Privileges[i];
    if ((one.Attributes & (SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_USED_FOR_ACCESS)) == 0) continue;
    wchar_t name[128] = {};
    DWORD size = std::size(name);
    described.add_privileges(::LookupPrivilegeNameW(nullptr, &one.Luid, name, &size) ? WideText(name)
                                                                                     : Concat(Joined(one.Luid)));
  }
}

void AddGroups(HANDLE token, v1::ProcessToken& described) {
  const std::vector<char> bytes = TokenFact(token, TokenGroups);
  const auto* const groups = As<TOKEN_GROUPS>(bytes);
  if (groups == nullptr) return;
  for (DWORD i = 0; i < groups->GroupCount; ++i) {
    if ((groups->Groups[i].Attributes & SE_GROUP_ENABLED) == 0) continue;
    described.add_groups(SidText(groups->Groups[i].Sid));
  }
}

}  // namespace

std::string LogonIdText(uint64_t logon) { return Concat("0x", absl::Hex(logon)); }

AccountNames::AccountNames() : machine_(MachineSidPrefix()) {}

std::string AccountNames::NameOf(void* sid, uint64_t logon) {
  const std::string text = SidText(sid);
  const auto known = names_.find(text);
  if (known != names_.end()) return known->second;
  std::string name = IsOfThisSystem(sid) ? LookUp(sid) : NameBySession(sid, logon);
  if (name.empty() && !machine_.empty() && text.compare(0, machine_.size(), machine_) == 0) name = LookUp(sid);
  // Another of its processes may be of a session that tells.
  if (!name.empty()) names_.emplace(text, name);
  return name;
}

absl::StatusOr<v1::ProcessToken> DescribeToken(void* process, AccountNames& accounts) {
  HANDLE opened = nullptr;
  if (!::OpenProcessToken(process, TOKEN_QUERY, &opened)) return Win32Status(::GetLastError(), "Opening its token");
  const WindowsHandle token(opened);
  v1::ProcessToken described;
  uint64_t logon = 0;
  const std::vector<char> statistics_bytes = TokenFact(token.get(), TokenStatistics);
  if (const auto* const statistics = As<TOKEN_STATISTICS>(statistics_bytes); statistics != nullptr) {
    logon = Joined(statistics->AuthenticationId);
    described.set_logon_id(LogonIdText(logon));
    described.set_impersonation(statistics->TokenType == TokenImpersonation);
  }
  const std::vector<char> user_bytes = TokenFact(token.get(), TokenUser);
  if (const auto* const user = As<TOKEN_USER>(user_bytes); user != nullptr && user->User.Sid != nullptr) {
    described.set_user_sid(SidText(user->User.Sid));
    described.set_user(accounts.NameOf(user->User.Sid, logon));
  }
  described.set_integrity(IntegrityOf(token.get()));
  described.set_elevated(NumberFact(token.get(), TokenElevation) != 0);
  described.set_app_container(NumberFact(token.get(), TokenIsAppContainer) != 0);
  AddPrivileges(token.get(), described);
  AddGroups(token.get(), described);
  return described;
}

}  // namespace hozen
