// Sockets of this test, among those of the host.
#include "agent/volatile/windows/network/socket_state.h"

// Before windows.h.
#include <winsock2.h>
#include <ws2tcpip.h>
// After winsock2.h.
#include <windows.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

class SocketStateTest : public ::testing::Test {
 protected:
  SocketStateTest() {
    WSADATA data = {};
    EXPECT_EQ(::WSAStartup(MAKEWORD(2, 2), &data), 0);
  }
  ~SocketStateTest() override {
    for (const SOCKET each : sockets_) ::closesocket(each);
    ::WSACleanup();
  }

  SOCKET Keep(SOCKET one) {
    EXPECT_NE(one, INVALID_SOCKET);
    sockets_.push_back(one);
    return one;
  }

  // wine knows as an owner only a process that has sent or asked for something once, and none of a socket that listens
  // or was accepted.
  static void Touch(SOCKET one) {
    char byte = 0;
    u_long at_once = 1;
    ::ioctlsocket(one, FIONBIO, &at_once);
    ::recv(one, &byte, 1, 0);
    ::send(one, &byte, 1, 0);
  }

  // On the loopback interface; the port that it got.
  uint16_t Bind(SOCKET one, int family) {
    sockaddr_storage address = {};
    int size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    address.ss_family = static_cast<ADDRESS_FAMILY>(family);
    if (family == AF_INET) {
      reinterpret_cast<sockaddr_in*>(&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
      reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr.s6_addr[15] = 1;
    }
    if (::bind(one, reinterpret_cast<const sockaddr*>(&address), size) != 0) return 0;
    Touch(one);
    EXPECT_EQ(::getsockname(one, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }

  std::optional<v1::SocketState> Find(const std::string& protocol, const std::string& family, uint16_t local,
                                      uint16_t remote) {
    const StateContext context{.refused = [](std::string_view) { return std::nullopt; },
                               .keep_on = [] { return true; }};
    for (const v1::VolatileRecord& record : WindowsSocketRecords(context)) {
      EXPECT_FALSE(record.has_missing()) << record.DebugString();
      const v1::SocketState& one = record.socket();
      if (one.protocol() != protocol || one.family() != family || one.local_port() != local) continue;
      if (one.remote_port() == remote) return one;
    }
    return std::nullopt;
  }

  void ExpectOurs(const std::optional<v1::SocketState>& found, bool wine_may_not_know) {
    ASSERT_TRUE(found.has_value());
    if (wine_may_not_know && found->owners().empty()) return;
    ASSERT_EQ(found->owners_size(), 1);
    EXPECT_EQ(found->owners(0).pid(), static_cast<int32_t>(::GetCurrentProcessId()));
    EXPECT_EQ(found->owners(0).name(), "socket_state_test.exe");
    EXPECT_EQ(found->owners(0).service(), "");
  }

  std::vector<SOCKET> sockets_;
};

TEST_F(SocketStateTest, OneThatListensAndBothEndsOfAConnection) {
  const SOCKET listener = Keep(::socket(AF_INET, SOCK_STREAM, 0));
  const uint16_t port = Bind(listener, AF_INET);
  ASSERT_NE(port, 0);
  ASSERT_EQ(::listen(listener, 5), 0);
  const std::optional<v1::SocketState> listens = Find("tcp", "ipv4", port, 0);
  ExpectOurs(listens, true);
  EXPECT_EQ(listens->state(), "LISTEN");
  EXPECT_EQ(listens->local_address(), "127.0.0.1");
  EXPECT_THAT(listens->seen_in(), ::testing::ElementsAre("GetExtendedTcpTable"));

  const SOCKET client = Keep(::socket(AF_INET, SOCK_STREAM, 0));
  const uint16_t clients_port = Bind(client, AF_INET);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  u_long waits = 0;
  ::ioctlsocket(client, FIONBIO, &waits);
  ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ::ioctlsocket(listener, FIONBIO, &waits);
  Touch(client);
  Touch(Keep(::accept(listener, nullptr, nullptr)));
  for (const auto& [local, remote] : {std::pair(clients_port, port), std::pair(port, clients_port)}) {
    const std::optional<v1::SocketState> connected = Find("tcp", "ipv4", local, remote);
    ExpectOurs(connected, local == port);
    EXPECT_EQ(connected->state(), "ESTABLISHED");
    EXPECT_EQ(connected->remote_address(), "127.0.0.1");
  }
}

TEST_F(SocketStateTest, OneOfIpv6) {
  const SOCKET listener = Keep(::socket(AF_INET6, SOCK_STREAM, 0));
  const uint16_t port = Bind(listener, AF_INET6);
  if (port == 0) GTEST_SKIP() << "this machine has no ::1";
  ASSERT_EQ(::listen(listener, 5), 0);
  const std::optional<v1::SocketState> found = Find("tcp", "ipv6", port, 0);
  ExpectOurs(found, true);
  EXPECT_EQ(found->local_address(), "::1");
}

TEST_F(SocketStateTest, OneOfUdp) {
  const SOCKET datagrams = Keep(::socket(AF_INET, SOCK_DGRAM, 0));
  const uint16_t port = Bind(datagrams, AF_INET);
  ASSERT_NE(port, 0);
  const std::optional<v1::SocketState> found = Find("udp", "ipv4", port, 0);
  ExpectOurs(found, false);
  EXPECT_EQ(found->state(), "UNCONNECTED");
  EXPECT_EQ(found->remote_address(), "");
}

TEST(TcpStateNameTest, StatesAreCalledAsElsewhere) {
  EXPECT_EQ(TcpStateName(1), "CLOSED");
  EXPECT_EQ(TcpStateName(2), "LISTEN");
  EXPECT_EQ(TcpStateName(5), "ESTABLISHED");
  EXPECT_EQ(TcpStateName(11), "TIME_WAIT");
  EXPECT_EQ(TcpStateName(12), "DELETE_TCB");
  EXPECT_EQ(TcpStateName(0), "0");
  EXPECT_EQ(TcpStateName(13), "13");
}

}  // namespace
}  // namespace hozen
