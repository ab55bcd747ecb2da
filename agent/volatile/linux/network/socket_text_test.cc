#include "agent/volatile/linux/network/socket_text.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "agent/volatile/linux/network/network_messages.h"
#include "agent/volatile/linux/network/socket_diag.h"
#include "agent/volatile/linux/network/socket_state.h"
#include "agent/volatile/linux/network/testing_attribute.h"
#include "agent/volatile/testing_mutation.h"
#include "core/base/printable.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n"
    "   1: 0201A8C0:D431 08080808:01BB 01 00000010:00000020 02:000000FF 00000000     0        0 4712 2 0 20 4 30 10 "
    "-1\n";
constexpr std::string_view kTcp6 =
    "   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 "
    "00:00000000 "
    "00000000     0        0 99 1 0 100 0 0 10 0\n";
constexpr std::string_view kUnix =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 1062 /run/x y\n"
    "0000000000000000: 00000003 00000000 00000000 0002 03 1063\n"
    "0000000000000000: 00000003 00000000 00000000 0005 01 1064 @/tmp/\xff\n";
constexpr std::string_view kPacket =
    "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"
    "0000000000000000 3      3    0003   2     1 17     0      5555\n";

constexpr std::string_view kNetlink =
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
    "000000001b41c3f2 0   4711       00000551 8        16       0     2        0        1066    \n"
    "0000000000000000 15  0          00000000 0        0        0     2        0        4       \n"
    "0000000000000000 31  4294963201 00000001 0        0        0     2        0        1067    \n";

std::string Native32(uint32_t number) { return std::string(reinterpret_cast<const char*>(&number), sizeof(number)); }

std::string InetAnswer() {
  std::string answer(72, '\0');
  answer[0] = AF_INET;
  answer[1] = 10;
  answer[4] = 0x1F;
  answer[5] = static_cast<char>(0x90);
  std::memcpy(&answer[8], "\x7F\0\0\1", 4);
  answer.replace(56, 4, Native32(3));
  answer.replace(64, 4, Native32(1000));
  answer.replace(68, 4, Native32(4711));
  return answer;
}

std::string UnixAnswer() {
  std::string answer(16, '\0');
  answer[0] = AF_UNIX;
  answer[1] = 1;
  answer[2] = 10;
  answer.replace(4, 4, Native32(77));
  answer += Attribute(0, std::string_view("\0abstract", 9));
  answer += Attribute(2, Native32(78));
  answer += Attribute(7, Native32(33));
  return answer;
}

TEST(SocketTextTest, TcpWithItsEnds) {
  const std::vector<v1::SocketState> sockets = ParseInetSockets(kTcp, "tcp");
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[0].family(), "ipv4");
  EXPECT_EQ(sockets[0].state(), "LISTEN");
  EXPECT_EQ(sockets[0].local_address(), "127.0.0.1");
  EXPECT_EQ(sockets[0].local_port(), 8080u);
  EXPECT_EQ(sockets[0].receive_queue_bytes(), 3u);
  EXPECT_EQ(sockets[0].uid(), 1000u);
  EXPECT_EQ(sockets[0].inode(), 4711u);
  EXPECT_EQ(sockets[1].state(), "ESTABLISHED");
  EXPECT_EQ(sockets[1].remote_address(), "8.8.8.8");
  EXPECT_EQ(sockets[1].remote_port(), 443u);
  EXPECT_EQ(sockets[1].send_queue_bytes(), 16u);
  EXPECT_TRUE(sockets[1].has_uid());
  const std::vector<v1::SocketState> six = ParseInetSockets(kTcp6, "tcp");
  ASSERT_EQ(six.size(), 1u);
  EXPECT_EQ(six[0].family(), "ipv6");
  EXPECT_EQ(six[0].local_address(), "::1");
  EXPECT_EQ(six[0].local_port(), 22u);
}

TEST(SocketTextTest, UnixAndPacket) {
  const std::vector<v1::SocketState> sockets = ParseUnixSockets(kUnix);
  ASSERT_EQ(sockets.size(), 3u);
  EXPECT_EQ(sockets[0].path(), "/run/x y");
  EXPECT_EQ(sockets[0].state(), "LISTEN");
  EXPECT_EQ(sockets[1].type(), "dgram");
  EXPECT_EQ(sockets[1].state(), "CONNECTED");
  EXPECT_EQ(sockets[2].path(), R"(@/tmp/\xff)");
  const std::vector<v1::SocketState> packet = ParsePacketSockets(kPacket);
  ASSERT_EQ(packet.size(), 1u);
  EXPECT_EQ(packet[0].inode(), 5555u);
  EXPECT_EQ(packet[0].interface_index(), 2u);
}

TEST(SocketTextTest, NetlinkTellsWhoTalksToWhichPartOfTheKernel) {
  const std::vector<v1::SocketState> sockets = ParseNetlinkSockets(kNetlink);
  ASSERT_EQ(sockets.size(), 3u);
  EXPECT_EQ(sockets[0].type(), "route");
  EXPECT_EQ(sockets[0].local_port(), 4711u);
  EXPECT_EQ(sockets[0].groups(), 0x551u);
  EXPECT_EQ(sockets[0].receive_queue_bytes(), 8u);
  EXPECT_EQ(sockets[0].inode(), 1066u);
  EXPECT_FALSE(sockets[0].has_uid());
  EXPECT_EQ(sockets[1].type(), "kobject_uevent");
  EXPECT_EQ(sockets[2].type(), "31") << "one that has no name here";
  EXPECT_EQ(sockets[2].local_port(), 4294963201u) << "the kernel chose it";
}

