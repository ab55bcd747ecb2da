#include "agent/volatile/windows/network/network_state.h"

// Before windows.h.
#include <winsock2.h>
#include <ws2tcpip.h>
// Before iphlpapi.h.
#include <iphlpapi.h>
#include <windows.h>
// After iphlpapi.h.
#include <netioapi.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/interface_address.h"
#include "agent/volatile/windows/system_function.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr size_t kMost = 65'536;
constexpr ULONG kFirstBytes = 64 << 10;
constexpr ULONG kMostBytes = 16 << 20;
constexpr ULONG kLess =
    GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER | GAA_FLAG_INCLUDE_ALL_INTERFACES;

struct Name {
  uint32_t number;
  std::string_view name;
};

// https://learn.microsoft.com/en-us/windows/win32/api/iptypes/ns-iptypes-ip_adapter_addresses_lh (IfType)
constexpr Name kKinds[] = {{6, "ethernet"}, {9, "token_ring"}, {23, "ppp"},     {24, "loopback"}, {37, "atm"},
                           {53, "virtual"}, {71, "wireless"},  {131, "tunnel"}, {243, "mobile"},  {244, "mobile"}};
constexpr Name kOperations[] = {{1, "UP"},      {2, "DOWN"},        {3, "TESTING"},         {4, "UNKNOWN"},
                                {5, "DORMANT"}, {6, "NOT_PRESENT"}, {7, "LOWER_LAYER_DOWN"}};
constexpr Name kAdapterFlags[] = {{IP_ADAPTER_DDNS_ENABLED, "DDNS"},
                                  {IP_ADAPTER_DHCP_ENABLED, "DHCP"},
                                  {IP_ADAPTER_RECEIVE_ONLY, "RECEIVE_ONLY"},
                                  {IP_ADAPTER_NO_MULTICAST, "NO_MULTICAST"},
                                  {IP_ADAPTER_NETBIOS_OVER_TCPIP_ENABLED, "NETBIOS"},
                                  {IP_ADAPTER_IPV4_ENABLED, "IPV4"},
                                  {IP_ADAPTER_IPV6_ENABLED, "IPV6"},
                                  {IP_ADAPTER_IPV6_MANAGE_ADDRESS_CONFIG, "DHCPV6"}};
// NL_NEIGHBOR_STATE
constexpr Name kNeighbourStates[] = {{0, "UNREACHABLE"}, {1, "INCOMPLETE"}, {2, "PROBE"},    {3, "DELAY"},
                                     {4, "STALE"},       {5, "REACHABLE"},  {6, "PERMANENT"}};
// NL_ROUTE_PROTOCOL
constexpr Name kProtocols[] = {
    {1, "other"}, {2, "local"}, {3, "static"}, {4, "redirect"},       {5, "egp"},        {8, "rip"},
    {13, "ospf"}, {14, "bgp"},  {19, "dhcp"},  {10002, "autostatic"}, {10006, "static"}, {10007, "static_no_dial"}};

template <size_t size>
std::string NameOf(uint32_t number, const Name (&names)[size]) {
  for (const Name& each : names) {
    if (each.number == number) return std::string(each.name);
  }
  return Concat(number);
}

v1::NetworkInterface InterfaceOf(const IP_ADAPTER_ADDRESSES& adapter) {
  v1::NetworkInterface interface_of;
  interface_of.set_index(adapter.IfIndex != 0 ? adapter.IfIndex : adapter.Ipv6IfIndex);
  interface_of.set_name(WideText(adapter.FriendlyName));
  const size_t size = std::min<size_t>(adapter.PhysicalAddressLength, sizeof(adapter.PhysicalAddress));
  interface_of.set_hardware_address(MacText({reinterpret_cast<const char*>(adapter.PhysicalAddress), size}));
  interface_of.set_mtu(adapter.Mtu == UINT32_MAX ? 0 : static_cast<uint32_t>(adapter.Mtu));
  interface_of.set_kind(NameOf(adapter.IfType, kKinds));
  interface_of.add_flags(NameOf(static_cast<uint32_t>(adapter.OperStatus), kOperations));
  for (const Name& flag : kAdapterFlags) {
    if ((adapter.Flags & flag.number) != 0) interface_of.add_flags(std::string(flag.name));
  }
  const auto* address = adapter.FirstUnicastAddress;
  for (size_t count = 0; address != nullptr && count < kMost; address = address->Next, ++count) {
    const auto bytes = static_cast<size_t>(std::max(address->Address.iSockaddrLength, 0));
    const std::string text = SocketAddressText(address->Address.lpSockaddr, bytes);
    if (!text.empty()) interface_of.add_addresses(Concat(text, "/", int{address->OnLinkPrefixLength}));
  }
  return interface_of;
}

v1::Neighbour NeighbourOf(const MIB_IPNET_ROW2& row) {
  v1::Neighbour neighbour;
  neighbour.set_address(SocketAddressText(&row.Address, sizeof(row.Address)));
  const size_t size = std::min<size_t>(row.PhysicalAddressLength, sizeof(row.PhysicalAddress));
  neighbour.set_hardware_address(MacText({reinterpret_cast<const char*>(row.PhysicalAddress), size}));
  neighbour.set_interface_index(row.InterfaceIndex);
  neighbour.add_states(NameOf(static_cast<uint32_t>(row.State), kNeighbourStates));
  if (row.IsRouter) neighbour.add_states("ROUTER");
  return neighbour;
}

