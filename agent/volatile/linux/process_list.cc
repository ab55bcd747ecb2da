#include "agent/volatile/linux/process_list.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/volatile/linux/process_text.h"
#include "agent/volatile/linux/text_fields.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxStatBytes = 4096;
constexpr size_t kMaxNamespaces = 1024;

}  // namespace

std::string ProcPath(int32_t pid, std::string_view name) { return Concat("/proc/", pid, "/", name); }

absl::StatusOr<std::vector<int32_t>> ListPids(const KernelFiles& files) {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List("/proc"));
  std::vector<int32_t> pids;
  for (const std::string& name : names) {
    const auto pid = NumberOf<int32_t>(name);
    if (pid.has_value() && *pid > 0) pids.push_back(*pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::vector<ListedProcess> InTreeOrder(const std::map<int32_t, int32_t>& parent_of) {
  std::map<int32_t, std::vector<int32_t>> children;
  std::vector<int32_t> tops;
  for (const auto& [pid, parent] : parent_of) {
    if (parent != pid && parent_of.count(parent) > 0) {
      children[parent].push_back(pid);
    } else {
      tops.push_back(pid);
    }
  }
  std::vector<ListedProcess> ordered;
  std::set<int32_t> seen;
  const auto descend = [&](int32_t top) {
    std::vector<ListedProcess> stack = {{.pid = top, .parent_pid = parent_of.at(top), .depth = 0}};
    while (!stack.empty()) {
      const ListedProcess next = stack.back();
      stack.pop_back();
      if (!seen.insert(next.pid).second) continue;
      ordered.push_back(next);
      const auto below = children.find(next.pid);
      if (below == children.end()) continue;
      for (auto child = below->second.rbegin(); child != below->second.rend(); ++child) {
        stack.push_back({.pid = *child, .parent_pid = next.pid, .depth = next.depth + 1});
      }
    }
  };
  for (const int32_t top : tops) descend(top);
  // Pids that were used again while they were read can make a circle, which has no top.
  for (const auto& [pid, parent] : parent_of) {
    if (seen.count(pid) == 0) descend(pid);
  }
  return ordered;
}

absl::StatusOr<std::vector<ListedProcess>> ListProcessTree(const KernelFiles& files) {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<int32_t> pids, ListPids(files));
  std::map<int32_t, int32_t> parent_of;
  for (const int32_t pid : pids) {
    const absl::StatusOr<KernelFiles::Text> text = files.Read(ProcPath(pid, "stat"), kMaxStatBytes);
    const std::optional<ProcessStat> stat = text.ok() ? ParseProcessStat(text->bytes) : std::nullopt;
    parent_of[pid] = stat.has_value() ? stat->parent_pid : 0;
  }
  return InTreeOrder(parent_of);
}

std::map<uint64_t, int32_t> OneProcessInEach(const KernelFiles& files, std::string_view kind, uint64_t& unread) {
  std::map<uint64_t, int32_t> one_in;
  unread = 0;
  const absl::StatusOr<std::vector<int32_t>> pids = ListPids(files);
  if (!pids.ok()) return one_in;
  for (const int32_t pid : *pids) {
    const absl::StatusOr<std::string> link = files.ReadLink(ProcPath(pid, Concat("ns/", kind)));
    const std::optional<uint64_t> inode = link.ok() ? BracketedNumber(*link, kind) : std::nullopt;
    if (inode.has_value() && one_in.size() < kMaxNamespaces) {
      one_in.emplace(*inode, pid);
    } else if (!inode.has_value() && !absl::IsNotFound(link.status())) {
      ++unread;
    }
  }
  return one_in;
}

}  // namespace hozen
