#include "agent/volatile/windows/network/dns_cache_state.h"

// Before windows.h.
#include <windows.h>
#include <winsock2.h>
// After windows.h.
#include <windns.h>

#include <string>

#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(DnsDataTextTest, DataAreAsInAZone) {
  DNS_RECORDW record = {};
  record.wType = DNS_TYPE_A;
  record.Data.A.IpAddress = htonl(0xC0000201);
  EXPECT_EQ(DnsDataText(&record), "192.0.2.1");
  wchar_t name[] = L"evil\x1b.example";
  record.wType = DNS_TYPE_CNAME;
  record.Data.CNAME.pNameHost = name;
  EXPECT_EQ(DnsDataText(&record), "evil\\x1b.example");
  record.wType = DNS_TYPE_SRV;
  record.Data.SRV = {.pNameTarget = name, .wPriority = 1, .wWeight = 2, .wPort = 443};
  EXPECT_EQ(DnsDataText(&record), "1 2 443 evil\\x1b.example");
  record.wType = DNS_TYPE_MX;
  record.Data.MX = {.pNameExchange = nullptr, .wPreference = 10};
  EXPECT_EQ(DnsDataText(&record), "10 ");
  record = {};
  record.wType = DNS_TYPE_AAAA;
  record.Data.AAAA.Ip6Address.IP6Byte[15] = 1;
  EXPECT_EQ(DnsDataText(&record), "::1");
  record.wType = 4711;
  EXPECT_EQ(DnsDataText(&record), "");
}

TEST(DnsTypeNameTest, NumbersHaveNames) {
  EXPECT_EQ(DnsTypeName(28), "AAAA");
  EXPECT_EQ(DnsTypeName(4711), "4711");
}

TEST(DnsCacheStateTest, TheCacheIsReadOrSaysWhyNot) {
  const StateContext context;
  const NextRecord next = DnsCacheRecords(context);
  size_t entries = 0;
  for (std::optional<v1::VolatileRecord> record = next(); record.has_value(); record = next()) {
    if (!record->has_dns_cache_entry()) continue;
    ++entries;
    EXPECT_FALSE(record->dns_cache_entry().name().empty());
    EXPECT_FALSE(record->dns_cache_entry().type().empty());
  }
  if (entries == 0) GTEST_SKIP() << "this system's resolver remembers nothing, as wine's";
}

}  // namespace
}  // namespace hozen
