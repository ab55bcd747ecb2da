#include "tools/hozen/id_prefix.h"

#include <algorithm>
#include <functional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kIdSize = 16;
constexpr size_t kMostNamed = 5;
constexpr std::string_view kNewest = "last";

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)) != 0; });
}

std::string SomeOf(std::vector<std::string> names) {
  const size_t all = names.size();
  if (all > kMostNamed) names.resize(kMostNamed);
  std::string text = absl::StrJoin(names, ", ");
  if (all > kMostNamed) text += Concat(Say(" and ", " 他 "), all - kMostNamed, Say(" more", " 件"));
  return text;
}

std::string HostInWords(const v1::Host& host) {
  return Concat(Printable(host.host_id()), " (", Printable(host.facts().hostname()), ")");
}

}  // namespace

bool IsWholeId(std::string_view text) { return text.size() == kIdSize && IsHex(text); }

bool LooksLikeAcquisitionId(std::string_view text) {
  return text == kNewest || (!text.empty() && text.size() <= kIdSize && IsHex(text));
}

absl::StatusOr<std::string> PickByPrefix(std::string_view prefix, const std::vector<std::string>& ids,
                                         std::string_view none) {
  const std::string wanted = absl::AsciiStrToLower(AbslView(prefix));
  std::vector<std::string> found;
  for (const std::string& id : ids) {
    if (id == wanted) return id;
    if (!wanted.empty() && absl::StartsWith(id, wanted)) found.push_back(id);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) return absl::NotFoundError(AbslView(none));
  return absl::InvalidArgumentError(Concat(
      "\"", Printable(prefix), "\" ",
      Say("is the start of several ids; write more of it: ", "は複数の ID に当てはまります。続きも入力してください: "),
      SomeOf(std::move(found))));
}

absl::StatusOr<std::string> ResolveAcquisition(Collector& collector, std::string_view text) {
  if (IsWholeId(text)) return absl::AsciiStrToLower(AbslView(text));
  if (!LooksLikeAcquisitionId(text)) {
    return absl::InvalidArgumentError(
        Concat("\"", Printable(text), "\" ",
               Say("is not an acquisition's id: up to 16 hexadecimal digits, or \"last\" for the newest",
                   "は取得 ID ではありません（16 桁までの 16 進数、または最新を示す \"last\"）")));
  }
  v1::ListAcquisitionsRequest request;
  request.set_most(text == kNewest ? 1 : 100'000);
  HOZEN_ASSIGN_OR_RETURN(const v1::ListAcquisitionsResponse response, collector.ListAcquisitions(request));
  if (text == kNewest) {
    if (response.acquisitions().empty()) {
      return absl::NotFoundError(AbslView(Say("there is no acquisition yet", "取得はまだありません")));
    }
    return response.acquisitions(0).acquisition_id();
  }
  std::vector<std::string> ids;
  ids.reserve(static_cast<size_t>(response.acquisitions_size()));
  for (const v1::Acquisition& acquisition : response.acquisitions()) ids.push_back(acquisition.acquisition_id());
  return PickByPrefix(
      text, ids,
      Concat(Say("no acquisition has an id that starts with \"", "次で始まる取得 ID はありません: \""), Printable(text),
             Say("\"; hozen acquisitions lists them", "\"（一覧: hozen acquisitions）")));
}

absl::StatusOr<std::string> ResolveHunt(Collector& collector, std::string_view text) {
  if (IsWholeId(text)) return absl::AsciiStrToLower(AbslView(text));
  v1::ListHuntsRequest request;
  if (text == kNewest) request.set_most(1);
  HOZEN_ASSIGN_OR_RETURN(const v1::ListHuntsResponse response, collector.ListHunts(request));
  if (text == kNewest && !response.hunts().empty()) return response.hunts(0).hunt_id();
  std::vector<std::string> ids;
  for (const v1::Hunt& hunt : response.hunts()) ids.push_back(hunt.hunt_id());
  return PickByPrefix(text, ids,
                      Concat(Say("no hunt has an id that starts with \"", "次で始まるハント ID はありません: \""),
                             Printable(text), Say("\"; hozen hunt list names them", "\"（一覧: hozen hunt list）")));
}

absl::StatusOr<v1::Host> PickHost(std::string_view text, const v1::ListHostsResponse& hosts) {
  const std::string lower = absl::AsciiStrToLower(AbslView(text));
  const std::function<bool(const v1::Host&)> kinds[] = {
      [&](const v1::Host& host) { return host.host_id() == lower; },
      [&](const v1::Host& host) { return host.facts().hostname() == text; },
      [&](const v1::Host& host) { return absl::EqualsIgnoreCase(host.facts().hostname(), AbslView(text)); },
      [&](const v1::Host& host) { return !host.label().empty() && host.label() == text; },
      [&](const v1::Host& host) { return IsHex(lower) && absl::StartsWith(host.host_id(), lower); },
  };
  if (!text.empty()) {
    for (const auto& fits : kinds) {
      std::vector<const v1::Host*> found;
      for (const v1::Host& host : hosts.hosts()) {
        if (fits(host)) found.push_back(&host);
      }
      if (found.size() == 1) return *found.front();
      if (found.empty()) continue;
      std::vector<std::string> names;
      for (const v1::Host* host : found) names.push_back(HostInWords(*host));
      return absl::InvalidArgumentError(Concat("\"", Printable(text), "\" ",
                                               Say("is the name of several hosts; give the id of one: ",
                                                   "に当てはまる端末が複数あります。ID で指定してください: "),
                                               SomeOf(std::move(names))));
    }
  }
  return absl::NotFoundError(
      Concat(Say("no host has the id, name or label \"", "この ID・名前・ラベルの端末はありません: \""),
             Printable(text), Say("\"; hozen hosts lists them", "\"（一覧: hozen hosts）")));
}

absl::StatusOr<v1::Host> ResolveHost(Collector& collector, std::string_view text) {
  // All hosts, because the start of an id is not something that the collector's filter knows.
  HOZEN_ASSIGN_OR_RETURN(const v1::ListHostsResponse response, collector.ListHosts(v1::ListHostsRequest()));
  return PickHost(text, response);
}

}  // namespace hozen
