#include "agent/volatile/linux/network/flow_state.h"

#include <sys/socket.h>

#include <string>

#include "agent/volatile/linux/network/testing_attribute.h"
#include "agent/volatile/linux/testing_root.h"
#include "agent/volatile/testing_mutation.h"
#include "core/base/printable.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// As a Debian 12 router shows them; the first is translated.
constexpr std::string_view kTable =
    "ipv4     2 tcp      6 431999 ESTABLISHED src=192.168.1.2 dst=8.8.8.8 sport=54321 dport=443 packets=7 bytes=900 "
    "src=8.8.8.8 dst=203.0.113.9 sport=443 dport=1024 packets=6 bytes=4000 [ASSURED] mark=5 zone=0 use=2\n"
    "ipv4     2 udp      17 28 src=10.0.0.1 dst=10.0.0.2 sport=5353 dport=53 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 "
    "sport=53 dport=5353 mark=0 use=1\n"
    "ipv6     10 icmpv6   58 29 src=fe80::1 dst=fe80::2 type=128 code=0 id=7 src=fe80::2 dst=fe80::1 type=129 code=0 "
    "id=7 mark=0 use=1\n"
    "ipv4     2 tcp      6 src=10.0.0.3 dst=10.0.0.4 sport=1 dport=2 src=10.0.0.4 dst=10.0.0.3 sport=2 dport=1 "
    "[OFFLOAD] mark=0 use=1\n";

std::string Tuple(std::string_view source, std::string_view destination, std::string_view ports) {
  return Attribute(0x8001, Attribute(1, source) + Attribute(2, destination)) +
         Attribute(0x8002, Attribute(1, "\x06") + Attribute(2, ports.substr(0, 2)) + Attribute(3, ports.substr(2)));
}

// As ctnetlink answers; every number is in the network's order.
std::string Answer() {
  const std::string_view here("\x0A\0\0\1", 4), there("\x0A\0\0\2", 4);
  const std::string_view seven("\0\0\0\0\0\0\0\7", 8);
  return std::string("\2\0\0\0", 4) + Attribute(0x8001, Tuple(here, there, "\x30\x39\x01\xBB")) +
         Attribute(0x8002, Tuple(there, here, "\x01\xBB\x30\x39")) + Attribute(3, std::string_view("\0\0\0\x16", 4)) +
         Attribute(0x8004, Attribute(0x8001, Attribute(1, "\x03"))) +
         Attribute(7, std::string_view("\0\6\x97\x7F", 4)) + Attribute(8, std::string_view("\0\0\0\5", 4)) +
         Attribute(0x8009, Attribute(1, seven) + Attribute(2, seven));
}

TEST(FlowStateTest, LinesOfTheTable) {
  const std::vector<v1::Flow> flows = ParseFlows(kTable);
  ASSERT_EQ(flows.size(), 4u);
  const v1::Flow& translated = flows[0];
  EXPECT_EQ(translated.protocol(), "tcp");
  EXPECT_EQ(translated.state(), "ESTABLISHED");
  EXPECT_EQ(translated.expires_s(), 431999u);
  EXPECT_EQ(translated.source_address(), "192.168.1.2");
  EXPECT_EQ(translated.source_port(), 54321u);
  EXPECT_EQ(translated.destination_address(), "8.8.8.8");
  EXPECT_EQ(translated.destination_port(), 443u);
  EXPECT_EQ(translated.reply_destination_address(), "203.0.113.9") << "whom the answers are sent to";
  EXPECT_EQ(translated.reply_destination_port(), 1024u);
  EXPECT_EQ(translated.sent_bytes(), 900u);
  EXPECT_EQ(translated.received_packets(), 6u);
  EXPECT_EQ(translated.mark(), 5u);
  EXPECT_THAT(translated.status(), ElementsAre("ASSURED"));
  EXPECT_EQ(flows[1].state(), "");
  EXPECT_THAT(flows[1].status(), ElementsAre("UNREPLIED"));
  EXPECT_EQ(flows[1].reply_source_port(), 53u);
  EXPECT_EQ(flows[2].family(), "ipv6");
  EXPECT_EQ(flows[2].protocol(), "icmpv6");
  EXPECT_EQ(flows[2].source_address(), "fe80::1");
  EXPECT_EQ(flows[3].expires_s(), 0u) << "one that the hardware has taken over does not expire";
  EXPECT_EQ(flows[3].state(), "");
  EXPECT_EQ(flows[3].source_port(), 1u);
  EXPECT_THAT(ParseFlows("ipv4 2 tcp six 1 src=1\nnothing\n\nipv4 2 tcp 6 5 CLOSE mark=0"), IsEmpty());
}

