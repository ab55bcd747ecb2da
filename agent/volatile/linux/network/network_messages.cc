#include "agent/volatile/linux/network/network_messages.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "agent/volatile/binary_fields.h"
#include "agent/volatile/linux/addresses.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr uint16_t kLinkAddress = 1, kLinkName = 3, kLinkMtu = 4, kLinkInfo = 18, kLinkInfoKind = 1;
constexpr uint16_t kAddress = 1, kLocalAddress = 2;
constexpr uint16_t kNeighbourAddress = 1, kNeighbourHardware = 2;
constexpr uint16_t kRouteTo = 1, kRouteFrom = 2, kRouteInterface = 4, kRouteGateway = 5, kRouteMetric = 6,
                   kRoutePreferredSource = 7, kRouteHops = 9, kRouteTable = 15, kRouteVia = 18;
constexpr size_t kHopBytes = 8;

constexpr std::string_view kLinkFlags[] = {"UP",         "BROADCAST", "DEBUG",     "LOOPBACK", "POINTOPOINT",
                                           "NOTRAILERS", "RUNNING",   "NOARP",     "PROMISC",  "ALLMULTI",
                                           "MASTER",     "SLAVE",     "MULTICAST", "PORTSEL",  "AUTOMEDIA",
                                           "DYNAMIC",    "LOWER_UP",  "DORMANT",   "ECHO"};
constexpr std::string_view kNeighbourStates[] = {"INCOMPLETE", "REACHABLE", "STALE", "DELAY",
                                                 "PROBE",      "FAILED",    "NOARP", "PERMANENT"};
constexpr std::string_view kRouteTypes[] = {"unspecified", "unicast",   "local",     "broadcast",
                                            "anycast",     "multicast", "blackhole", "unreachable",
                                            "prohibit",    "throw",     "nat",       "xresolve"};

struct ProtocolName {
  uint32_t number;
  std::string_view name;
};
constexpr ProtocolName kRouteProtocols[] = {{0, "unspecified"}, {1, "redirect"}, {2, "kernel"}, {3, "boot"},
                                            {4, "static"},      {9, "ra"},       {11, "zebra"}, {12, "bird"},
                                            {16, "dhcp"},       {186, "bgp"},    {188, "ospf"}};

template <size_t size>
std::string NameOf(uint32_t number, const std::string_view (&names)[size]) {
  return number < size ? std::string(names[number]) : Concat(number);
}

template <size_t size, typename Names>
void AddBits(uint32_t bits, const std::string_view (&names)[size], Names& to) {
  for (size_t bit = 0; bit < 32; ++bit) {
    if ((bits >> bit & 1) != 0) *to.Add() = bit < size ? std::string(names[bit]) : Concat("bit ", bit);
  }
}

std::string Text(std::string_view value) { return Printable(value.substr(0, value.find('\0'))); }

// Hardware addresses of tunnels are addresses of the network.
std::string HardwareText(std::string_view value) { return HardwareAddressText(value.substr(0, 32)); }

std::string FamilyName(uint8_t family) {
  return family == AF_INET ? "ipv4" : family == AF_INET6 ? "ipv6" : Concat("family ", int{family});
}

}  // namespace

std::optional<v1::NetworkInterface> ParseLink(std::string_view payload) {
  if (payload.size() < kGetLinksBytes) return std::nullopt;
  v1::NetworkInterface link;
  link.set_index(FieldAt<uint32_t>(payload, 4));
  AddBits(FieldAt<uint32_t>(payload, 8), kLinkFlags, *link.mutable_flags());
  EachAttribute(payload.substr(kGetLinksBytes), [&link](uint16_t type, std::string_view value) {
    if (type == kLinkName) link.set_name(Text(value));
    if (type == kLinkAddress) link.set_hardware_address(HardwareText(value));
    if (type == kLinkMtu) link.set_mtu(FieldAt<uint32_t>(value, 0));
    if (type != kLinkInfo) return;
    EachAttribute(value, [&link](uint16_t inner, std::string_view kind) {
      if (inner == kLinkInfoKind) link.set_kind(Text(kind));
    });
  });
  return link;
}

