#include "agent/platform/users.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

// "/home//a/" and "/home/a" are one home.
std::string Tidy(std::string_view path) {
  std::string tidy;
  for (absl::string_view part : absl::StrSplit(AbslView(path), '/', absl::SkipEmpty())) {
    if (part == "..") return "";
    if (part != ".") absl::StrAppend(&tidy, "/", part);
  }
  return tidy.empty() ? "/" : tidy;
}

}  // namespace

std::vector<LocalUser> ParsePasswd(std::string_view text) {
  std::vector<LocalUser> users;
  for (absl::string_view line : absl::StrSplit(AbslView(text), '\n')) {
    // name:password:uid:gid:comment:home:shell
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    LocalUser user;
    if (fields.size() < 6 || fields[0].empty() || !absl::SimpleAtoi(fields[2], &user.uid)) continue;
    user.name = std::string(fields[0]);
    user.home = std::string(fields[5]);
    users.push_back(std::move(user));
  }
  return users;
}

std::vector<std::string> HomesSaid(const std::vector<LocalUser>& users) {
  std::set<std::string> homes;
  for (const LocalUser& user : users) {
    if (user.home.empty() || user.home.front() != '/') continue;
    std::string home = Tidy(user.home);
    // Services are given "/" where they have no home; everything would be theirs.
    if (home == "/" && user.uid != 0) continue;
    if (!home.empty()) homes.insert(std::move(home));
  }
  return {homes.begin(), homes.end()};
}

}  // namespace hozen
