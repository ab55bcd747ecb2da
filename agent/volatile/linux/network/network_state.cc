#include "agent/volatile/linux/network/network_state.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/platform/netlink.h"
#include "agent/volatile/linux/network/flow_state.h"
#include "agent/volatile/linux/network/network_messages.h"
#include "agent/volatile/linux/process_list.h"
#include "agent/volatile/record_source.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr size_t kMost = 65536;

class Asker {
 public:
  void AddInterfaces() {
    std::map<uint32_t, v1::NetworkInterface> links;
    Dump("interfaces", kGetLinks, kGetLinksBytes, [&](std::string_view payload) {
      std::optional<v1::NetworkInterface> link = ParseLink(payload);
      if (link.has_value()) links[link->index()] = *std::move(link);
      return links.size() < kMost;
    });
    size_t addresses = 0;
    Dump("addresses", kGetAddresses, kGetAddressesBytes, [&](std::string_view payload) {
      std::optional<InterfaceAddress> address = ParseInterfaceAddress(payload);
      if (address.has_value()) links[address->interface_index].add_addresses(std::move(address->address));
      return ++addresses < kMost;
    });
    for (auto& [index, link] : links) {
      link.set_index(index);
      names_[index] = link.name();
      *records_.emplace_back().mutable_network_interface() = std::move(link);
    }
  }

  void AddNeighbours() {
    size_t count = 0;
    Dump("neighbours", kGetNeighbours, kGetNeighboursBytes, [&](std::string_view payload) {
      std::optional<v1::Neighbour> neighbour = ParseNeighbour(payload);
      if (!neighbour.has_value()) return true;
      neighbour->set_interface_name(NameOf(neighbour->interface_index()));
      *records_.emplace_back().mutable_neighbour() = *std::move(neighbour);
      return ++count < kMost;
    });
  }

  void AddRoutes() {
    size_t count = 0;
    Dump("routes", kGetRoutes, kGetRoutesBytes, [&](std::string_view payload) {
      for (v1::Route& route : ParseRoute(payload)) {
        route.set_interface_name(NameOf(route.interface_index()));
        *records_.emplace_back().mutable_route() = std::move(route);
        ++count;
      }
      return count < kMost;
    });
  }

  void Miss(std::string_view what, v1::Failure failure) { records_.push_back(MissingRecord(what, std::move(failure))); }

  std::vector<v1::VolatileRecord> Release() && { return std::move(records_); }

 private:
  template <typename OnAnswer>
  void Dump(std::string_view what, uint16_t type, size_t header_bytes, const OnAnswer& on_answer) {
    bool all = true;
    const absl::Status status = NetlinkDump(NetlinkFamily::kRoute, type, std::string(header_bytes, '\0'),
                                            [&](uint16_t, std::string_view payload) {
                                              all = on_answer(payload);
                                              return all;
                                            });
    if (!status.ok()) Miss(what, StateFailure(status));
    if (!all) Miss(what, MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMost, " are here")));
  }

  std::string NameOf(uint32_t index) const {
    const auto found = names_.find(index);
    return found == names_.end() ? "" : found->second;
  }

  std::vector<v1::VolatileRecord> records_;
  std::map<uint32_t, std::string> names_;
};

}  // namespace

std::vector<v1::VolatileRecord> NetworkRecords(const KernelFiles& files) {
  Asker asker;
  asker.AddInterfaces();
  asker.AddNeighbours();
  asker.AddRoutes();
  uint64_t unread = 0;
  const size_t namespaces = OneProcessInEach(files, "net", unread).size();
  if (namespaces > 1) {
    asker.Miss("other namespaces of networks",
               MakeFailure(v1::CAUSE_NOT_SUPPORTED,
                           Concat("interfaces, neighbours and routes of ", namespaces - 1,
                                  " other namespaces are not asked for; their sockets are in the kind `sockets`")));
  }
  std::vector<v1::VolatileRecord> records = std::move(asker).Release();
  for (v1::VolatileRecord& record : FlowRecords(files)) records.push_back(std::move(record));
  return records;
}

}  // namespace hozen
