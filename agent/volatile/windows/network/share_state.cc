#include "agent/volatile/windows/network/share_state.h"

#include <windows.h>
// After windows.h.
#include <lm.h>
#include <sddl.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/network/mapped_drives.h"
#include "agent/volatile/windows/network/remembered_connections.h"
#include "agent/volatile/windows/system_function.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

namespace hozen {
namespace {

constexpr size_t kMost = 65'536;
constexpr DWORD kAnswerBytes = 1 << 20;
constexpr uint32_t kKindMask = 0xFF;

constexpr std::string_view kKinds[] = {"disk", "printer", "device", "ipc"};
// USE_INFO_2's ui2_status.
constexpr std::string_view kUses[] = {"ok", "paused", "disconnected", "network_error", "connecting", "reconnecting"};

struct Bit {
  uint32_t bit;
  std::string_view name;
};
constexpr Bit kAccess[] = {{PERM_FILE_READ, "read"}, {PERM_FILE_WRITE, "write"}, {PERM_FILE_CREATE, "create"}};

void Put(const SHARE_INFO_2& info, v1::SmbShare& share) {
  share.set_name(WideText(info.shi2_netname));
  share.set_path(WideText(info.shi2_path));
  share.set_kind(ShareKindName(info.shi2_type & kKindMask));
  share.set_special((info.shi2_type & STYPE_SPECIAL) != 0);
  share.set_remark(WideText(info.shi2_remark));
  share.set_users(info.shi2_current_uses);
  if (info.shi2_max_uses != UINT32_MAX) share.set_most_users(info.shi2_max_uses);
}

void Put(const SHARE_INFO_1& info, v1::SmbShare& share) {
  share.set_name(WideText(info.shi1_netname));
  share.set_kind(ShareKindName(info.shi1_type & kKindMask));
  share.set_special((info.shi1_type & STYPE_SPECIAL) != 0);
  share.set_remark(WideText(info.shi1_remark));
}

void Put(const SHARE_INFO_502& info, v1::SmbShare& share) {
  SHARE_INFO_2 same = {};
  same.shi2_netname = info.shi502_netname;
  same.shi2_path = info.shi502_path;
  same.shi2_type = info.shi502_type;
  same.shi2_remark = info.shi502_remark;
  same.shi2_current_uses = info.shi502_current_uses;
  same.shi2_max_uses = info.shi502_max_uses;
  Put(same, share);
  constexpr SECURITY_INFORMATION kParts =
      OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
  wchar_t* text = nullptr;
  if (info.shi502_security_descriptor != nullptr &&
      ::ConvertSecurityDescriptorToStringSecurityDescriptorW(info.shi502_security_descriptor, SDDL_REVISION_1, kParts,
                                                             &text, nullptr)) {
    const LocalMemory owned(text);
    share.set_security_descriptor(WideText(text));
  }
}

void Put(const SESSION_INFO_10& info, v1::SmbSession& session) {
  session.set_client(WideText(info.sesi10_cname));
  session.set_user(WideText(info.sesi10_username));
  session.set_connected_s(info.sesi10_time);
  session.set_idle_s(info.sesi10_idle_time);
}

void Put(const SESSION_INFO_502& info, v1::SmbSession& session) {
  session.set_client(WideText(info.sesi502_cname));
  session.set_user(WideText(info.sesi502_username));
  session.set_open_files(info.sesi502_num_opens);
  session.set_connected_s(info.sesi502_time);
  session.set_idle_s(info.sesi502_idle_time);
  session.set_client_type(WideText(info.sesi502_cltype_name));
  session.set_transport(WideText(info.sesi502_transport));
  session.set_guest((info.sesi502_user_flags & SESS_GUEST) != 0);
}

void Put(const FILE_INFO_3& info, v1::SmbFile& file) {
  file.set_id(info.fi3_id);
  file.set_path(WideText(info.fi3_pathname));
  file.set_user(WideText(info.fi3_username));
  file.set_locks(info.fi3_num_locks);
  for (const Bit& each : kAccess) {
    if ((info.fi3_permissions & each.bit) != 0) file.add_access(std::string(each.name));
  }
}

void Put(const USE_INFO_2& info, v1::SmbConnection& connection) {
  connection.set_local(WideText(info.ui2_local));
  connection.set_remote(WideText(info.ui2_remote));
  const std::string domain = WideText(info.ui2_domainname);
  const std::string user = WideText(info.ui2_username);
  connection.set_user(domain.empty() || user.empty() ? user : Concat(domain, "\\\\", user));
  connection.set_state(info.ui2_status < std::size(kUses) ? std::string(kUses[info.ui2_status])
                                                          : Concat(info.ui2_status));
}

// What every enumeration of the library's does: it fills a buffer of its own, and goes on where it stopped.
using Ask = std::function<DWORD(BYTE** bytes, DWORD* read, DWORD* total, bool restart)>;

class Lister {
 public:
  Lister(const StateContext& context, std::vector<v1::VolatileRecord>& records)
      : context_(context), records_(records), free_(Function<decltype(&::NetApiBufferFree)>("NetApiBufferFree")) {}

