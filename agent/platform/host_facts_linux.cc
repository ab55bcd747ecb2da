#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "agent/platform/disk.h"
#include "agent/platform/host_facts.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr uint64_t kSmallFileBytes = 1 << 20;
constexpr size_t kMaxAddresses = 64;
constexpr size_t kMaxDisks = 256;

std::string SmallFile(const char* path) {
  absl::StatusOr<std::string> bytes = ReadWholeFile(path, kSmallFileBytes);
  return bytes.ok() ? *std::move(bytes) : std::string();
}

// os-release quotes as a shell does; the names that distributions write hold no escapes, so quotes are all there is.
std::string PrettyName() {
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const std::string text = SmallFile(path);
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      if (!absl::ConsumePrefix(&line, "PRETTY_NAME=")) continue;
      line = absl::StripAsciiWhitespace(line);
      if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front()) {
        line = line.substr(1, line.size() - 2);
      }
      return std::string(line);
    }
  }
  return "";
}

int64_t BootedUnixNs() {
  const std::string text = SmallFile("/proc/stat");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    int64_t seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") && absl::SimpleAtoi(line, &seconds)) return seconds * 1'000'000'000;
  }
  return 0;
}

std::set<std::string> Addresses() {
  std::set<std::string> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr && addresses.size() < kMaxAddresses; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    char text[INET6_ADDRSTRLEN] = {};
    const void* address = nullptr;
    if (one->ifa_addr->sa_family == AF_INET) {
      address = &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr;
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      address = &reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr;
    } else {
      continue;
    }
    if (inet_ntop(one->ifa_addr->sa_family, address, text, sizeof(text)) != nullptr) addresses.insert(text);
  }
  return addresses;
}

// A protobuf string must be UTF-8, and files of the host may say anything.
std::string Text(std::string_view bytes) { return IsValidUtf8(bytes) ? std::string(bytes) : Printable(bytes); }

}  // namespace

v1::HostFacts CollectHostFacts() {
  v1::HostFacts facts;
  facts.set_system("linux");
  utsname name = {};
  if (uname(&name) == 0) {
    facts.set_hostname(Text(name.nodename));
    facts.set_kernel(Text(name.release));
    facts.set_architecture(Text(name.machine));
  }
  facts.set_system_version(Text(PrettyName()));
  const std::string machine_id = SmallFile("/etc/machine-id");
  facts.set_machine_id(Text(StdView(absl::StripAsciiWhitespace(machine_id))));
  facts.set_booted_unix_ns(BootedUnixNs());
  if (const long cpus = sysconf(_SC_NPROCESSORS_ONLN); cpus > 0) facts.set_cpus(static_cast<uint32_t>(cpus));
  struct sysinfo memory = {};
  if (sysinfo(&memory) == 0) facts.set_memory_bytes(uint64_t{memory.totalram} * memory.mem_unit);
  for (const LocalDisk& disk : ListLocalDisks()) {
    if (static_cast<size_t>(facts.disks_size()) == kMaxDisks) break;
    v1::HostFacts::Disk* one = facts.add_disks();
    one->set_path(disk.path);
    one->set_size_bytes(disk.size_bytes);
    one->set_model(Text(disk.model));
  }
  for (const std::string& address : Addresses()) facts.add_addresses(address);
  return facts;
}

}  // namespace hozen
