#include "agent/volatile/linux/network/flow_state.h"

#include <arpa/inet.h>
#include <endian.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/platform/netlink.h"
#include "agent/volatile/binary_fields.h"
#include "agent/volatile/linux/addresses.h"
#include "agent/volatile/linux/present_modules.h"
#include "agent/volatile/linux/process_list.h"
#include "agent/volatile/linux/process_text.h"
#include "agent/volatile/linux/text_fields.h"
#include "agent/volatile/record_source.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMost = 65'536;
constexpr size_t kMaxTableBytes = 32 << 20;
constexpr uint16_t kGetFlows = 0x0101;  // IPCTNL_MSG_CT_GET of NFNL_SUBSYS_CTNETLINK
constexpr size_t kHeaderBytes = 4;      // struct nfgenmsg

constexpr uint16_t kOriginal = 1, kReply = 2, kStatus = 3, kProtocolInfo = 4, kTimeout = 7, kMark = 8,
                   kOriginalCounters = 9, kReplyCounters = 10;
constexpr uint16_t kTupleAddresses = 1, kTupleProtocol = 2;
constexpr uint16_t kSource4 = 1, kDestination4 = 2, kSource6 = 3, kDestination6 = 4;
constexpr uint16_t kProtocolNumber = 1, kSourcePort = 2, kDestinationPort = 3;
constexpr uint16_t kPackets = 1, kBytes = 2;
constexpr uint16_t kTcpInfo = 1, kTcpState = 1;

constexpr std::string_view kTcpStates[] = {"NONE",       "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
                                           "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2"};
constexpr uint32_t kSeenReply = 1 << 1, kAssured = 1 << 2, kSourceNat = 1 << 4, kDestinationNat = 1 << 5,
                   kOffload = 1 << 14;

std::string ProtocolName(uint32_t number) {
  switch (number) {
    case 1:
      return "icmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 33:
      return "dccp";
    case 47:
      return "gre";
    case 58:
      return "icmpv6";
    case 132:
      return "sctp";
    case 136:
      return "udplite";
    default:
      return Concat(number);
  }
}

// One direction: the first that a line or an answer tells of is that of the first packet.
struct Direction {
  std::string source, destination;
  uint32_t source_port = 0, destination_port = 0;
  uint64_t packets = 0, bytes = 0;
};

void Fill(Direction sent, Direction received, v1::Flow& flow) {
  flow.set_source_address(std::move(sent.source));
  flow.set_source_port(sent.source_port);
  flow.set_destination_address(std::move(sent.destination));
  flow.set_destination_port(sent.destination_port);
  flow.set_sent_packets(sent.packets);
  flow.set_sent_bytes(sent.bytes);
  flow.set_reply_source_address(std::move(received.source));
  flow.set_reply_source_port(received.source_port);
  flow.set_reply_destination_address(std::move(received.destination));
  flow.set_reply_destination_port(received.destination_port);
  flow.set_received_packets(received.packets);
  flow.set_received_bytes(received.bytes);
}

void TakeMember(std::string_view name, std::string_view value, Direction& direction) {
  if (name == "src") direction.source = Printable(value);
  if (name == "dst") direction.destination = Printable(value);
  if (name == "sport") direction.source_port = NumberOf<uint16_t>(value).value_or(0);
  if (name == "dport") direction.destination_port = NumberOf<uint16_t>(value).value_or(0);
  if (name == "packets") direction.packets = NumberOf<uint64_t>(value).value_or(0);
  if (name == "bytes") direction.bytes = NumberOf<uint64_t>(value).value_or(0);
}

