#include "agent/acquire/variables.h"

#include <algorithm>

#include "agent/acquire/pattern_variables.h"
#include "agent/platform/users.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/plan/variable_names.h"

namespace hozen {
namespace {

constexpr std::string_view kHome = "users.homedir";
constexpr std::string_view kName = "users.username";
constexpr std::string_view kUid = "users.uid";

std::vector<VariableRow> People(const PatternVariables& pattern, const std::vector<LocalUser>& users,
                                const std::vector<std::string>& homes) {
  std::vector<VariableRow> people;
  if (!pattern.Asks(kName) && !pattern.Asks(kUid)) {
    for (const std::string& home : homes) people.push_back({{std::string(kHome), home}});
    return people;
  }
  for (const LocalUser& user : users) {
    VariableRow& row = people.emplace_back();
    row.emplace(kName, user.name);
    row.emplace(kUid, Concat(user.uid));
    if (std::binary_search(homes.begin(), homes.end(), user.home)) row.emplace(kHome, user.home);
  }
  return people;
}

}  // namespace

bool HasVariables(std::string_view pattern) { return !PatternVariables(pattern).empty(); }

absl::StatusOr<std::vector<std::string>> ExpandVariables(std::string_view pattern, const std::string& root) {
  const PatternVariables variables(pattern);
  if (variables.empty()) return std::vector<std::string>{std::string(pattern)};
  std::vector<LocalUser> users;
  if (variables.Asks(kName) || variables.Asks(kUid)) {
    HOZEN_ASSIGN_OR_RETURN(users, ListLocalUsers(root));
  }
  return ExpandVariables(pattern, users, ListHomes(root));
}

absl::StatusOr<std::vector<std::string>> ExpandVariables(std::string_view pattern, const std::vector<LocalUser>& users,
                                                         const std::vector<std::string>& homes) {
  const PatternVariables variables(pattern);
  HOZEN_RETURN_IF_ERROR(variables.Check(kPosixVariableNames));
  return variables.Expand(People(variables, users, homes));
}

}  // namespace hozen
