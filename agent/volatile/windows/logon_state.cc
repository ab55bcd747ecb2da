#include "agent/volatile/windows/logon_state.h"

// Before windows.h.
#include <winsock2.h>
#include <ws2tcpip.h>
// Before ntsecapi.h.
#include <windows.h>
// After windows.h.
#include <ntsecapi.h>
#include <wtsapi32.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/acquire/failure.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/interface_address.h"
#include "agent/volatile/windows/system_function.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr ULONG kMostLogons = 65'536;
constexpr DWORD kMostSessions = 4'096;

// https://learn.microsoft.com/en-us/windows/win32/api/ntsecapi/ne-ntsecapi-security_logon_type
constexpr std::string_view kLogonTypes[] = {"system",
                                            "",
                                            "interactive",
                                            "network",
                                            "batch",
                                            "service",
                                            "proxy",
                                            "unlock",
                                            "network_cleartext",
                                            "new_credentials",
                                            "remote_interactive",
                                            "cached_interactive",
                                            "cached_remote_interactive",
                                            "cached_unlock"};
// https://learn.microsoft.com/en-us/windows/win32/api/wtsapi32/ne-wtsapi32-wts_connectstate_class
constexpr std::string_view kStates[] = {"active", "connected", "connect_query", "shadow", "disconnected",
                                        "idle",   "listen",    "reset",         "down",   "init"};

struct LsaFree {
  void operator()(void* bytes) const { ::LsaFreeReturnBuffer(bytes); }
};

std::string Text(const LSA_UNICODE_STRING& text) {
  if (text.Buffer == nullptr) return "";
  return WideText(std::wstring_view(text.Buffer, text.Length / sizeof(wchar_t)));
}

// "DOMAIN\name", its backslash doubled as in everything printable.
std::string UserText(const std::string& domain, const std::string& name) {
  return domain.empty() || name.empty() ? name : Concat(domain, "\\\\", name);
}

std::string LogonId(const LUID& id) {
  return Concat("0x", absl::Hex(uint64_t{static_cast<uint32_t>(id.HighPart)} << 32 | id.LowPart));
}

void AddLogons(const StateContext& context, std::vector<v1::VolatileRecord>& records) {
  ULONG count = 0;
  LUID* ids = nullptr;
  const NTSTATUS listed = ::LsaEnumerateLogonSessions(&count, &ids);
  if (listed != 0) {
    const absl::Status status = Win32Status(::LsaNtStatusToWinError(listed), "Asking for logons");
    records.push_back(MissingRecord("logons", FailureOf(status)));
    return;
  }
  const std::unique_ptr<LUID, LsaFree> owned(ids);
  for (ULONG i = 0; i < std::min(count, kMostLogons); ++i) {
    if (context.keep_on && !context.keep_on()) return;
    SECURITY_LOGON_SESSION_DATA* data = nullptr;
    const NTSTATUS got = ::LsaGetLogonSessionData(&ids[i], &data);
    if (got == 0 && data != nullptr) {
      const std::unique_ptr<SECURITY_LOGON_SESSION_DATA, LsaFree> owned_data(data);
      *records.emplace_back().mutable_login() = DescribeLogon(data);
      continue;
    }
    constexpr auto kNoSuchLogon = static_cast<NTSTATUS>(0xC000005F);  // STATUS_NO_SUCH_LOGON_SESSION
    v1::Failure failure = FailureOf(Win32Status(::LsaNtStatusToWinError(got), "Asking for a logon"));
    if (got == kNoSuchLogon) failure.set_cause(v1::CAUSE_VANISHED);
    records.push_back(MissingRecord(Concat("logon ", LogonId(ids[i])), std::move(failure)));
  }
  if (count <= kMostLogons) return;
  records.push_back(
      MissingRecord("logons", MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMostLogons, " are here"))));
}

// The terminal services, which not every Windows has.
class DesktopSessions {
 public:
  DesktopSessions()
      : enumerate_(Function<decltype(&::WTSEnumerateSessionsW)>("WTSEnumerateSessionsW")),
        query_(Function<decltype(&::WTSQuerySessionInformationW)>("WTSQuerySessionInformationW")),
        free_(Function<decltype(&::WTSFreeMemory)>("WTSFreeMemory")) {}