// ipv4 2 tcp 6 431999 ESTABLISHED src=... dst=... sport=1 dport=2 packets=3 bytes=4 src=... [ASSURED] mark=0 use=2
std::optional<v1::Flow> ParseLine(std::string_view line) {
  const std::vector<std::string_view> fields = Fields(line);
  if (fields.size() < 6 || (fields[0] != "ipv4" && fields[0] != "ipv6")) return std::nullopt;
  const auto protocol = NumberOf<uint32_t>(fields[3]);
  if (!protocol.has_value()) return std::nullopt;
  v1::Flow flow;
  flow.set_family(std::string(fields[0]));
  flow.set_protocol(ProtocolName(*protocol));
  Direction directions[2];
  size_t seen = 0;
  for (size_t i = 4; i < fields.size(); ++i) {
    const std::string_view field = fields[i];
    const size_t equals = field.find('=');
    if (field.front() == '[') {
      *flow.add_status() = Printable(field.substr(1, field.size() - 1 - (field.back() == ']' ? 1 : 0)));
    } else if (equals == std::string_view::npos) {
      const auto seconds = NumberOf<uint32_t>(field);
      if (i == 4 && seconds.has_value()) flow.set_expires_s(*seconds);
      if (seen == 0 && !seconds.has_value()) flow.set_state(Printable(field));
    } else if (field.substr(0, equals) == "mark") {
      flow.set_mark(NumberOf<uint32_t>(field.substr(equals + 1)).value_or(0));
    } else {
      if (field.substr(0, equals) == "src" && seen < 2) ++seen;
      if (seen > 0) TakeMember(field.substr(0, equals), field.substr(equals + 1), directions[seen - 1]);
    }
  }
  if (seen == 0) return std::nullopt;
  Fill(std::move(directions[0]), std::move(directions[1]), flow);
  return flow;
}

uint64_t Big64(std::string_view value) { return be64toh(FieldAt<uint64_t>(value, 0)); }
uint32_t Big32(std::string_view value) { return ntohl(FieldAt<uint32_t>(value, 0)); }

void TakeTuple(std::string_view tuple, Direction& direction, v1::Flow& flow) {
  EachAttribute(tuple, [&](uint16_t part, std::string_view inside) {
    EachAttribute(inside, [&](uint16_t type, std::string_view value) {
      if (part == kTupleAddresses && (type == kSource4 || type == kSource6)) direction.source = AddressText(value);
      if (part == kTupleAddresses && (type == kDestination4 || type == kDestination6)) {
        direction.destination = AddressText(value);
      }
      if (part != kTupleProtocol) return;
      if (type == kProtocolNumber) flow.set_protocol(ProtocolName(FieldAt<uint8_t>(value, 0)));
      if (type == kSourcePort) direction.source_port = ntohs(FieldAt<uint16_t>(value, 0));
      if (type == kDestinationPort) direction.destination_port = ntohs(FieldAt<uint16_t>(value, 0));
    });
  });
}

void TakeCounters(std::string_view counters, Direction& direction) {
  EachAttribute(counters, [&](uint16_t type, std::string_view value) {
    if (type == kPackets) direction.packets = Big64(value);
    if (type == kBytes) direction.bytes = Big64(value);
  });
}

void TakeStatus(uint32_t status, v1::Flow& flow) {
  if ((status & kSeenReply) == 0) flow.add_status("UNREPLIED");
  if ((status & kAssured) != 0) flow.add_status("ASSURED");
  if ((status & kSourceNat) != 0) flow.add_status("SRC_NAT");
  if ((status & kDestinationNat) != 0) flow.add_status("DST_NAT");
  if ((status & kOffload) != 0) flow.add_status("OFFLOAD");
}

void TakeProtocolInfo(std::string_view info, v1::Flow& flow) {
  EachAttribute(info, [&flow](uint16_t protocol, std::string_view inside) {
    if (protocol != kTcpInfo) return;
    EachAttribute(inside, [&flow](uint16_t type, std::string_view value) {
      const uint8_t state = FieldAt<uint8_t>(value, 0);
      if (type == kTcpState)
        flow.set_state(state < std::size(kTcpStates) ? std::string(kTcpStates[state]) : Concat(int{state}));
    });
  });
}

class Collector {
 public:
  explicit Collector(const KernelFiles& files) : files_(files) {}

  std::vector<v1::VolatileRecord> Collect() && {
    const absl::StatusOr<std::string> link = files_.ReadLink("/proc/self/ns/net");
    const uint64_t own = link.ok() ? BracketedNumber(*link, "net").value_or(0) : 0;
    if (!AddTable("/proc/self/net/nf_conntrack", own)) AskKernel(own);
    uint64_t unread = 0;
    for (const auto& [inode, pid] : OneProcessInEach(files_, "net", unread)) {
      if (inode != own) AddTable(ProcPath(pid, "net/nf_conntrack"), inode);
    }
    return std::move(records_);
  }

