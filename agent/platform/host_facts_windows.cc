// Before windows.h.
#include <winsock2.h>
#include <ws2tcpip.h>
// Before iphlpapi.h.
#include <iphlpapi.h>
#include <windows.h>

#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/platform/disk.h"
#include "agent/platform/host_facts.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMaxAddresses = 64;
constexpr int kMaxDisks = 256;
constexpr ULONG kMostAdapterBytes = 1 << 20;
constexpr wchar_t kVersionKey[] = LR"(SOFTWARE\Microsoft\Windows NT\CurrentVersion)";
constexpr DWORD kFirstBuildOf11 = 22000;

// A protobuf string must be UTF-8, which half of a surrogate pair is not.
std::string Text(std::wstring_view wide) {
  const std::string text = Wtf8OfWide(wide);
  return IsValidUtf8(text) ? text : Printable(text);
}

std::string RegistryText(const wchar_t* key, const wchar_t* value) {
  wchar_t text[512] = {};
  DWORD size = sizeof(text);
  if (::RegGetValueW(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY, nullptr, text, &size) !=
      ERROR_SUCCESS) {
    return "";
  }
  return Text(text);
}

// What GetVersionEx says depends on what the program was built for; this does not.
OSVERSIONINFOW Version() {
  OSVERSIONINFOW version = {};
  version.dwOSVersionInfoSize = sizeof(version);
  using RtlGetVersion = LONG(WINAPI*)(OSVERSIONINFOW*);
  const HMODULE ntdll = ::GetModuleHandleW(L"ntdll.dll");
  const auto get = reinterpret_cast<RtlGetVersion>(reinterpret_cast<void*>(::GetProcAddress(ntdll, "RtlGetVersion")));
  if (get == nullptr || get(&version) != 0) return {};
  return version;
}

// "Windows 10 Pro 22H2 (19045)", as windows_registry.h has it of an offline disk.
std::string SystemVersion(DWORD build) {
  std::string name = RegistryText(kVersionKey, L"ProductName");
  // Its registry says 10 for ever.
  const size_t ten = name.find("Windows 10");
  if (build >= kFirstBuildOf11 && ten == 0) name.replace(8, 2, "11");
  const std::string display = RegistryText(kVersionKey, L"DisplayVersion");
  if (!display.empty()) name += Concat(" ", display);
  return Concat(name.empty() ? "Windows" : name, " (", build, ")");
}

std::string Hostname() {
  wchar_t name[256] = {};
  DWORD size = std::size(name);
  return ::GetComputerNameExW(ComputerNamePhysicalDnsHostname, name, &size) ? Text({name, size}) : "";
}

std::set<std::string> Addresses() {
  std::set<std::string> addresses;
  constexpr ULONG kLess = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
  std::vector<char> bytes(64 << 10);
  auto size = static_cast<ULONG>(bytes.size());
  const auto first = [&] { return reinterpret_cast<IP_ADAPTER_ADDRESSES*>(bytes.data()); };
  ULONG result = ::GetAdaptersAddresses(AF_UNSPEC, kLess, nullptr, first(), &size);
  if (result == ERROR_BUFFER_OVERFLOW && size <= kMostAdapterBytes) {
    bytes.resize(size);
    result = ::GetAdaptersAddresses(AF_UNSPEC, kLess, nullptr, first(), &size);
  }
  if (result != NO_ERROR) return addresses;
  for (const IP_ADAPTER_ADDRESSES* adapter = first(); adapter != nullptr; adapter = adapter->Next) {
    if (adapter->IfType == IF_TYPE_SOFTWARE_LOOPBACK) continue;
    for (const auto* one = adapter->FirstUnicastAddress; one != nullptr && addresses.size() < kMaxAddresses;
         one = one->Next) {
      const sockaddr* const socket = one->Address.lpSockaddr;
      char text[INET6_ADDRSTRLEN] = {};
      const void* const address =
          socket->sa_family == AF_INET
              ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(socket)->sin_addr)
              : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(socket)->sin6_addr);
      if (::inet_ntop(socket->sa_family, address, text, sizeof(text)) != nullptr) addresses.insert(text);
    }
  }
  return addresses;
}

std::string Architecture(const SYSTEM_INFO& system) {
  switch (system.wProcessorArchitecture) {
    case PROCESSOR_ARCHITECTURE_AMD64:
      return "x86_64";
    case PROCESSOR_ARCHITECTURE_ARM64:
      return "aarch64";
    case PROCESSOR_ARCHITECTURE_INTEL:
      return "i686";
    default:
      return "";
  }
}

}  // namespace

v1::HostFacts CollectHostFacts() {
  v1::HostFacts facts;
  facts.set_system("windows");
  const OSVERSIONINFOW version = Version();
  SYSTEM_INFO system = {};
  ::GetNativeSystemInfo(&system);
  facts.set_hostname(Hostname());
  facts.set_system_version(SystemVersion(version.dwBuildNumber));
  facts.set_kernel(Concat(version.dwMajorVersion, ".", version.dwMinorVersion, ".", version.dwBuildNumber));
  facts.set_architecture(Architecture(system));
  facts.set_machine_id(RegistryText(LR"(SOFTWARE\Microsoft\Cryptography)", L"MachineGuid"));
  // To the second, as Linux tells it: both clocks tick in between.
  const absl::Time booted = absl::Now() - absl::Milliseconds(::GetTickCount64());
  facts.set_booted_unix_ns(absl::ToUnixSeconds(booted) * 1'000'000'000);
  facts.set_cpus(system.dwNumberOfProcessors);
  MEMORYSTATUSEX memory = {};
  memory.dwLength = sizeof(memory);
  if (::GlobalMemoryStatusEx(&memory)) facts.set_memory_bytes(memory.ullTotalPhys);
  for (const LocalDisk& disk : ListLocalDisks()) {
    if (facts.disks_size() == kMaxDisks) break;
    v1::HostFacts::Disk* one = facts.add_disks();
    one->set_path(disk.path);
    one->set_size_bytes(disk.size_bytes);
    one->set_model(IsValidUtf8(disk.model) ? disk.model : Printable(disk.model));
  }
  for (const std::string& address : Addresses()) facts.add_addresses(address);
  return facts;
}

}  // namespace hozen
