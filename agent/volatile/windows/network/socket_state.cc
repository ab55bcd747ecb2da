#include "agent/volatile/windows/network/socket_state.h"

// Before windows.h.
#include <winsock2.h>
#include <ws2tcpip.h>
// Before iphlpapi.h.
#include <iphlpapi.h>
#include <windows.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <string_view>
#include <type_traits>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/process/process_list.h"
#include "agent/volatile/windows/system_function.h"
#include "core/base/address_text.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr size_t kMostSockets = 65'536;
constexpr DWORD kFirstBytes = 64 << 10;
constexpr DWORD kMostModuleBytes = 64 << 10;
constexpr DWORD kNoScope = 0xFFFFFFFF;
constexpr wchar_t kLibrary[] = L"iphlpapi.dll";

constexpr const char* kStates[] = {"CLOSED",    "LISTEN",     "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT1",
                                   "FIN_WAIT2", "CLOSE_WAIT", "CLOSING",  "LAST_ACK", "TIME_WAIT",   "DELETE_TCB"};
constexpr uint32_t kFirstState = 1;

template <typename Row>
using OwnerModuleFunction = DWORD(WINAPI*)(Row*, TCPIP_OWNER_MODULE_INFO_CLASS, void*, DWORD*);

// Where the fields of a row are called as in no other.
std::string LocalAddress(const MIB_TCPROW_OWNER_MODULE& row) {
  return InternetAddressText({reinterpret_cast<const char*>(&row.dwLocalAddr), sizeof(row.dwLocalAddr)});
}
std::string LocalAddress(const MIB_UDPROW_OWNER_MODULE& row) {
  return InternetAddressText({reinterpret_cast<const char*>(&row.dwLocalAddr), sizeof(row.dwLocalAddr)});
}
std::string LocalAddress(const MIB_TCP6ROW_OWNER_MODULE& row) {
  return InternetAddressText({reinterpret_cast<const char*>(row.ucLocalAddr), sizeof(row.ucLocalAddr)});
}
std::string LocalAddress(const MIB_UDP6ROW_OWNER_MODULE& row) {
  return InternetAddressText({reinterpret_cast<const char*>(row.ucLocalAddr), sizeof(row.ucLocalAddr)});
}
std::string RemoteAddress(const MIB_TCPROW_OWNER_MODULE& row) {
  return InternetAddressText({reinterpret_cast<const char*>(&row.dwRemoteAddr), sizeof(row.dwRemoteAddr)});
}
std::string RemoteAddress(const MIB_TCP6ROW_OWNER_MODULE& row) {
  return InternetAddressText({reinterpret_cast<const char*>(row.ucRemoteAddr), sizeof(row.ucRemoteAddr)});
}

template <typename Row>
constexpr bool kIsTcp = std::is_same_v<Row, MIB_TCPROW_OWNER_MODULE> || std::is_same_v<Row, MIB_TCP6ROW_OWNER_MODULE>;
template <typename Row>
constexpr bool kIsV6 = std::is_same_v<Row, MIB_TCP6ROW_OWNER_MODULE> || std::is_same_v<Row, MIB_UDP6ROW_OWNER_MODULE>;

// The port is in the lower half, in the network's order; the upper is not defined.
uint32_t PortOf(DWORD field) { return ::ntohs(static_cast<u_short>(field & 0xFFFF)); }

class Tables {
 public:
  explicit Tables(const StateContext& context) : context_(context) {
    const absl::StatusOr<std::vector<RunningProcess>> listed = ListRunningProcesses();
    if (listed.ok()) {
      names_ = NamesOf(*listed);
    } else {
      records_.push_back(MissingRecord("the names of owners", FailureOf(listed.status())));
    }
  }

  std::vector<v1::VolatileRecord> Make() {
    AddTable<MIB_TCPROW_OWNER_MODULE, MIB_TCPTABLE_OWNER_MODULE>("GetOwnerModuleFromTcpEntry");
    AddTable<MIB_TCP6ROW_OWNER_MODULE, MIB_TCP6TABLE_OWNER_MODULE>("GetOwnerModuleFromTcp6Entry");
    AddTable<MIB_UDPROW_OWNER_MODULE, MIB_UDPTABLE_OWNER_MODULE>("GetOwnerModuleFromUdpEntry");
    AddTable<MIB_UDP6ROW_OWNER_MODULE, MIB_UDP6TABLE_OWNER_MODULE>("GetOwnerModuleFromUdp6Entry");
    return std::move(records_);
  }

 private:
  template <typename Row>
  static DWORD Ask(void* bytes, DWORD* size) {
    const ULONG family = kIsV6<Row> ? AF_INET6 : AF_INET;
    if constexpr (kIsTcp<Row>) {
      return ::GetExtendedTcpTable(bytes, size, FALSE, family, TCP_TABLE_OWNER_MODULE_ALL, 0);
    } else {
      return ::GetExtendedUdpTable(bytes, size, FALSE, family, UDP_TABLE_OWNER_MODULE, 0);
    }
  }

