#include "agent/volatile/linux/network/socket_diag.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/volatile/binary_fields.h"
#include "agent/volatile/linux/addresses.h"
#include "agent/volatile/linux/kernel_names.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr uint32_t kAllStates = 0xFFFFFFFF;
constexpr size_t kInetIdBytes = 48;
constexpr size_t kInetAnswerBytes = 72;
constexpr size_t kUnixAnswerBytes = 16;
constexpr uint32_t kUnixShow = 0x01 | 0x04 | 0x10 | 0x40;  // name, peer, queue lengths, owner
constexpr uint16_t kUnixName = 0, kUnixPeer = 2, kUnixQueues = 4, kUnixUid = 7;

template <typename Number>
void Append(Number number, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

uint32_t PortAt(std::string_view payload, size_t offset) { return ntohs(FieldAt<uint16_t>(payload, offset)); }

}  // namespace

std::string InetDiagRequest(uint8_t family, uint8_t protocol) {
  std::string request;
  Append(family, request);
  Append(protocol, request);
  Append(uint16_t{0}, request);  // no extensions
  Append(kAllStates, request);
  request.append(kInetIdBytes, '\0');
  return request;
}

std::string UnixDiagRequest() {
  std::string request;
  Append(uint8_t{AF_UNIX}, request);
  Append(uint8_t{0}, request);
  Append(uint16_t{0}, request);
  Append(kAllStates, request);
  Append(uint32_t{0}, request);  // of any inode
  Append(kUnixShow, request);
  Append(uint64_t{0xFFFFFFFFFFFFFFFF}, request);  // no cookie
  return request;
}

std::optional<v1::SocketState> ParseInetDiag(std::string_view payload, std::string_view protocol) {
  const uint8_t family = FieldAt<uint8_t>(payload, 0);
  if (payload.size() < kInetAnswerBytes || (family != AF_INET && family != AF_INET6)) return std::nullopt;
  const size_t address_bytes = family == AF_INET ? 4 : 16;
  v1::SocketState socket;
  socket.set_protocol(std::string(protocol));
  socket.set_family(family == AF_INET ? "ipv4" : "ipv6");
  socket.set_state(SocketStateName(protocol, FieldAt<uint8_t>(payload, 1)));
  // A raw socket has a protocol where others have a port.
  socket.set_local_port(PortAt(payload, 4));
  socket.set_remote_port(PortAt(payload, 6));
  socket.set_local_address(AddressText(payload.substr(8, address_bytes)));
  socket.set_remote_address(AddressText(payload.substr(24, address_bytes)));
  socket.set_interface_index(FieldAt<uint32_t>(payload, 40));
  socket.set_receive_queue_bytes(FieldAt<uint32_t>(payload, 56));
  socket.set_send_queue_bytes(FieldAt<uint32_t>(payload, 60));
  socket.set_uid(FieldAt<uint32_t>(payload, 64));
  socket.set_inode(FieldAt<uint32_t>(payload, 68));
  return socket;
}

std::optional<v1::SocketState> ParseUnixDiag(std::string_view payload) {
  if (payload.size() < kUnixAnswerBytes || FieldAt<uint8_t>(payload, 0) != AF_UNIX) return std::nullopt;
  v1::SocketState socket;
  socket.set_protocol("unix");
  socket.set_family("unix");
  socket.set_type(SocketTypeName(FieldAt<uint8_t>(payload, 1)));
  socket.set_state(SocketStateName("unix", FieldAt<uint8_t>(payload, 2)));
  socket.set_inode(FieldAt<uint32_t>(payload, 4));
  EachAttribute(payload.substr(kUnixAnswerBytes), [&socket](uint16_t type, std::string_view value) {
    if (type == kUnixName && !value.empty()) {
      // As /proc/net/unix writes it: @ for each NUL of an abstract name; a path ends with one.
      std::string name(value);
      if (name[0] != '\0' && name.back() == '\0') name.pop_back();
      for (char& c : name) c = c == '\0' ? '@' : c;
      socket.set_path(Printable(name));
    } else if (type == kUnixPeer) {
      socket.set_peer_inode(FieldAt<uint32_t>(value, 0));
    } else if (type == kUnixQueues) {
      socket.set_receive_queue_bytes(FieldAt<uint32_t>(value, 0));
      socket.set_send_queue_bytes(FieldAt<uint32_t>(value, 4));
    } else if (type == kUnixUid && value.size() >= 4) {
      socket.set_uid(FieldAt<uint32_t>(value, 0));
    }
  });
  return socket;
}

}  // namespace hozen
