#include "agent/volatile/windows/network/dns_cache_state.h"

// Before windows.h.
#include <winsock2.h>
#include <ws2tcpip.h>
// Before windns.h.
#include <windows.h>
// After windows.h.
#include <windns.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/interface_address.h"
#include "agent/volatile/windows/system_function.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr size_t kMost = 65'536;
constexpr size_t kMostData = 1'024;  // of one name and type
constexpr size_t kMostTexts = 256;   // of one TXT record

// Not documented: as osquery (its table dns_cache) and wine's tests (dlls/dnsapi/tests/cache.c) declare it. Only its
// first three members are looked at.
struct CacheEntry {
  CacheEntry* next;
  const wchar_t* name;
  uint16_t type;
  uint16_t data_size;
  uint32_t flags;
};
using GetCacheData = BOOL(WINAPI*)(CacheEntry**);
using Query = decltype(&::DnsQuery_W);
using Free = void(WINAPI*)(void*, DNS_FREE_TYPE);

// Of the cache, and of nothing that would send: neither name servers nor NetBIOS nor multicast.
constexpr DWORD kCacheAlone = DNS_QUERY_NO_WIRE_QUERY | 0x80 /* NO_NETBT */ | 0x800 /* NO_MULTICAST */;
constexpr DWORD kNoHostsFile = 0x40;

struct TypeName {
  uint16_t type;
  std::string_view name;
};
constexpr TypeName kTypes[] = {{1, "A"},    {2, "NS"},    {5, "CNAME"}, {6, "SOA"},   {12, "PTR"},   {15, "MX"},
                               {16, "TXT"}, {28, "AAAA"}, {33, "SRV"},  {64, "SVCB"}, {65, "HTTPS"}, {255, "ANY"}};

std::string AddressOf(const DNS_RECORDW& record) {
  if (record.wType == DNS_TYPE_A) {
    sockaddr_in four = {};
    four.sin_family = AF_INET;
    std::memcpy(&four.sin_addr, &record.Data.A.IpAddress, sizeof(four.sin_addr));
    return SocketAddressText(&four, sizeof(four));
  }
  sockaddr_in6 six = {};
  six.sin6_family = AF_INET6;
  std::memcpy(&six.sin6_addr, &record.Data.AAAA.Ip6Address, sizeof(six.sin6_addr));
  return SocketAddressText(&six, sizeof(six));
}

class DnsCache {
 public:
  explicit DnsCache(const StateContext& context)
      : context_(context),
        query_(SystemFunction<Query>(L"dnsapi.dll", "DnsQuery_W")),
        free_(SystemFunction<Free>(L"dnsapi.dll", "DnsFree")) {
    const auto get = SystemFunction<GetCacheData>(L"dnsapi.dll", "DnsGetCacheDataTable");
    if (get == nullptr || query_ == nullptr || free_ == nullptr) {
      missing_.push_back(MakeFailure(v1::CAUSE_NOT_SUPPORTED, "this Windows does not tell of its cache"));
      return;
    }
    CacheEntry* entry = nullptr;
    ::SetLastError(ERROR_SUCCESS);
    if (!get(&entry)) {
      // It need not set an error where the resolver's service does not run, nor where the cache is empty.
      const DWORD error = ::GetLastError();
      missing_.push_back(error == ERROR_SUCCESS
                             ? MakeFailure(v1::CAUSE_NOT_FOUND, "the cache is empty, or its service does not run")
                             : FailureOf(Win32Status(error, "Asking for the cache")));
      return;
    }
    Keep(entry);
  }

  std::optional<v1::VolatileRecord> Next() {
    if (at_ < names_.size() && context_.keep_on && !context_.keep_on()) {
      at_ = names_.size();
      missing_.push_back(MakeFailure(v1::CAUSE_TIMED_OUT, "collecting ended"));
    }
    if (at_ < names_.size()) return Asked(names_[at_++]);
    if (missing_.empty()) return std::nullopt;
    v1::VolatileRecord record = MissingRecord("cache", std::move(missing_.back()));
    missing_.pop_back();
    return record;
  }

 private:
  struct Name {
    std::wstring name;
    uint16_t type = 0;
  };

