// What the kernel's connection tracking remembers: connections that are over or belong to no process of this host, and
// how addresses are translated.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_NETWORK_FLOW_STATE_H_
#define HOZEN_AGENT_VOLATILE_LINUX_NETWORK_FLOW_STATE_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/volatile/linux/kernel_files.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// /proc/net/nf_conntrack; lines that do not parse are left out. Thread-safe.
std::vector<v1::Flow> ParseFlows(std::string_view text);

// An answer of ctnetlink, by linux/netfilter/nfnetlink_conntrack.h; none where it holds no addresses. Thread-safe.
std::optional<v1::Flow> ParseFlowAnswer(std::string_view payload);

// Of each namespace of networks by /proc/PID/net/nf_conntrack; of a kernel that has no such table, those of our own by
// ctnetlink, where that loads no module. At most 65,536.
std::vector<v1::VolatileRecord> FlowRecords(const KernelFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_NETWORK_FLOW_STATE_H_
