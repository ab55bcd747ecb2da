#include "agent/acquire/variables.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "agent/platform/users.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr std::string_view kMark = "%%";
constexpr std::string_view kHome = "users.homedir";
constexpr std::string_view kName = "users.username";
constexpr std::string_view kUid = "users.uid";

// Text and variables in turn: odd pieces are names of variables, in lower case.
std::vector<std::string> Split(std::string_view pattern) {
  std::vector<std::string> pieces;
  while (true) {
    const size_t open = pattern.find(kMark);
    const size_t close = open == std::string_view::npos ? open : pattern.find(kMark, open + kMark.size());
    if (close == std::string_view::npos) break;
    pieces.emplace_back(pattern.substr(0, open));
    pieces.push_back(absl::AsciiStrToLower(AbslView(pattern.substr(open + kMark.size(), close - open - kMark.size()))));
    pattern.remove_prefix(close + kMark.size());
  }
  pieces.emplace_back(pattern);
  return pieces;
}

// There is no escape character in patterns; a set of one says the same.
std::string Escaped(std::string_view value) {
  return absl::StrReplaceAll(AbslView(value), {{"*", "[*]"}, {"?", "[?]"}, {"[", "[[]"}});
}

struct Person {
  std::string home;
  std::string name;
  std::string uid;
};

bool Asks(const std::vector<std::string>& pieces, std::string_view variable) {
  for (size_t i = 1; i < pieces.size(); i += 2) {
    if (pieces[i] == variable) return true;
  }
  return false;
}

absl::StatusOr<std::vector<Person>> People(const std::vector<std::string>& pieces, const std::string& root) {
  std::vector<Person> people;
  const std::vector<std::string> homes = ListHomes(root);
  if (!Asks(pieces, kName) && !Asks(pieces, kUid)) {
    for (const std::string& home : homes) people.push_back({.home = home, .name = "", .uid = ""});
    return people;
  }
  HOZEN_ASSIGN_OR_RETURN(const std::vector<LocalUser> users, ListLocalUsers(root));
  for (const LocalUser& user : users) {
    if (Asks(pieces, kHome) && !std::binary_search(homes.begin(), homes.end(), user.home)) continue;
    people.push_back({.home = user.home, .name = user.name, .uid = Concat(user.uid)});
  }
  return people;
}

}  // namespace

bool HasVariables(std::string_view pattern) { return Split(pattern).size() > 1; }

absl::StatusOr<std::vector<std::string>> ExpandVariables(std::string_view pattern, const std::string& root) {
  const std::vector<std::string> pieces = Split(pattern);
  if (pieces.size() == 1) return std::vector<std::string>{std::string(pattern)};
  for (size_t i = 1; i < pieces.size(); i += 2) {
    if (pieces[i] != kHome && pieces[i] != kName && pieces[i] != kUid) {
      return absl::UnimplementedError(Concat("This host has no value for %%", Printable(pieces[i]), "%%"));
    }
  }
  HOZEN_ASSIGN_OR_RETURN(const std::vector<Person> people, People(pieces, root));
  std::set<std::string> patterns;
  for (const Person& person : people) {
    std::string one;
    for (size_t i = 0; i < pieces.size(); ++i) {
      if (i % 2 == 0) {
        one += pieces[i];
      } else {
        one += Escaped(pieces[i] == kHome ? person.home : pieces[i] == kName ? person.name : person.uid);
      }
    }
    patterns.insert(std::move(one));
  }
  return std::vector<std::string>(patterns.begin(), patterns.end());
}

}  // namespace hozen