  template <typename T>
  static T Function(const char* name) {
    return SystemFunction<T>(L"netapi32.dll", name);
  }

  // Hands each to `take`. What the library says at its end.
  template <typename Info, typename Take>
  DWORD Each(const Ask& ask, const Take& take) const {
    if (free_ == nullptr) return ERROR_CALL_NOT_IMPLEMENTED;
    size_t count = 0;
    for (bool restart = true;; restart = false) {
      if (context_.keep_on && !context_.keep_on()) return ERROR_TIMEOUT;
      BYTE* bytes = nullptr;
      DWORD read = 0, total = 0;
      const DWORD error = ask(&bytes, &read, &total, restart);
      const std::unique_ptr<BYTE, decltype(&::NetApiBufferFree)> owned(bytes, free_);
      if (error != NERR_Success && error != ERROR_MORE_DATA) return error;
      const auto* const found = reinterpret_cast<const Info*>(bytes);
      for (DWORD i = 0; bytes != nullptr && i < read; ++i) {
        if (++count > kMost) return ERROR_TOO_MANY_NAMES;
        take(found[i]);
      }
      if (error == NERR_Success || read == 0) return NERR_Success;
    }
  }

  void Note(std::string_view what, DWORD error) const {
    if (error == NERR_Success || error == ERROR_NO_MORE_ITEMS) return;
    v1::Failure failure;
    if (error == ERROR_TOO_MANY_NAMES) {
      failure = MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMost, " are here"));
    } else if (error == NERR_ServerNotStarted || error == NERR_WkstaNotStarted) {
      failure = MakeFailure(v1::CAUSE_NOT_FOUND, "the service that would know of them does not run");
      failure.set_system_error(static_cast<int32_t>(error));
    } else {
      failure = FailureOf(Win32Status(error, Concat("Asking for ", what)));
    }
    records_.push_back(MissingRecord(what, std::move(failure)));
  }

 private:
  const StateContext& context_;
  std::vector<v1::VolatileRecord>& records_;
  const decltype(&::NetApiBufferFree) free_;
};

