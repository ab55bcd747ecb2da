#include "collector/search/bench/made_up_fleet.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr uint64_t kSystems = 12;
constexpr uint64_t kFirstWindows = 8;
constexpr uint64_t kSharedPercent = 80;
// Larger than any list of paths, and a prime: steps of it go through the list once.
constexpr uint64_t kStride = 1'000'000'007;

constexpr const char* kUsers[] = {"tanaka", "suzuki", "akira", "yuki", "admin", "svc-backup", "mori", "k.sato"};
constexpr const char* kLinuxFolders[] = {"Documents", "Downloads",         "projects/build",
                                         ".config",   ".cache/mozilla",    ".local/share",
                                         ".mail/cur", ".cache/thumbnails", "work/reports"};
constexpr const char* kWindowsFolders[] = {
    "Documents", "Downloads", "AppData\\Local\\Temp",    "AppData\\Roaming\\Vendor",
    "Desktop",   "OneDrive",  "AppData\\Local\\Packages"};

std::string WithBackslashes(std::string path) {
  std::replace(path.begin(), path.end(), '/', '\\');
  return path;
}

std::string_view LastParts(std::string_view path, int parts) {
  size_t at = path.size();
  for (int i = 0; i < parts && at != 0 && at != std::string_view::npos; ++i) at = path.rfind('/', at - 1);
  return at == std::string_view::npos ? path : path.substr(at + 1);
}

// A number of its own, before the ending.
std::string Numbered(std::string_view name, uint64_t number) {
  const size_t dot = name.rfind('.');
  const size_t at = dot == std::string_view::npos || name.find('/', dot) != std::string_view::npos ? name.size() : dot;
  return Concat(name.substr(0, at), "-", absl::StrFormat("%07x", number & 0xfffffff), name.substr(at));
}

Digest ContentDigest(uint64_t content) {
  std::string sha256(32, '\0');
  for (int i = 0; i < 4; ++i) {
    const uint64_t part = Mix(content * 4 + i + 1);
    for (int b = 0; b < 8; ++b) sha256[8 * i + b] = static_cast<char>(part >> (8 * b));
  }
  return Digest::FromBytes(sha256).value();
}

}  // namespace

uint64_t Mix(uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

std::string MadeUpFleet::HostId(uint64_t host) { return absl::StrFormat("%016x", host + 1); }
std::string MadeUpFleet::AcquisitionId(uint64_t acquisition) {
  return absl::StrFormat("%016x", (acquisition + 1) << 16);
}

std::string MadeUpFleet::SystemPath(uint64_t system, uint64_t number) const {
  std::string path = options_.real_paths[number];
  if (Mix(number + 77) % 10 < 3) {
    for (char& c : path) {
      if (absl::ascii_isdigit(static_cast<unsigned char>(c))) c = static_cast<char>('0' + (c - '0' + system) % 10);
    }
  }
  if (system < kFirstWindows) return path;
  return Concat(number % 3 == 0 ? "C:\\Windows" : "C:\\Program Files", WithBackslashes(std::move(path)));
}

std::string MadeUpFleet::OwnPath(uint64_t host, uint64_t system, uint64_t number) const {
  const uint64_t mixed = Mix(host << 32 ^ number);
  const std::string name =
      Numbered(LastParts(options_.real_paths[mixed % options_.real_paths.size()], 1 + (mixed >> 40) % 2), mixed >> 20);
  const char* const user = kUsers[(host + (mixed >> 50) % 2) % std::size(kUsers)];
  if (system >= kFirstWindows) {
    return Concat("C:\\Users\\", user, "\\", kWindowsFolders[(mixed >> 44) % std::size(kWindowsFolders)], "\\",
                  WithBackslashes(name));
  }
  if (mixed % 11 == 0) return Concat("/var/log/journal/", absl::StrFormat("%016x", Mix(host)), "/", name);
  return Concat("/home/", user, "/", kLinuxFolders[(mixed >> 44) % std::size(kLinuxFolders)], "/", name);
}

void MadeUpFleet::SetTimes(uint64_t host, uint64_t acquisition, uint64_t content, bool own, SearchEntry& entry) const {
  // Programs come with updates, some two hundred moments a year, within minutes; own files at any time.
  const uint64_t moment = own ? Mix(content) % kFleetSeconds : Mix(Mix(content) % 200) % kFleetSeconds;
  const auto at = [](uint64_t seconds, uint64_t ns) {
    return kFleetBeginsUnixNs + static_cast<int64_t>(seconds % kFleetSeconds) * kNsPerSecond + static_cast<int64_t>(ns);
  };
  entry.modified_unix_ns = at(moment, own ? Mix(content + 1) % kNsPerSecond : 0);
  const uint64_t installed = own ? moment : moment + Mix(host) % 86'400 + Mix(content + 2) % 300;
  entry.changed_unix_ns = own ? entry.modified_unix_ns : at(installed, Mix(content + 3) % kNsPerSecond);
  entry.born_unix_ns = own && content % 2 == 0 ? entry.modified_unix_ns : entry.changed_unix_ns;
  // Read lately, more of them the later.
  const uint64_t before = Mix(content + 4 + acquisition) % (1 + Mix(content + 5) % (60 * 86'400));
  entry.accessed_unix_ns = at(kFleetSeconds - 1 - before, Mix(content + 6) % kNsPerSecond);
}

SearchEntry MadeUpFleet::Make(uint64_t acquisition, uint64_t index) const {
  const uint64_t host = HostOf(acquisition);
  const uint64_t system = Mix(host * 7 + 1) % kSystems;
  const bool own = Mix(index * 31 + host) % 100 >= kSharedPercent;
  SearchEntry entry;
  entry.item_index = index;
  entry.kind = v1::Item::KIND_FILE;
  uint64_t content = 0;
  if (own) {
    const uint64_t round = Mix(index + 13) % 10 < 7 ? 0 : acquisition / options_.hosts;
    const uint64_t number = index + round * 100'000'000;
    entry.path = OwnPath(host, system, number);
    content = Mix(host << 32 ^ number);
  } else {
    const uint64_t number = (Mix(host) % options_.real_paths.size() + index * kStride) % options_.real_paths.size();
    entry.path = SystemPath(system, number);
    content = number * 16 + system / 3;
  }
  entry.size_bytes = Mix(content + 9) % 100 < 3 ? 0 : Mix(content) % 1'000'000 + 1;
  entry.in_listing = Mix(index + acquisition) % 10 == 0;
  if (entry.in_listing) {
    if (Mix(content + 8) % 20 == 0) entry.allocation = Allocation::kDeleted;
  } else {
    entry.sha256 = entry.size_bytes == 0 ? Sha256::Of("") : ContentDigest(content);
  }
  entry.mode = 0100644;
  entry.address = Concat(Mix(content) % 10'000'000);
  SetTimes(host, acquisition, content, own, entry);
  return entry;
}

SearchEntry MadeUpFleet::Some(uint64_t number) const {
  return Make(number % options_.acquisitions, (number >> 20) % options_.items_of_acquisition);
}

}  // namespace hozen