v1::Route RouteOf(const MIB_IPFORWARD_ROW2& row) {
  v1::Route route;
  route.set_family(row.DestinationPrefix.Prefix.si_family == AF_INET6 ? "ipv6" : "ipv4");
  route.set_destination(PrefixText(&row.DestinationPrefix.Prefix, row.DestinationPrefix.PrefixLength));
  const std::string gateway = SocketAddressText(&row.NextHop, sizeof(row.NextHop));
  // On the link itself there is none.
  if (gateway != "0.0.0.0" && gateway != "::") route.set_gateway(gateway);
  route.set_interface_index(row.InterfaceIndex);
  route.set_metric(static_cast<uint32_t>(row.Metric));
  route.set_type(row.Loopback ? "local" : "unicast");
  route.set_protocol(NameOf(static_cast<uint32_t>(row.Protocol), kProtocols));
  return route;
}

class Asker {
 public:
  void AddInterfaces() {
    std::vector<char> bytes(kFirstBytes);
    auto size = static_cast<ULONG>(bytes.size());
    const auto first = [&] { return reinterpret_cast<IP_ADAPTER_ADDRESSES*>(bytes.data()); };
    ULONG error = ::GetAdaptersAddresses(AF_UNSPEC, kLess, nullptr, first(), &size);
    for (int tries = 0; error == ERROR_BUFFER_OVERFLOW && size <= kMostBytes && tries < 3; ++tries) {
      bytes.resize(size);
      error = ::GetAdaptersAddresses(AF_UNSPEC, kLess, nullptr, first(), &size);
    }
    if (error == ERROR_NO_DATA) return;
    if (error != NO_ERROR) return Miss("interfaces", FailureOf(Win32Status(error, "Asking for interfaces")));
    size_t count = 0;
    for (const IP_ADAPTER_ADDRESSES* adapter = first(); adapter != nullptr; adapter = adapter->Next) {
      if (++count > kMost) return MissRest("interfaces");
      v1::NetworkInterface& added = *records_.emplace_back().mutable_network_interface();
      added = InterfaceOf(*adapter);
      names_[added.index()] = added.name();
    }
  }

  void AddNeighbours() {
    AddTable<MIB_IPNET_TABLE2>("neighbours", "GetIpNetTable2", [&](const MIB_IPNET_ROW2& row) {
      v1::Neighbour& added = *records_.emplace_back().mutable_neighbour();
      added = NeighbourOf(row);
      added.set_interface_name(NameOfInterface(added.interface_index()));
    });
  }

  void AddRoutes() {
    AddTable<MIB_IPFORWARD_TABLE2>("routes", "GetIpForwardTable2", [&](const MIB_IPFORWARD_ROW2& row) {
      v1::Route& added = *records_.emplace_back().mutable_route();
      added = RouteOf(row);
      added.set_interface_name(NameOfInterface(added.interface_index()));
    });
  }

  std::vector<v1::VolatileRecord> Release() && { return std::move(records_); }

 private:
  template <typename Table, typename Take>
  void AddTable(std::string_view what, const char* function, const Take& take) {
    using Get = DWORD(WINAPI*)(ADDRESS_FAMILY, Table**);
    using Free = void(WINAPI*)(void*);
    const auto get = SystemFunction<Get>(L"iphlpapi.dll", function);
    const auto free = SystemFunction<Free>(L"iphlpapi.dll", "FreeMibTable");
    if (get == nullptr || free == nullptr) {
      return Miss(what, MakeFailure(v1::CAUSE_NOT_SUPPORTED, Concat("this Windows has no ", function)));
    }
    // One after the other: a host without one of the two still tells of the other.
    for (const ADDRESS_FAMILY family : {AF_INET, AF_INET6}) {
      const std::string of = Concat(what, family == AF_INET ? " of ipv4" : " of ipv6");
      Table* table = nullptr;
      const DWORD error = get(family, &table);
      if (error == ERROR_NOT_FOUND) continue;  // there is none
      if (error != NO_ERROR) {
        Miss(of, FailureOf(Win32Status(error, function)));
        continue;
      }
      const std::unique_ptr<void, Free> owned(table, free);
      const size_t count = std::min<size_t>(table->NumEntries, kMost);
      for (size_t i = 0; i < count; ++i) take(table->Table[i]);
      if (table->NumEntries > kMost) MissRest(of);
    }
  }

  void Miss(std::string_view what, v1::Failure failure) { records_.push_back(MissingRecord(what, std::move(failure))); }

  void MissRest(std::string_view what) {
    Miss(what, MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMost, " are here")));
  }

  std::string NameOfInterface(uint32_t index) const {
    const auto found = names_.find(index);
    return found == names_.end() ? "" : found->second;
  }

  std::vector<v1::VolatileRecord> records_;
  std::map<uint32_t, std::string> names_;
};

}  // namespace

std::vector<v1::VolatileRecord> NetworkRecords(const StateContext& /*context*/) {
  Asker asker;
  asker.AddInterfaces();
  asker.AddNeighbours();
  asker.AddRoutes();
  return std::move(asker).Release();
}

}  // namespace hozen
