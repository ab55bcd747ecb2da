// What the host's resolver remembers.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_DNS_CACHE_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_DNS_CACHE_STATE_H_

#include <cstdint>
#include <string>

#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/state_context.h"

namespace hozen {

// A record for each name and type in the cache, at most 65,536; data and time to live are asked for when the record is
// made, of the cache alone (DNS_QUERY_NO_WIRE_QUERY): the network is never asked, and neither are other ways to find a
// name. What has expired in between has no data. Thread-compatible; `context` must live as long as what is returned.
NextRecord DnsCacheRecords(const StateContext& context);

// Both are thread-safe. "AAAA"; its number where it has no name.
std::string DnsTypeName(uint16_t type);
// The data of a DNS_RECORDW as zone files have it; empty for a type whose data nobody reads.
std::string DnsDataText(const void* record);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_NETWORK_DNS_CACHE_STATE_H_
