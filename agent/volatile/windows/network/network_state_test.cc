#include "agent/volatile/windows/network/network_state.h"

// Before windows.h.
#include <winsock2.h>
#include <ws2tcpip.h>

#include <string>
#include <vector>

#include "agent/volatile/windows/interface_address.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::Contains;

TEST(NetworkStateTest, TheLoopbackIsAnInterfaceWithARoute) {
  const StateContext context;
  bool loopback = false, route = false;
  uint32_t index = 0;
  for (const v1::VolatileRecord& record : NetworkRecords(context)) {
    // What wine lacks.
    EXPECT_TRUE(!record.has_missing() || record.missing().failure().cause() == v1::CAUSE_NOT_SUPPORTED)
        << record.ShortDebugString();
    const v1::NetworkInterface& one = record.network_interface();
    if (one.kind() == "loopback") {
      loopback = true;
      index = one.index();
      EXPECT_THAT(one.addresses(), Contains("127.0.0.1/8"));
      EXPECT_THAT(one.flags(), Contains("UP"));
      EXPECT_THAT(one.flags(), Contains("IPV4"));
      EXPECT_FALSE(one.name().empty());
    }
    if (!record.has_route()) continue;
    route = true;
    EXPECT_FALSE(record.route().destination().empty());
    EXPECT_FALSE(record.route().interface_name().empty());
  }
  EXPECT_TRUE(loopback);
  EXPECT_GT(index, 0u);
  EXPECT_TRUE(route);
}

TEST(InterfaceAddressTest, AddressesAreThose) {
  sockaddr_in four = {};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(0xC0000201);
  EXPECT_EQ(SocketAddressText(&four, sizeof(four)), "192.0.2.1");
  EXPECT_EQ(SocketAddressText(&four, sizeof(four) - 1), "");
  EXPECT_EQ(SocketAddressText(nullptr, 28), "");
  sockaddr_in6 six = {};
  six.sin6_family = AF_INET6;
  six.sin6_addr.s6_addr[15] = 1;
  EXPECT_EQ(SocketAddressText(&six, sizeof(six)), "::1");
  // Of an IPv6 address that is cut off nothing is said.
  EXPECT_EQ(SocketAddressText(&six, sizeof(four)), "");
  EXPECT_EQ(PrefixText(&six, 128), "::1/128");
  six.sin6_addr.s6_addr[15] = 0;
  EXPECT_EQ(PrefixText(&six, 0), "default");
  six.sin6_family = 99;
  EXPECT_EQ(PrefixText(&six, 0), "");
  EXPECT_EQ(MacText(std::string("\x02\xff\0\x01", 4)), "02:ff:00:01");
  EXPECT_EQ(MacText(std::string(6, '\0')), "");
  EXPECT_EQ(MacText(""), "");
}

}  // namespace
}  // namespace hozen