 private:
  // False where there is no such table.
  bool AddTable(const std::string& path, uint64_t network_namespace) {
    const absl::StatusOr<KernelFiles::Text> text = files_.Read(path, kMaxTableBytes);
    if (!text.ok()) {
      if (absl::IsNotFound(text.status())) return false;
      records_.push_back(MissingRecord(path, StateFailure(text.status())));
      return true;
    }
    if (text->cut) records_.push_back(MissingRecord(path, MakeFailure(v1::CAUSE_LIMIT_FILE_BYTES, "it is too long")));
    for (v1::Flow& flow : ParseFlows(text->bytes)) {
      if (!Add(std::move(flow), network_namespace)) break;
    }
    return true;
  }

  void AskKernel(uint64_t network_namespace) {
    const auto none = [this](std::string_view why) {
      records_.push_back(MissingRecord("connection tracking", MakeFailure(v1::CAUSE_NOT_FOUND, why)));
    };
    if (!files_.root().empty()) return none("there is no /proc/net/nf_conntrack");
    const PresentModules modules(files_);
    if (!modules.IsThere("nf_conntrack")) return none("this kernel tracks no connections");
    if (!modules.IsThere("nfnetlink") || !modules.IsThere("nf_conntrack_netlink")) {
      return none(
          "this kernel has no /proc/net/nf_conntrack, and nf_conntrack_netlink is not loaded; loading it would run a "
          "program of the host's");
    }
    const absl::Status status = NetlinkDump(NetlinkFamily::kNetfilter, kGetFlows, std::string(kHeaderBytes, '\0'),
                                            [&](uint16_t, std::string_view payload) {
                                              std::optional<v1::Flow> flow = ParseFlowAnswer(payload);
                                              return !flow.has_value() || Add(*std::move(flow), network_namespace);
                                            });
    if (!status.ok()) records_.push_back(MissingRecord("connection tracking", StateFailure(status)));
  }

  bool Add(v1::Flow flow, uint64_t network_namespace) {
    if (flows_ == kMost) {
      records_.push_back(MissingRecord("connection tracking",
                                       MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMost, " are here"))));
      return false;
    }
    ++flows_;
    flow.set_network_namespace(network_namespace);
    *records_.emplace_back().mutable_flow() = std::move(flow);
    return true;
  }

  const KernelFiles& files_;
  std::vector<v1::VolatileRecord> records_;
  size_t flows_ = 0;
};

}  // namespace

std::vector<v1::Flow> ParseFlows(std::string_view text) {
  std::vector<v1::Flow> flows;
  for (const std::string_view line : Lines(text)) {
    std::optional<v1::Flow> flow = ParseLine(line);
    if (flow.has_value()) flows.push_back(*std::move(flow));
  }
  return flows;
}

std::optional<v1::Flow> ParseFlowAnswer(std::string_view payload) {
  if (payload.size() < kHeaderBytes) return std::nullopt;
  v1::Flow flow;
  flow.set_family(FieldAt<uint8_t>(payload, 0) == AF_INET6 ? "ipv6" : "ipv4");
  Direction sent, received;
  EachAttribute(payload.substr(kHeaderBytes), [&](uint16_t type, std::string_view value) {
    if (type == kOriginal) TakeTuple(value, sent, flow);
    if (type == kReply) TakeTuple(value, received, flow);
    if (type == kOriginalCounters) TakeCounters(value, sent);
    if (type == kReplyCounters) TakeCounters(value, received);
    if (type == kStatus) TakeStatus(Big32(value), flow);
    if (type == kProtocolInfo) TakeProtocolInfo(value, flow);
    if (type == kTimeout) flow.set_expires_s(Big32(value));
    if (type == kMark) flow.set_mark(Big32(value));
  });
  if (sent.source.empty()) return std::nullopt;
  Fill(std::move(sent), std::move(received), flow);
  return flow;
}

std::vector<v1::VolatileRecord> FlowRecords(const KernelFiles& files) { return Collector(files).Collect(); }

}  // namespace hozen
