#include "collector/search/bench/questions.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "collector/catalog/path_bytes.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr uint64_t kDeep = 100'000;

constexpr const char* kCommonTexts[] = {"/usr", "share", "python", ".cache", "Program Files", "usr\\lib"};
constexpr const char* kCommonNames[] = {"__init__.py", "Makefile", "copyright", "METADATA", "README", "BUILD"};
constexpr const char* kCommonBytes[] = {"li", "sr", "e/", ".p", "us"};

Digest Absent(uint64_t number) { return Sha256::Of(Concat("absent ", number)); }

std::string Folder(const std::string& path) { return path.substr(0, path.size() - NameOfPath(path).size()); }

std::string Ending(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string() : name.substr(dot);
}

SearchQuery During(uint64_t number, int64_t seconds, SearchQuery query = {}) {
  const int64_t from =
      kFleetBeginsUnixNs + static_cast<int64_t>(Mix(number + 11) % (kFleetSeconds - 86'400)) * kNsPerSecond;
  query.from_unix_ns = from;
  query.to_unix_ns = from + seconds * kNsPerSecond;
  return query;
}

}  // namespace

Questions::Questions(const MadeUpFleet& fleet) : fleet_(fleet) {
  AskForPaths();
  AskForTexts();
  AskForNamesAndHashes();
  AskForTimes();
  AskForSeveralThings();
  AskForTimelines();
}

SearchEntry Questions::SomeHashed(uint64_t number) const {
  while (true) {
    SearchEntry entry = Some(number++);
    if (entry.sha256.has_value() && entry.size_bytes > 0) return entry;
  }
}

std::string Questions::SomeName(uint64_t number) const { return std::string(NameOfPath(Some(number).path)); }

std::string Questions::Part(uint64_t number, size_t size) const {
  const std::string path = Some(number).path;
  return path.size() <= size ? path : path.substr(Mix(number + 5) % (path.size() - size), size);
}

std::string Questions::OwnNumber(uint64_t number) const {
  while (true) {
    const std::string path = Some(number++).path;
    const size_t dash = path.rfind('-');
    if (dash == std::string::npos || path.size() < dash + 8) continue;
    if (path.starts_with("/home/") || path.starts_with("C:\\Users\\")) return path.substr(dash + 1, 7);
  }
}

std::vector<Digest> Questions::Hashes(uint64_t number, uint64_t absent, uint64_t present) const {
  std::vector<Digest> hashes;
  for (uint64_t i = 0; i < absent; ++i) hashes.push_back(Absent(Mix(number + 3) + i));
  for (uint64_t i = 0; i < present; ++i) hashes.push_back(*SomeHashed(number * 100 + i).sha256);
  return hashes;
}

std::vector<std::string> Questions::Hosts(uint64_t number, uint64_t most) const {
  std::vector<std::string> hosts;
  for (uint64_t i = 0; i < std::min(most, fleet_.options().hosts); ++i) {
    hosts.push_back(MadeUpFleet::HostId((number + i) % fleet_.options().hosts));
  }
  return hosts;
}

TimelineQuery Questions::Timeline(uint64_t number, int64_t seconds) const {
  const SearchQuery times = During(number, seconds);
  return {.host_id = Hosts(number, 1).at(0),
          .acquisition_id = {},
          .from_unix_ns = times.from_unix_ns,
          .to_unix_ns = times.to_unix_ns};
}

void Questions::AskForPaths() {
  Add("--path '/folder/*'", [this](uint64_t t) { return SearchQuery{.path_glob = Folder(Some(t).path) + "*"}; });
  Add("--path, a whole path", [this](uint64_t t) { return SearchQuery{.path_glob = Some(t).path}; });
  Add("--path '/usr/lib/*part*.ext', a wide range", [this](uint64_t t) {
    const std::string name = SomeName(t);
    return SearchQuery{.path_glob = Concat("/usr/lib/*", name.substr(0, 5), "*", Ending(name))};
  });
  Add("--path '**/name*.ext'", [this](uint64_t t) {
    const std::string name = SomeName(t);
    return SearchQuery{.path_glob =
                           Concat("**/", name.substr(0, std::max<size_t>(4, name.size() / 2)), "*", Ending(name))};
  });
  Add("--path '**/*.ext'", [this](uint64_t t) { return SearchQuery{.path_glob = "**/*" + Ending(SomeName(t))}; });
  Add("--path '**/*a*b*', both common, never together",
      [](uint64_t) { return SearchQuery{.path_glob = "**/*python*thumbnails*.zip"}; });
}
void Questions::AskForTexts() {
  for (const size_t size : {3, 4, 8, 16}) {
    Add(Concat("--contains, ", size, " bytes of some path"),
        [this, size](uint64_t t) { return SearchQuery{.contains = Part(t, size)}; });
  }
  Add("--contains, very common",
      [](uint64_t t) { return SearchQuery{.contains = kCommonTexts[t % std::size(kCommonTexts)]}; });
  Add("--contains, 7 rare bytes of one host's file",
      [this](uint64_t t) { return SearchQuery{.contains = OwnNumber(t)}; });
  Add("--contains, absent, 3 bytes", [](uint64_t t) { return SearchQuery{.contains = Concat("q", t % 10, "~")}; });
  Add("--contains, absent, 9 bytes", [](uint64_t t) { return SearchQuery{.contains = Concat("mimikatz", t % 10)}; });
  Add("--contains, 2 bytes, common",
      [](uint64_t t) { return SearchQuery{.contains = kCommonBytes[t % std::size(kCommonBytes)]}; });
  Add("--contains, 2 bytes, absent", [](uint64_t t) { return SearchQuery{.contains = Concat("~", t % 10)}; });
  Add("--contains, 1 byte, absent", [](uint64_t) { return SearchQuery{.contains = "\x01"}; });
  Add(
      "--contains, very common, 100,000 rows",
      [](uint64_t t) { return SearchQuery{.contains = kCommonTexts[t % std::size(kCommonTexts)]}; }, kDeep);
}
void Questions::AskForNamesAndHashes() {
  Add("--name", [this](uint64_t t) { return SearchQuery{.name = SomeName(t)}; });
  Add("--name, very common", [](uint64_t t) { return SearchQuery{.name = kCommonNames[t % std::size(kCommonNames)]}; });
  Add("--name, absent", [](uint64_t t) { return SearchQuery{.name = Concat("no-such-name-", t)}; });
  Add("--hash", [this](uint64_t t) { return SearchQuery{.sha256 = {*SomeHashed(t).sha256}}; });
  Add("--hash, of empty files", [](uint64_t) { return SearchQuery{.sha256 = {Sha256::Of("")}}; });
  Add("--hash, absent", [](uint64_t t) { return SearchQuery{.sha256 = {Absent(t)}}; });
  Add("--hashes, 1,000, of which 10 are there",
      [this](uint64_t t) { return SearchQuery{.sha256 = Hashes(t, 990, 10)}; });
  Add("--hashes, 10,000, of which 10 are there",
      [this](uint64_t t) { return SearchQuery{.sha256 = Hashes(t, 9990, 10)}; });
  Add("--hashes, 10,000, all there", [this](uint64_t t) { return SearchQuery{.sha256 = Hashes(t, 0, 10'000)}; });
}

void Questions::AskForTimes() {
  Add("--from --to, a minute, all hosts", [](uint64_t t) { return During(t, 60); });
  Add("--from --to, a day, all hosts", [](uint64_t t) { return During(t, 86'400); });
  Add("--from --to, all times, all hosts", [](uint64_t) {
    return SearchQuery{.from_unix_ns = kFleetBeginsUnixNs,
                       .to_unix_ns = kFleetBeginsUnixNs + kFleetSeconds * kNsPerSecond};
  });
  Add("--from --to --time created, a month, all hosts",
      [](uint64_t t) { return During(t, 30 * 86'400, {.times = kBorn}); });
  Add("--host --from --to, a day", [this](uint64_t t) { return During(t, 86'400, {.host_ids = Hosts(t, 1)}); });
  Add("--label --from --to, a day", [this](uint64_t t) { return During(t, 86'400, {.host_ids = Hosts(t, 10)}); });
}

void Questions::AskForSeveralThings() {
  Add("--host", [this](uint64_t t) { return SearchQuery{.host_ids = Hosts(t, 1)}; });
  Add("--host --contains, common", [this](uint64_t t) {
    return SearchQuery{.contains = kCommonTexts[t % std::size(kCommonTexts)], .host_ids = Hosts(t, 1)};
  });
  Add("--host --contains, another host's",
      [this](uint64_t t) { return SearchQuery{.contains = OwnNumber(t), .host_ids = Hosts(t, 1)}; });
  Add("--host --contains, 4 bytes of some path",
      [this](uint64_t t) { return SearchQuery{.contains = Part(t, 4), .host_ids = Hosts(t, 1)}; });
  Add("--host --name, very common", [this](uint64_t t) {
    return SearchQuery{.name = kCommonNames[t % std::size(kCommonNames)], .host_ids = Hosts(t, 1)};
  });
  Add("--host --hash, of empty files",
      [this](uint64_t t) { return SearchQuery{.sha256 = {Sha256::Of("")}, .host_ids = Hosts(t, 1)}; });
  Add("--host --hashes, 10,000, all there",
      [this](uint64_t t) { return SearchQuery{.sha256 = Hashes(t, 0, 10'000), .host_ids = Hosts(t, 1)}; });
  Add("--label --path '/folder/*'",
      [this](uint64_t t) { return SearchQuery{.path_glob = Folder(Some(t).path) + "*", .host_ids = Hosts(t, 10)}; });
  Add("--label --name", [this](uint64_t t) { return SearchQuery{.name = SomeName(t), .host_ids = Hosts(t, 10)}; });
  Add("--contains, common, --from --to, an hour",
      [](uint64_t t) { return During(t, 3600, {.contains = kCommonTexts[t % std::size(kCommonTexts)]}); });
  Add("--contains, 4 bytes of some path, --from --to, a month",
      [this](uint64_t t) { return During(t, 30 * 86'400, {.contains = Part(t, 4)}); });
  Add("--contains, common, --from --to, a second, all hosts",
      [](uint64_t t) { return During(t, 1, {.contains = kCommonTexts[t % std::size(kCommonTexts)]}); });
  Add("--name, very common, --deleted",
      [](uint64_t t) { return SearchQuery{.name = kCommonNames[t % std::size(kCommonNames)], .deleted = true}; });
  Add("--contains, common, --min-size of no file", [](uint64_t t) {
    return SearchQuery{.contains = kCommonTexts[t % std::size(kCommonTexts)], .min_size_bytes = 1 << 30};
  });
}

void Questions::AskForTimelines() {
  Add("timeline HOST, a day", [this](uint64_t t) { return Timeline(t, 86'400); });
  Add("timeline HOST, all of it", [this](uint64_t t) {
    return TimelineQuery{.host_id = Hosts(t, 1).at(0), .acquisition_id = {}, .from_unix_ns = {}, .to_unix_ns = {}};
  });
  Add("timeline ID, a day", [this](uint64_t t) {
    TimelineQuery query = Timeline(t, 86'400);
    query.acquisition_id = MadeUpFleet::AcquisitionId(t % fleet_.options().hosts);
    return query;
  });
}
}  // namespace hozen