  template <typename Row, typename Table>
  void AddTable(const char* owner_function) {
    const std::string name = Concat("the table of ", kIsTcp<Row> ? "tcp" : "udp", kIsV6<Row> ? "6" : "4", " sockets");
    const auto most = static_cast<DWORD>(offsetof(Table, table) + kMostSockets * sizeof(Row));
    std::vector<uint64_t> memory;
    DWORD size = kFirstBytes;
    DWORD error = ERROR_INSUFFICIENT_BUFFER;
    // It may grow between two questions.
    while (error == ERROR_INSUFFICIENT_BUFFER && size <= most) {
      const DWORD room = std::min<DWORD>(most, size + size / 4);
      memory.assign(room / sizeof(uint64_t), 0);
      size = static_cast<DWORD>(memory.size() * sizeof(uint64_t));
      const DWORD asked = size;
      error = Ask<Row>(memory.data(), &size);
      if (error == ERROR_INSUFFICIENT_BUFFER) size = std::max(size, asked + 1);
    }
    if (error == ERROR_INSUFFICIENT_BUFFER) {
      records_.push_back(MissingRecord(
          name, MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("there are more than ", kMostSockets, " sockets"))));
      return;
    }
    if (error != NO_ERROR) {
      records_.push_back(MissingRecord(name, FailureOf(Win32Status(error, name))));
      return;
    }
    auto* const table = reinterpret_cast<Table*>(memory.data());
    const size_t there = (memory.size() * sizeof(uint64_t) - offsetof(Table, table)) / sizeof(Row);
    const auto owner_of = SystemFunction<OwnerModuleFunction<Row>>(kLibrary, owner_function);
    for (size_t i = 0; i < std::min<size_t>(table->dwNumEntries, there) && context_.keep_on(); ++i) {
      AddRow(table->table[i], owner_of);
    }
  }

  template <typename Row>
  void AddRow(Row& row, OwnerModuleFunction<Row> owner_of) {
    v1::SocketState& socket = *records_.emplace_back().mutable_socket();
    socket.set_protocol(kIsTcp<Row> ? "tcp" : "udp");
    socket.set_family(kIsV6<Row> ? "ipv6" : "ipv4");
    socket.set_local_address(LocalAddress(row));
    socket.set_local_port(PortOf(row.dwLocalPort));
    if constexpr (kIsV6<Row>) {
      if (row.dwLocalScopeId != kNoScope) socket.set_interface_index(row.dwLocalScopeId);
    }
    if constexpr (kIsTcp<Row>) {
      socket.set_state(TcpStateName(row.dwState));
      socket.set_remote_address(RemoteAddress(row));
      // Where nobody is there yet the field holds anything.
      if (row.dwState != MIB_TCP_STATE_LISTEN) socket.set_remote_port(PortOf(row.dwRemotePort));
      socket.add_seen_in("GetExtendedTcpTable");
    } else {
      socket.set_state("UNCONNECTED");
      socket.add_seen_in("GetExtendedUdpTable");
    }
    const auto created = TimeOfFiletime(static_cast<uint64_t>(row.liCreateTimestamp.QuadPart));
    if (created.has_value()) *socket.mutable_created() = *created;
    // What waits for its end is nobody's any more.
    if (row.dwOwningPid == 0) return;
    v1::SocketOwner& owner = *socket.add_owners();
    owner.set_pid(static_cast<int32_t>(row.dwOwningPid));
    const auto name = names_.find(row.dwOwningPid);
    if (name != names_.end()) owner.set_name(Printable(name->second));
    // The tag of a service, where the process runs services.
    if (row.OwningModuleInfo[0] != 0 && owner_of != nullptr) owner.set_service(ServiceOf(row, owner_of, owner.name()));
  }

  template <typename Row>
  std::string ServiceOf(Row& row, OwnerModuleFunction<Row> owner_of, std::string_view process) {
    DWORD size = 0;
    if (owner_of(&row, TCPIP_OWNER_MODULE_INFO_BASIC, nullptr, &size) != ERROR_INSUFFICIENT_BUFFER) return "";
    if (size < sizeof(TCPIP_OWNER_MODULE_BASIC_INFO) || size > kMostModuleBytes) return "";
    std::vector<uint64_t> memory(size / sizeof(uint64_t) + 1);
    size = static_cast<DWORD>(memory.size() * sizeof(uint64_t));
    if (owner_of(&row, TCPIP_OWNER_MODULE_INFO_BASIC, memory.data(), &size) != NO_ERROR) return "";
    const auto* const info = reinterpret_cast<const TCPIP_OWNER_MODULE_BASIC_INFO*>(memory.data());
    if (info->pModuleName == nullptr) return "";
    const std::string name = WideText(info->pModuleName);
    return name == process ? "" : name;
  }

  const StateContext& context_;
  std::map<uint32_t, std::string> names_;
  std::vector<v1::VolatileRecord> records_;
};

}  // namespace

std::string TcpStateName(uint32_t state) {
  const uint32_t index = state - kFirstState;
  return index < std::size(kStates) ? kStates[index] : Concat(state);
}

std::vector<v1::VolatileRecord> WindowsSocketRecords(const StateContext& context) { return Tables(context).Make(); }

}  // namespace hozen