TEST(SocketTextTest, AnswersOfSockDiag) {
  const std::optional<v1::SocketState> inet = ParseInetDiag(InetAnswer(), "tcp");
  ASSERT_TRUE(inet.has_value());
  EXPECT_EQ(inet->local_address(), "127.0.0.1");
  EXPECT_EQ(inet->local_port(), 8080u);
  EXPECT_EQ(inet->state(), "LISTEN");
  EXPECT_EQ(inet->inode(), 4711u);
  EXPECT_EQ(inet->uid(), 1000u);
  EXPECT_FALSE(ParseInetDiag(InetAnswer().substr(0, 71), "tcp").has_value());
  const std::optional<v1::SocketState> local = ParseUnixDiag(UnixAnswer());
  ASSERT_TRUE(local.has_value());
  EXPECT_EQ(local->path(), "@abstract");
  EXPECT_EQ(local->peer_inode(), 78u);
  EXPECT_EQ(local->uid(), 33u);
  EXPECT_EQ(InetDiagRequest(AF_INET, IPPROTO_TCP).size(), 56u);
  EXPECT_EQ(UnixDiagRequest().size(), 24u);
}

TEST(SocketTextTest, OneSocketOfTwoTablesIsOneThatBothShow) {
  SocketTable table;
  EXPECT_TRUE(table.Add(*ParseInetDiag(InetAnswer(), "tcp"), "sock_diag"));
  for (const v1::SocketState& socket : ParseInetSockets(kTcp, "tcp")) EXPECT_TRUE(table.Add(socket, "/proc/net/tcp"));
  const std::vector<v1::SocketState> sockets = table.Release();
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_THAT(sockets[0].seen_in(), ElementsAre("sock_diag", "/proc/net/tcp"));
  EXPECT_THAT(sockets[1].seen_in(), ElementsAre("/proc/net/tcp"));
}

TEST(SocketTextTest, RoutesWithSeveralHopsAreSeveral) {
  std::string route(12, '\0');
  route[0] = AF_INET;
  route[1] = 24;
  route[4] = static_cast<char>(254);
  route[5] = 2;
  route[7] = 1;
  route += Attribute(1, std::string_view("\x0A\0\0\0", 4));
  const auto hop = [](uint32_t interface_index, std::string_view gateway) {
    const std::string attribute = Attribute(5, gateway);
    const uint16_t size = static_cast<uint16_t>(8 + attribute.size());
    std::string bytes(reinterpret_cast<const char*>(&size), 2);
    bytes += std::string(2, '\0') + Native32(interface_index) + attribute;
    return bytes;
  };
  route += Attribute(9, hop(2, "\x0A\1\1\1") + hop(3, "\x0A\1\1\2"));
  const std::vector<v1::Route> routes = ParseRoute(route);
  ASSERT_EQ(routes.size(), 2u);
  EXPECT_EQ(routes[0].destination(), "10.0.0.0/24");
  EXPECT_EQ(routes[0].gateway(), "10.1.1.1");
  EXPECT_EQ(routes[1].gateway(), "10.1.1.2");
  EXPECT_EQ(routes[1].interface_index(), 3u);
  EXPECT_EQ(routes[0].protocol(), "kernel");
  EXPECT_EQ(routes[0].type(), "unicast");
}

TEST(SocketTextTest, DamagedTablesAndAnswersNeverCrashAndNothingButUtf8ComesOfThem) {
  const auto check = [](const std::vector<v1::SocketState>& sockets) {
    for (const v1::SocketState& socket : sockets) {
      EXPECT_TRUE(IsValidUtf8(socket.path() + socket.state() + socket.local_address()));
    }
  };
  WithMutations(kTcp, 2000, [&](std::string_view text) { check(ParseInetSockets(text, "tcp")); });
  WithMutations(kTcp6, 1000, [&](std::string_view text) { check(ParseInetSockets(text, "tcp")); });
  WithMutations(kUnix, 2000, [&](std::string_view text) { check(ParseUnixSockets(text)); });
  WithMutations(kPacket, 1000, [&](std::string_view text) { check(ParsePacketSockets(text)); });
  WithMutations(kNetlink, 1000, [&](std::string_view text) { check(ParseNetlinkSockets(text)); });
  const auto check_one = [&](const std::optional<v1::SocketState>& socket) {
    if (socket.has_value()) check({*socket});
  };
  WithMutations(InetAnswer(), 2000, [&](std::string_view bytes) { check_one(ParseInetDiag(bytes, "tcp")); });
  WithMutations(UnixAnswer(), 4000, [&](std::string_view bytes) { check_one(ParseUnixDiag(bytes)); });
  const std::string attributes = std::string(16, '\1') + Attribute(3, "eth0") + Attribute(1, "abcdef") +
                                 Attribute(18, Attribute(1, "veth")) + Attribute(9, std::string(24, '\x10'));
  WithMutations(attributes, 4000, [](std::string_view bytes) {
    if (const auto link = ParseLink(bytes); link.has_value()) {
      EXPECT_TRUE(IsValidUtf8(link->name() + link->kind()));
    }
    (void)ParseInterfaceAddress(bytes);
    (void)ParseNeighbour(bytes);
    (void)ParseRoute(bytes);
  });
}

}  // namespace
}  // namespace hozen