std::optional<InterfaceAddress> ParseInterfaceAddress(std::string_view payload) {
  if (payload.size() < kGetAddressesBytes) return std::nullopt;
  InterfaceAddress address;
  address.interface_index = FieldAt<uint32_t>(payload, 4);
  std::string local, peer;
  EachAttribute(payload.substr(kGetAddressesBytes), [&](uint16_t type, std::string_view value) {
    if (type == kAddress) peer = AddressText(value);
    if (type == kLocalAddress) local = AddressText(value);
  });
  if (local.empty()) local = std::move(peer);
  if (local.empty()) return std::nullopt;
  address.address = Concat(local, "/", int{FieldAt<uint8_t>(payload, 1)});
  return address;
}

std::optional<v1::Neighbour> ParseNeighbour(std::string_view payload) {
  if (payload.size() < kGetNeighboursBytes) return std::nullopt;
  v1::Neighbour neighbour;
  neighbour.set_interface_index(FieldAt<uint32_t>(payload, 4));
  AddBits(FieldAt<uint16_t>(payload, 8), kNeighbourStates, *neighbour.mutable_states());
  EachAttribute(payload.substr(kGetNeighboursBytes), [&](uint16_t type, std::string_view value) {
    if (type == kNeighbourAddress) neighbour.set_address(AddressText(value));
    if (type == kNeighbourHardware) neighbour.set_hardware_address(HardwareText(value));
  });
  return neighbour;
}

std::vector<v1::Route> ParseRoute(std::string_view payload) {
  if (payload.size() < kGetRoutesBytes) return {};
  v1::Route route;
  route.set_family(FamilyName(FieldAt<uint8_t>(payload, 0)));
  route.set_table(FieldAt<uint8_t>(payload, 4));
  route.set_type(NameOf(FieldAt<uint8_t>(payload, 7), kRouteTypes));
  const uint32_t protocol = FieldAt<uint8_t>(payload, 5);
  const auto* const known = std::find_if(std::begin(kRouteProtocols), std::end(kRouteProtocols),
                                         [protocol](const ProtocolName& one) { return one.number == protocol; });
  route.set_protocol(known == std::end(kRouteProtocols) ? Concat(protocol) : std::string(known->name));
  route.set_destination("default");
  std::vector<v1::Route> routes;
  std::string_view hops;
  const auto read_hop = [](uint16_t type, std::string_view value, v1::Route& to) {
    if (type == kRouteGateway) to.set_gateway(AddressText(value));
    // The address of another family, behind its number.
    if (type == kRouteVia && value.size() > 2) to.set_gateway(AddressText(value.substr(2)));
  };
  EachAttribute(payload.substr(kGetRoutesBytes), [&](uint16_t type, std::string_view value) {
    read_hop(type, value, route);
    if (type == kRouteTo) {
      route.set_destination(Concat(AddressText(value), "/", int{FieldAt<uint8_t>(payload, 1)}));
    } else if (type == kRouteFrom) {
      route.set_source(Concat(AddressText(value), "/", int{FieldAt<uint8_t>(payload, 2)}));
    } else if (type == kRouteInterface) {
      route.set_interface_index(FieldAt<uint32_t>(value, 0));
    } else if (type == kRouteMetric) {
      route.set_metric(FieldAt<uint32_t>(value, 0));
    } else if (type == kRoutePreferredSource) {
      route.set_preferred_source(AddressText(value));
    } else if (type == kRouteTable) {
      route.set_table(FieldAt<uint32_t>(value, 0));
    } else if (type == kRouteHops) {
      hops = value;
    }
  });
  while (hops.size() >= kHopBytes) {
    const size_t size = FieldAt<uint16_t>(hops, 0);
    if (size < kHopBytes || size > hops.size()) break;
    v1::Route& hop = routes.emplace_back(route);
    hop.set_interface_index(FieldAt<uint32_t>(hops, 4));
    EachAttribute(hops.substr(kHopBytes, size - kHopBytes),
                  [&](uint16_t type, std::string_view value) { read_hop(type, value, hop); });
    hops.remove_prefix(std::min((size + 3) / 4 * 4, hops.size()));
  }
  if (routes.empty()) routes.push_back(std::move(route));
  return routes;
}

}  // namespace hozen