  // The list is the caller's, entry by entry.
  void Keep(CacheEntry* entry) {
    while (entry != nullptr) {
      if (names_.size() < kMost && entry->name != nullptr) names_.push_back({.name = entry->name, .type = entry->type});
      CacheEntry* const next = entry->next;
      if (names_.size() == kMost && next != nullptr && missing_.empty()) {
        missing_.push_back(MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMost, " are here")));
      }
      free_(const_cast<wchar_t*>(entry->name), DnsFreeFlat);
      free_(entry, DnsFreeFlat);
      entry = next;
    }
  }

  DNS_STATUS Ask(const Name& name, DWORD more, std::shared_ptr<DNS_RECORDW>& records) const {
    DNS_RECORDW* found = nullptr;
    const DNS_STATUS status = query_(name.name.c_str(), name.type, kCacheAlone | more, nullptr,
                                     reinterpret_cast<DNS_RECORD**>(&found), nullptr);
    records = std::shared_ptr<DNS_RECORDW>(found, [free = free_](DNS_RECORDW* list) {
      if (list != nullptr) free(list, DnsFreeRecordList);
    });
    return status;
  }

  v1::VolatileRecord Asked(const Name& name) const {
    v1::VolatileRecord record;
    v1::DnsCacheEntry& entry = *record.mutable_dns_cache_entry();
    entry.set_name(WideText(name.name));
    entry.set_type(DnsTypeName(name.type));
    std::shared_ptr<DNS_RECORDW> records;
    DNS_STATUS status = Ask(name, kNoHostsFile, records);
    if (status != 0) {
      std::shared_ptr<DNS_RECORDW> hosts;
      if (Ask(name, 0, hosts) == 0 && hosts != nullptr) {
        records = std::move(hosts);
        entry.set_hosts_file(true);
        status = 0;
      }
    }
    entry.set_negative(status == DNS_ERROR_RCODE_NAME_ERROR || status == DNS_INFO_NO_RECORDS);
    size_t count = 0;
    for (const DNS_RECORDW* one = records.get(); one != nullptr && count < kMostData; one = one->pNext, ++count) {
      const std::string text = DnsDataText(one);
      // Behind an alias stand the data of the name that it leads to.
      entry.add_data(one->wType == name.type ? text : Concat(DnsTypeName(one->wType), " ", text));
      entry.set_expires_s(count == 0 ? one->dwTtl : std::min<uint32_t>(entry.expires_s(), one->dwTtl));
    }
    return record;
  }

  const StateContext& context_;
  const Query query_;
  const Free free_;
  std::vector<Name> names_;
  size_t at_ = 0;
  std::vector<v1::Failure> missing_;
};

}  // namespace

std::string DnsTypeName(uint16_t type) {
  for (const TypeName& each : kTypes) {
    if (each.type == type) return std::string(each.name);
  }
  return Concat(type);
}

std::string DnsDataText(const void* of) {
  const DNS_RECORDW& record = *static_cast<const DNS_RECORDW*>(of);
  switch (record.wType) {
    case DNS_TYPE_A:
    case DNS_TYPE_AAAA:
      return AddressOf(record);
    case DNS_TYPE_NS:
    case DNS_TYPE_CNAME:
    case DNS_TYPE_PTR:
      return WideText(record.Data.PTR.pNameHost);
    case DNS_TYPE_MX:
      return Concat(record.Data.MX.wPreference, " ", WideText(record.Data.MX.pNameExchange));
    case DNS_TYPE_SRV:
      return Concat(record.Data.SRV.wPriority, " ", record.Data.SRV.wWeight, " ", record.Data.SRV.wPort, " ",
                    WideText(record.Data.SRV.pNameTarget));
    case DNS_TYPE_SOA:
      return Concat(WideText(record.Data.SOA.pNamePrimaryServer), " ", WideText(record.Data.SOA.pNameAdministrator),
                    " ", record.Data.SOA.dwSerialNo);
    case DNS_TYPE_TEXT: {
      std::string text;
      const size_t count = std::min<size_t>(record.Data.TXT.dwStringCount, kMostTexts);
      for (size_t i = 0; i < count; ++i) text += Concat(i == 0 ? "" : " ", WideText(record.Data.TXT.pStringArray[i]));
      return text;
    }
    default:
      return "";
  }
}

NextRecord DnsCacheRecords(const StateContext& context) {
  // std::function wants what can be copied.
  const auto cache = std::make_shared<DnsCache>(context);
  return [cache] { return cache->Next(); };
}

}  // namespace hozen