  void Add(const StateContext& context, std::vector<v1::VolatileRecord>& records) const {
    if (enumerate_ == nullptr || query_ == nullptr || free_ == nullptr) {
      records.push_back(MissingRecord("desktop sessions",
                                      MakeFailure(v1::CAUSE_NOT_SUPPORTED, "this Windows has no terminal services")));
      return;
    }
    WTS_SESSION_INFOW* sessions = nullptr;
    DWORD count = 0;
    if (!enumerate_(WTS_CURRENT_SERVER_HANDLE, 0, 1, &sessions, &count)) {
      const absl::Status status = Win32Status(::GetLastError(), "Asking for desktop sessions");
      records.push_back(MissingRecord("desktop sessions", FailureOf(status)));
      return;
    }
    const Memory owned(sessions, free_);
    for (DWORD i = 0; i < std::min(count, kMostSessions); ++i) {
      if (context.keep_on && !context.keep_on()) return;
      *records.emplace_back().mutable_login() = LoginOf(sessions[i]);
    }
    if (count <= kMostSessions) return;
    records.push_back(MissingRecord("desktop sessions",
                                    MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMostSessions, " are here"))));
  }

 private:
  using Memory = std::unique_ptr<void, decltype(&::WTSFreeMemory)>;
  struct Answer {
    Memory bytes;
    DWORD size = 0;
  };

  template <typename T>
  static T Function(const char* name) {
    return SystemFunction<T>(L"wtsapi32.dll", name);
  }

  // A session that has just ended says nothing, and so does one that nobody uses.
  Answer Ask(DWORD session, WTS_INFO_CLASS what) const {
    wchar_t* bytes = nullptr;
    DWORD size = 0;
    if (!query_(WTS_CURRENT_SERVER_HANDLE, session, what, &bytes, &size)) bytes = nullptr;
    return {.bytes = Memory(bytes, free_), .size = bytes == nullptr ? 0 : size};
  }

  std::string AskText(DWORD session, WTS_INFO_CLASS what) const {
    const Answer answer = Ask(session, what);
    const std::wstring_view text(static_cast<const wchar_t*>(answer.bytes.get()), answer.size / sizeof(wchar_t));
    return WideText(text.substr(0, text.find(L'\0')));
  }

  std::string AskAddress(DWORD session) const {
    const Answer answer = Ask(session, WTSClientAddress);
    WTS_CLIENT_ADDRESS client = {};
    if (answer.size < sizeof(client)) return "";
    std::memcpy(&client, answer.bytes.get(), sizeof(client));
    // Behind two bytes that mean nothing, where a SOCKADDR has its port.
    if (client.AddressFamily == AF_INET) {
      sockaddr_in four = {};
      four.sin_family = AF_INET;
      std::memcpy(&four.sin_addr, client.Address + 2, sizeof(four.sin_addr));
      return SocketAddressText(&four, sizeof(four));
    }
    if (client.AddressFamily != AF_INET6) return "";
    sockaddr_in6 six = {};
    six.sin6_family = AF_INET6;
    std::memcpy(&six.sin6_addr, client.Address + 2, sizeof(six.sin6_addr));
    return SocketAddressText(&six, sizeof(six));
  }

  v1::LoginState LoginOf(const WTS_SESSION_INFOW& session) const {
    v1::LoginState login;
    login.set_source("wts");
    login.set_type("desktop_session");
    login.set_session(session.SessionId);
    login.set_line(WideText(session.pWinStationName));
    login.set_state(DesktopStateName(static_cast<uint32_t>(session.State)));
    login.set_user(UserText(AskText(session.SessionId, WTSDomainName), AskText(session.SessionId, WTSUserName)));
    login.set_host(AskText(session.SessionId, WTSClientName));
    login.set_address(AskAddress(session.SessionId));
    const Answer answer = Ask(session.SessionId, WTSSessionInfo);
    WTSINFOW info = {};
    if (answer.size < sizeof(info)) return login;
    std::memcpy(&info, answer.bytes.get(), sizeof(info));
    if (const auto at = TimeOfFiletime(static_cast<uint64_t>(info.LogonTime.QuadPart)); at.has_value()) {
      *login.mutable_at() = *at;
    }
    if (const auto last = TimeOfFiletime(static_cast<uint64_t>(info.LastInputTime.QuadPart)); last.has_value()) {
      *login.mutable_last_input() = *last;
    }
    return login;
  }

  const decltype(&::WTSEnumerateSessionsW) enumerate_;
  const decltype(&::WTSQuerySessionInformationW) query_;
  const decltype(&::WTSFreeMemory) free_;
};

}  // namespace

v1::LoginState DescribeLogon(const void* of) {
  const auto& data = *static_cast<const SECURITY_LOGON_SESSION_DATA*>(of);
  v1::LoginState login;
  login.set_source("lsa");
  login.set_type("logon");
  login.set_user(UserText(Text(data.LogonDomain), Text(data.UserName)));
  login.set_logon_id(LogonId(data.LogonId));
  login.set_logon_type(LogonTypeName(data.LogonType));
  login.set_session(data.Session);
  login.set_sid(SidText(data.Sid));
  login.set_authentication(Text(data.AuthenticationPackage));
  login.set_logon_server(Text(data.LogonServer));
  if (const auto at = TimeOfFiletime(static_cast<uint64_t>(data.LogonTime.QuadPart)); at.has_value()) {
    *login.mutable_at() = *at;
  }
  return login;
}

std::string LogonTypeName(uint32_t type) {
  return type < std::size(kLogonTypes) && !kLogonTypes[type].empty() ? std::string(kLogonTypes[type]) : Concat(type);
}

std::string DesktopStateName(uint32_t state) {
  return state < std::size(kStates) ? std::string(kStates[state]) : Concat(state);
}

std::vector<v1::VolatileRecord> LogonRecords(const StateContext& context) {
  std::vector<v1::VolatileRecord> records;
  AddLogons(context, records);
  DesktopSessions().Add(context, records);
  return records;
}

}  // namespace hozen
