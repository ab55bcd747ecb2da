#include "collector/fleet/plan_summary.h"

#include <set>
#include <string_view>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/plan/state_kinds.h"
#include "core/plan/wmi_query.h"

namespace hozen {
namespace {

constexpr size_t kShown = 4;
constexpr size_t kMaxPartSizeBytes = 100;

std::string NameOf(const v1::Target& target) {
  if (!target.artifact().empty()) return target.artifact();
  switch (target.what_case()) {
    case v1::Target::kFile:
      return target.file().pattern();
    case v1::Target::kPath:
      return Concat("names in ", target.path().pattern());
    case v1::Target::kCommand:
      return target.command().command();
    case v1::Target::kDisk:
      return Concat("disk ", target.disk().path());
    case v1::Target::kState:
      return StateItemPath(target.state().kind());
    case v1::Target::kListing:
      return Concat("listing of ", target.listing().path());
    case v1::Target::kRegistry:
      return target.registry().key();
    case v1::Target::kWmi:
      return WmiItemPath(target.wmi());
    case v1::Target::WHAT_NOT_SET:
      break;
  }
  return "nothing";
}

}  // namespace

std::string SummaryOf(const v1::Plan& plan) {
  std::set<std::string> seen;
  std::string summary;
  for (const v1::Target& target : plan.targets()) {
    const std::string name = NameOf(target);
    if (!seen.insert(name).second || seen.size() > kShown) continue;
    if (!summary.empty()) summary += ", ";
    summary += Printable(std::string_view(name).substr(0, kMaxPartSizeBytes));
  }
  if (seen.size() > kShown) summary += Concat(" and ", seen.size() - kShown, " more");
  return summary;
}

}  // namespace hozen
