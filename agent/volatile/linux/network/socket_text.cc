#include "agent/volatile/linux/network/socket_text.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "agent/volatile/linux/addresses.h"
#include "agent/volatile/linux/kernel_names.h"
#include "agent/volatile/linux/text_fields.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr uint32_t kListens = 0x10000;  // __SO_ACCEPTCON in /proc/net/unix

struct Endpoint {
  std::string address;  // in bytes
  uint32_t port = 0;
};

std::optional<Endpoint> ParseEndpoint(std::string_view field) {
  const size_t colon = field.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::optional<std::string> address = AddressOfProcNet(field.substr(0, colon));
  const auto port = NumberOf<uint32_t>(field.substr(colon + 1), 16);
  if (!address.has_value() || !port.has_value() || *port > 0xFFFF) return std::nullopt;
  return Endpoint{*std::move(address), *port};
}

std::optional<v1::SocketState> ParseInetLine(std::string_view line, std::string_view protocol) {
  const std::vector<std::string_view> fields = Fields(line);
  if (fields.size() < 10) return std::nullopt;
  const std::optional<Endpoint> local = ParseEndpoint(fields[1]);
  const std::optional<Endpoint> remote = ParseEndpoint(fields[2]);
  const auto state = NumberOf<uint32_t>(fields[3], 16);
  const size_t colon = fields[4].find(':');
  const auto uid = NumberOf<uint32_t>(fields[7]);
  const auto inode = NumberOf<uint64_t>(fields[9]);
  if (!local || !remote || !state || colon == std::string_view::npos || !uid || !inode) return std::nullopt;
  v1::SocketState socket;
  socket.set_protocol(std::string(protocol));
  socket.set_family(local->address.size() == 4 ? "ipv4" : "ipv6");
  socket.set_state(SocketStateName(protocol, *state));
  socket.set_local_address(AddressText(local->address));
  socket.set_local_port(local->port);
  socket.set_remote_address(AddressText(remote->address));
  socket.set_remote_port(remote->port);
  socket.set_send_queue_bytes(NumberOf<uint32_t>(fields[4].substr(0, colon), 16).value_or(0));
  socket.set_receive_queue_bytes(NumberOf<uint32_t>(fields[4].substr(colon + 1), 16).value_or(0));
  socket.set_uid(*uid);
  socket.set_inode(*inode);
  return socket;
}

}  // namespace

std::vector<v1::SocketState> ParseInetSockets(std::string_view text, std::string_view protocol) {
  std::vector<v1::SocketState> sockets;
  for (const std::string_view line : Lines(text)) {
    std::optional<v1::SocketState> socket = ParseInetLine(line, protocol);
    if (socket.has_value()) sockets.push_back(*std::move(socket));
  }
  return sockets;
}

std::vector<v1::SocketState> ParseUnixSockets(std::string_view text) {
  std::vector<v1::SocketState> sockets;
  for (std::string_view line : Lines(text)) {
    const std::string_view number = TakeField(line);
    if (number.empty() || number.back() != ':') continue;
    TakeField(line);  // references
    TakeField(line);  // protocol
    const auto flags = NumberOf<uint32_t>(TakeField(line), 16);
    const auto type = NumberOf<uint32_t>(TakeField(line), 16);
    const auto state = NumberOf<uint32_t>(TakeField(line), 16);
    const auto inode = NumberOf<uint64_t>(TakeField(line));
    if (!flags || !type || !state || !inode) continue;
    v1::SocketState& socket = sockets.emplace_back();
    socket.set_protocol("unix");
    socket.set_family("unix");
    socket.set_type(SocketTypeName(*type));
    socket.set_state((*flags & kListens) != 0 ? "LISTEN" : UnixStateName(*state));
    socket.set_inode(*inode);
    if (!line.empty()) socket.set_path(Printable(line.substr(1)));
  }
  return sockets;
}

std::vector<v1::SocketState> ParsePacketSockets(std::string_view text) {
  std::vector<v1::SocketState> sockets;
  for (const std::string_view line : Lines(text)) {
    // sk RefCnt Type Proto Iface R Rmem User Inode
    const std::vector<std::string_view> fields = Fields(line);
    if (fields.size() < 9) continue;
    const auto type = NumberOf<uint32_t>(fields[2]);
    const auto interface_index = NumberOf<uint32_t>(fields[4]);
    const auto memory = NumberOf<uint32_t>(fields[6]);
    const auto uid = NumberOf<uint32_t>(fields[7]);
    const auto inode = NumberOf<uint64_t>(fields[8]);
    if (!type || !interface_index || !uid || !inode) continue;
    v1::SocketState& socket = sockets.emplace_back();
    socket.set_protocol("packet");
    socket.set_family("packet");
    socket.set_type(SocketTypeName(*type));
    socket.set_interface_index(*interface_index);
    socket.set_receive_queue_bytes(memory.value_or(0));
    socket.set_uid(*uid);
    socket.set_inode(*inode);
  }
  return sockets;
}

std::vector<v1::SocketState> ParseNetlinkSockets(std::string_view text) {
  std::vector<v1::SocketState> sockets;
  for (const std::string_view line : Lines(text)) {
    // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    const std::vector<std::string_view> fields = Fields(line);
    if (fields.size() < 10) continue;
    const auto family = NumberOf<uint32_t>(fields[1]);
    const auto port = NumberOf<uint32_t>(fields[2]);
    const auto groups = NumberOf<uint32_t>(fields[3], 16);
    const auto inode = NumberOf<uint64_t>(fields[9]);
    if (!family || !port || !groups || !inode) continue;
    v1::SocketState& socket = sockets.emplace_back();
    socket.set_protocol("netlink");
    socket.set_family("netlink");
    socket.set_type(NetlinkFamilyName(*family));
    socket.set_local_port(*port);
    socket.set_groups(*groups);
    socket.set_receive_queue_bytes(NumberOf<uint32_t>(fields[4]).value_or(0));
    socket.set_send_queue_bytes(NumberOf<uint32_t>(fields[5]).value_or(0));
    socket.set_inode(*inode);
  }
  return sockets;
}

}  // namespace hozen
