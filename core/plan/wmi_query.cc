#include "core/plan/wmi_query.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr std::string_view kDefaultNameSpace = "root\\cimv2";
constexpr size_t kMaxQuerySizeBytes = 4096;
constexpr size_t kMaxNameSpaceSizeBytes = 256;

// Their provider does more than look. To list a class is to list all that are derived from it, so those above count
// too.
constexpr std::array<std::string_view, 8> kRefusedClasses = {"cim_logicalelement",    "cim_managedsystemelement",
                                                             "cim_product",           "cim_softwareelement",
                                                             "cim_softwarefeature",   "win32_product",
                                                             "win32_softwareelement", "win32_softwarefeature"};

bool IsNameSpace(std::string_view name) {
  if (name.size() > kMaxNameSpaceSizeBytes) return false;
  for (const absl::string_view part : absl::StrSplit(AbslView(name), '\\')) {
    const bool is_name = std::all_of(part.begin(), part.end(),
                                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; });
    if (part.empty() || !is_name) return false;
  }
  return absl::EqualsIgnoreCase(AbslView(name.substr(0, name.find('\\'))), "root");
}

}  // namespace

std::string_view WmiNameSpaceOf(const v1::Target::WmiQuery& query) {
  return query.name_space().empty() ? kDefaultNameSpace : std::string_view(query.name_space());
}

std::string WmiItemPath(const v1::Target::WmiQuery& query) {
  return Concat("wmi/", WmiNameSpaceOf(query), "/", query.query());
}

std::string WhyNotWmiQuery(const v1::Target::WmiQuery& query) {
  const std::string& text = query.query();
  if (text.size() > kMaxQuerySizeBytes || text.find('\0') != std::string::npos) {
    return Concat("its query is longer than ", kMaxQuerySizeBytes, " bytes or holds a NUL byte");
  }
  if (!IsNameSpace(WmiNameSpaceOf(query))) {
    return Concat("\"", Printable(query.name_space()), "\" is no namespace of WMI on this machine");
  }
  const std::string lower = absl::AsciiStrToLower(text);
  const std::vector<std::string> words = absl::StrSplit(lower, absl::ByAnyChar(" \t\r\n,"), absl::SkipEmpty());
  const auto from = std::find(words.begin(), words.end(), "from");
  if (words.empty() || words.front() != "select" || from == words.end() || from + 1 == words.end()) {
    return Concat("\"", Printable(text), "\" is no SELECT ... FROM of WMI's query language");
  }
  if (std::find(kRefusedClasses.begin(), kRefusedClasses.end(), *(from + 1)) != kRefusedClasses.end()) {
    return Concat("listing ", Printable(*(from + 1)),
                  " makes Windows Installer check and repair what is installed; the registry says the same");
  }
  return "";
}

}  // namespace hozen
