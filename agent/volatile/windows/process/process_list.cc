#include "agent/volatile/windows/process/process_list.h"

#include <windows.h>
// After windows.h.
#include <tlhelp32.h>

#include <algorithm>
#include <utility>

#include "agent/volatile/binary_fields.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr int kSystemProcessInformation = 5;
constexpr size_t kMostAnswerBytes = 64 << 20;
constexpr size_t kMostProcesses = 262'144;

// SYSTEM_PROCESS_INFORMATION, then a SYSTEM_THREAD_INFORMATION for each thread.
constexpr size_t kNextAt = 0;
constexpr size_t kThreadsAt = 4;
constexpr size_t kCreatedAt = 32;
constexpr size_t kNameAt = 56;
constexpr size_t kPidAt = 80;
constexpr size_t kParentAt = 88;
constexpr size_t kSessionAt = 100;
constexpr size_t kVirtualAt = 120;
constexpr size_t kResidentAt = 144;
constexpr size_t kProcessBytes = 256;
constexpr size_t kThreadBytes = 80;
constexpr size_t kThreadStateAt = 68;
constexpr size_t kWaitReasonAt = 72;
constexpr uint32_t kWaits = 5;          // KTHREAD_STATE
constexpr uint32_t kIsSuspended = 5;    // KWAIT_REASON
constexpr uint32_t kWasSuspended = 12;  // WrSuspended

bool AllThreadsSuspended(std::string_view process, uint32_t threads) {
  if (threads == 0 || (process.size() - kProcessBytes) / kThreadBytes < threads) return false;
  for (size_t i = 0; i < threads; ++i) {
    const std::string_view thread = process.substr(kProcessBytes + i * kThreadBytes, kThreadBytes);
    const auto reason = FieldAt<uint32_t>(thread, kWaitReasonAt);
    if (FieldAt<uint32_t>(thread, kThreadStateAt) != kWaits) return false;
    if (reason != kIsSuspended && reason != kWasSuspended) return false;
  }
  return true;
}

absl::StatusOr<std::vector<RunningProcess>> SnapshotOfToolhelp() {
  const WindowsHandle snapshot(::CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0));
  PROCESSENTRY32W entry = {};
  entry.dwSize = sizeof(entry);
  if (!snapshot.valid() || !::Process32FirstW(snapshot.get(), &entry)) {
    return Win32Status(::GetLastError(), "Listing processes");
  }
  std::vector<RunningProcess> processes;
  do {
    processes.push_back({.pid = entry.th32ProcessID,
                         .parent_pid = entry.th32ParentProcessID,
                         .name = Wtf8OfWide(entry.szExeFile),
                         .threads = entry.cntThreads});
  } while (processes.size() < kMostProcesses && ::Process32NextW(snapshot.get(), &entry));
  return processes;
}

}  // namespace

std::vector<RunningProcess> ParseProcessInformation(const Answer& answer) {
  std::vector<RunningProcess> processes;
  const std::string_view all = answer.bytes;
  for (size_t at = 0; all.size() - at >= kProcessBytes && processes.size() < kMostProcesses;) {
    const std::string_view one = all.substr(at);
    RunningProcess& process = processes.emplace_back();
    process.pid = static_cast<uint32_t>(FieldAt<uint64_t>(one, kPidAt));
    process.parent_pid = static_cast<uint32_t>(FieldAt<uint64_t>(one, kParentAt));
    process.created = FieldAt<uint64_t>(one, kCreatedAt);
    process.session = FieldAt<uint32_t>(one, kSessionAt);
    process.threads = FieldAt<uint32_t>(one, kThreadsAt);
    process.virtual_bytes = FieldAt<uint64_t>(one, kVirtualAt);
    process.resident_bytes = FieldAt<uint64_t>(one, kResidentAt);
    process.suspended = AllThreadsSuspended(one, process.threads);
    if (const std::optional<std::wstring> name = TextAt(answer, at + kNameAt)) process.name = Wtf8OfWide(*name);
    const auto next = FieldAt<uint32_t>(one, kNextAt);
    if (next < kProcessBytes || next > one.size()) break;
    at += next;
  }
  return processes;
}

absl::StatusOr<std::vector<RunningProcess>> ListRunningProcesses() {
  const absl::StatusOr<Answer> answer = QuerySystem(kSystemProcessInformation, kMostAnswerBytes);
  if (!answer.ok()) return SnapshotOfToolhelp();
  return ParseProcessInformation(*answer);
}

std::vector<RunningProcess> InFamilyOrder(std::vector<RunningProcess> processes) {
  std::stable_sort(processes.begin(), processes.end(), [](const RunningProcess& one, const RunningProcess& other) {
    return std::pair(one.created, one.pid) < std::pair(other.created, other.pid);
  });
  std::map<uint32_t, size_t> by_pid;
  for (size_t i = 0; i < processes.size(); ++i) by_pid.try_emplace(processes[i].pid, i);
  std::map<size_t, std::vector<size_t>> children;
  std::vector<size_t> tops;
  for (size_t i = 0; i < processes.size(); ++i) {
    const auto parent = by_pid.find(processes[i].parent_pid);
    // Whoever stands before in this order began before, so nobody can be his own descendant.
    if (parent == by_pid.end() || parent->second >= i) {
      tops.push_back(i);
    } else {
      children[parent->second].push_back(i);
    }
  }
  std::vector<RunningProcess> ordered;
  std::vector<std::pair<size_t, uint32_t>> stack;
  for (auto top = tops.rbegin(); top != tops.rend(); ++top) stack.emplace_back(*top, 0);
  while (!stack.empty()) {
    const auto [index, depth] = stack.back();
    stack.pop_back();
    const auto below = children.find(index);
    if (below != children.end()) {
      for (auto child = below->second.rbegin(); child != below->second.rend(); ++child) {
        stack.emplace_back(*child, depth + 1);
      }
    }
    ordered.push_back(std::move(processes[index]));
    ordered.back().depth = depth;
  }
  return ordered;
}

std::map<uint32_t, std::string> NamesOf(const std::vector<RunningProcess>& processes) {
  std::map<uint32_t, std::string> names;
  for (const RunningProcess& process : processes) names.emplace(process.pid, process.name);
  return names;
}

}  // namespace hozen