void AddShares(const Lister& lister, std::vector<v1::VolatileRecord>& records) {
  const auto list = Lister::Function<decltype(&::NetShareEnum)>("NetShareEnum");
  DWORD resume = 0, level = 0;
  const Ask ask = [&](BYTE** bytes, DWORD* read, DWORD* total, bool restart) -> DWORD {
    if (restart) resume = 0;
    return list == nullptr ? ERROR_CALL_NOT_IMPLEMENTED
                           : list(nullptr, level, bytes, kAnswerBytes, read, total, &resume);
  };
  const auto take = [&](const auto& info) { Put(info, *records.emplace_back().mutable_smb_share()); };
  level = 502;
  DWORD error = lister.Each<SHARE_INFO_502>(ask, take);
  // Whoever may not see who may, or how many there are, still sees names.
  if (error == ERROR_ACCESS_DENIED || error == ERROR_INVALID_LEVEL) {
    level = 2;
    error = lister.Each<SHARE_INFO_2>(ask, take);
  }
  if (error == ERROR_ACCESS_DENIED || error == ERROR_INVALID_LEVEL) {
    level = 1;
    error = lister.Each<SHARE_INFO_1>(ask, take);
  }
  lister.Note("shares", error);
}

void AddSessions(const Lister& lister, std::vector<v1::VolatileRecord>& records) {
  const auto list = Lister::Function<decltype(&::NetSessionEnum)>("NetSessionEnum");
  DWORD resume = 0, level = 0;
  const Ask ask = [&](BYTE** bytes, DWORD* read, DWORD* total, bool restart) -> DWORD {
    if (restart) resume = 0;
    return list == nullptr ? ERROR_CALL_NOT_IMPLEMENTED
                           : list(nullptr, nullptr, nullptr, level, bytes, kAnswerBytes, read, total, &resume);
  };
  const auto take = [&](const auto& info) { Put(info, *records.emplace_back().mutable_smb_session()); };
  level = 502;
  DWORD error = lister.Each<SESSION_INFO_502>(ask, take);
  if (error == ERROR_ACCESS_DENIED || error == ERROR_INVALID_LEVEL) {
    level = 10;
    error = lister.Each<SESSION_INFO_10>(ask, take);
  }
  lister.Note("sessions", error);
}

void AddFiles(const Lister& lister, std::vector<v1::VolatileRecord>& records) {
  const auto list = Lister::Function<decltype(&::NetFileEnum)>("NetFileEnum");
  DWORD_PTR resume = 0;
  const Ask ask = [&](BYTE** bytes, DWORD* read, DWORD* total, bool restart) -> DWORD {
    if (restart) resume = 0;
    return list == nullptr ? ERROR_CALL_NOT_IMPLEMENTED
                           : list(nullptr, nullptr, nullptr, 3, bytes, kAnswerBytes, read, total, &resume);
  };
  lister.Note("open files", lister.Each<FILE_INFO_3>(ask, [&](const FILE_INFO_3& info) {
    Put(info, *records.emplace_back().mutable_smb_file());
  }));
}

void AddConnections(const Lister& lister, std::vector<v1::VolatileRecord>& records) {
  const auto list = Lister::Function<decltype(&::NetUseEnum)>("NetUseEnum");
  DWORD resume = 0;
  const Ask ask = [&](BYTE** bytes, DWORD* read, DWORD* total, bool restart) -> DWORD {
    if (restart) resume = 0;
    return list == nullptr ? ERROR_CALL_NOT_IMPLEMENTED : list(nullptr, 2, bytes, kAnswerBytes, read, total, &resume);
  };
  lister.Note("connections", lister.Each<USE_INFO_2>(ask, [&](const USE_INFO_2& info) {
    Put(info, *records.emplace_back().mutable_smb_connection());
  }));
}

}  // namespace

std::string ShareKindName(uint32_t type) { return type < std::size(kKinds) ? std::string(kKinds[type]) : Concat(type); }

std::vector<v1::VolatileRecord> ShareRecords(const StateContext& context) {
  std::vector<v1::VolatileRecord> records;
  const Lister lister(context, records);
  AddShares(lister, records);
  AddSessions(lister, records);
  AddFiles(lister, records);
  AddConnections(lister, records);
  for (std::vector<v1::VolatileRecord> more : {MappedDrives(), RememberedConnections()}) {
    std::move(more.begin(), more.end(), std::back_inserter(records));
  }
  return records;
}

}  // namespace hozen