TEST(FlowStateTest, AnswersOfTheKernel) {
  const std::optional<v1::Flow> flow = ParseFlowAnswer(Answer());
  ASSERT_TRUE(flow.has_value());
  EXPECT_EQ(flow->family(), "ipv4");
  EXPECT_EQ(flow->protocol(), "tcp");
  EXPECT_EQ(flow->state(), "ESTABLISHED");
  EXPECT_EQ(flow->source_address(), "10.0.0.1");
  EXPECT_EQ(flow->source_port(), 12345u);
  EXPECT_EQ(flow->destination_port(), 443u);
  EXPECT_EQ(flow->reply_source_address(), "10.0.0.2");
  EXPECT_EQ(flow->reply_destination_port(), 12345u);
  EXPECT_EQ(flow->expires_s(), 431999u);
  EXPECT_EQ(flow->sent_packets(), 7u);
  EXPECT_EQ(flow->received_bytes(), 0u) << "nobody counted";
  EXPECT_EQ(flow->mark(), 5u);
  EXPECT_THAT(flow->status(), ElementsAre("ASSURED", "SRC_NAT"));
  EXPECT_FALSE(ParseFlowAnswer(Answer().substr(0, 4)).has_value());
}

TEST(FlowStateTest, DamagedOnesNeverCrashAndNothingButUtf8ComesOfThem) {
  WithMutations(kTable, 3000, [](std::string_view text) {
    for (const v1::Flow& flow : ParseFlows(text)) {
      EXPECT_TRUE(IsValidUtf8(flow.state() + flow.source_address() + flow.protocol() + flow.reply_source_address()));
      for (const std::string& status : flow.status()) EXPECT_TRUE(IsValidUtf8(status));
    }
  });
  WithMutations(Answer(), 3000, [](std::string_view bytes) {
    const std::optional<v1::Flow> flow = ParseFlowAnswer(bytes);
    EXPECT_TRUE(!flow.has_value() || IsValidUtf8(flow->state() + flow->source_address()));
  });
}

TEST(FlowStateTest, EachNamespaceHasItsTableOnce) {
  const TestingRoot root;
  for (const auto& [name, inode] : {std::pair("self", 1), std::pair("10", 1), std::pair("11", 2), std::pair("12", 2)}) {
    root.Link(std::string("/proc/") + name + "/ns/net", "net:[" + std::to_string(inode) + "]");
    root.Write(std::string("/proc/") + name + "/net/nf_conntrack",
               inode == 1 ? kTable : kTable.substr(0, kTable.find('\n')));
  }
  std::vector<uint64_t> seen;
  for (const v1::VolatileRecord& record : FlowRecords(KernelFiles(root.path()))) {
    ASSERT_TRUE(record.has_flow()) << record.ShortDebugString();
    seen.push_back(record.flow().network_namespace());
  }
  EXPECT_THAT(seen, ElementsAre(1, 1, 1, 1, 2));
}

TEST(FlowStateTest, AKernelThatTracksNothingIsToldApart) {
  const TestingRoot root;
  root.Link("/proc/self/ns/net", "net:[1]");
  const std::vector<v1::VolatileRecord> records = FlowRecords(KernelFiles(root.path()));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].missing().what(), "connection tracking");
  EXPECT_EQ(records[0].missing().failure().cause(), v1::CAUSE_NOT_FOUND);
}

}  // namespace
}  // namespace hozen
