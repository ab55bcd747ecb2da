#include "tools/hozen/hunt_selection.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "tools/hozen/id_prefix.h"

namespace hozen {
namespace {

constexpr uint64_t kMaxHostsFileBytes = 16 << 20;
constexpr size_t kMaxWordsBytes = 1024;
constexpr uint64_t kMostStartsPerHour = 3'600'000;

absl::Status AddLabel(const std::string& label, const v1::ListHostsResponse& hosts, std::set<std::string>& chosen) {
  bool found = false;
  for (const v1::Host& host : hosts.hosts()) {
    if (host.label() != label) continue;
    chosen.insert(host.host_id());
    found = true;
  }
  if (found) return absl::OkStatus();
  return absl::NotFoundError(Concat(Say("no host has the label \"", "このラベルの端末はありません: \""),
                                    Printable(label), Say("\"; hozen hosts lists them", "\"（一覧: hozen hosts）")));
}

absl::Status AddNames(const std::vector<std::string>& names, const v1::ListHostsResponse& hosts,
                      std::set<std::string>& chosen) {
  // A list of thousands of whole ids is looked up, not searched for.
  std::set<std::string> ids;
  for (const v1::Host& host : hosts.hosts()) ids.insert(host.host_id());
  for (const std::string& name : names) {
    if (ids.contains(name)) {
      chosen.insert(name);
      continue;
    }
    HOZEN_ASSIGN_OR_RETURN(const v1::Host host, PickHost(name, hosts));
    chosen.insert(host.host_id());
  }
  return absl::OkStatus();
}

absl::Status CheckOneSystem(const std::vector<v1::Host>& hosts) {
  for (const v1::Host& host : hosts) {
    if (host.facts().system() == hosts.front().facts().system()) continue;
    return absl::InvalidArgumentError(
        Concat(Say("the hosts are of different systems, and a plan is for one: add --system ",
                   "端末のシステムが混在しています。計画は 1 つのシステムが対象です。次を追加してください: --system "),
               Printable(hosts.front().facts().system()), Say(" or --system ", " または --system "),
               Printable(host.facts().system())));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::Host>> SelectHosts(const HuntSelection& selection, const v1::ListHostsResponse& hosts) {
  const bool named = !selection.labels.empty() || !selection.names.empty();
  if (!named && selection.system.empty()) {
    return absl::InvalidArgumentError(
        AbslView(Say("which hosts? Give --label, --system, --host or --hosts-file",
                     "対象の端末を --label、--system、--host、--hosts-file のいずれかで指定してください")));
  }
  std::set<std::string> chosen;
  for (const std::string& label : selection.labels) HOZEN_RETURN_IF_ERROR(AddLabel(label, hosts, chosen));
  HOZEN_RETURN_IF_ERROR(AddNames(selection.names, hosts, chosen));
  std::vector<v1::Host> selected;
  for (const v1::Host& host : hosts.hosts()) {
    if (named && !chosen.contains(host.host_id())) continue;
    if (selection.system.empty() || host.facts().system() == selection.system) selected.push_back(host);
  }
  if (selected.empty()) {
    return absl::NotFoundError(AbslView(Say("no host fits what was asked for; hozen hosts lists them",
                                            "条件に合う端末がありません（一覧: hozen hosts）")));
  }
  HOZEN_RETURN_IF_ERROR(CheckOneSystem(selected));
  return selected;
}

absl::StatusOr<std::vector<std::string>> ReadHostsFile(const std::filesystem::path& file) {
  HOZEN_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(file, kMaxHostsFileBytes));
  std::vector<std::string> names;
  for (absl::string_view line : absl::StrSplit(AbslView(text), '\n')) {
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (!line.empty()) names.emplace_back(line);
  }
  return names;
}

std::string SelectionInWords(const HuntSelection& selection) {
  std::string words;
  const auto add = [&words](std::string_view option, std::string_view value) {
    words += Concat(words.empty() ? "" : " ", option, " ", Printable(value));
  };
  for (const std::string& label : selection.labels) add("--label", label);
  if (!selection.system.empty()) add("--system", selection.system);
  for (const std::string& name : selection.names) {
    if (words.size() > kMaxWordsBytes) break;
    add("--host", name);
  }
  if (words.size() <= kMaxWordsBytes) return words;
  constexpr std::string_view kMore = "...";
  return words.substr(0, kMaxWordsBytes - kMore.size()) + std::string(kMore);
}

absl::StatusOr<uint32_t> ParseStartRate(std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(AbslView(text), '/');
  const std::unordered_map<std::string, uint64_t> hourly = {{"s", 3600}, {"sec", 3600}, {"m", 60},
                                                            {"min", 60}, {"h", 1},      {"hour", 1}};
  uint32_t starts = 0;
  if (parts.size() == 2 && absl::SimpleAtoi(parts[0], &starts) && starts > 0 && hourly.contains(parts[1])) {
    const uint64_t rate = starts * hourly.at(parts[1]);
    if (rate <= kMostStartsPerHour) return static_cast<uint32_t>(rate);
  }
  return absl::InvalidArgumentError(
      Concat("\"", Printable(text), "\" ",
             Say("is no rate of starts: 60/min, 2/s, 100/h, at most 1000/s",
                 "は開始の頻度として解釈できません（例: 60/min、2/s、100/h。上限 1000/s）")));
}

}  // namespace hozen
