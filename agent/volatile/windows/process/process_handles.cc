#include "agent/volatile/windows/process/process_handles.h"

#include <windows.h>

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "agent/volatile/binary_fields.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"

namespace hozen {
namespace {

constexpr int kSystemExtendedHandleInformation = 64;
constexpr size_t kMostAnswerBytes = 192 << 20;
constexpr int kMostDescriptors = 4096;

// SYSTEM_HANDLE_INFORMATION_EX and its entries.
constexpr size_t kCountAt = 0;
constexpr size_t kEntriesAt = 16;
constexpr size_t kEntryBytes = 40;
constexpr size_t kPidAt = 8;
constexpr size_t kValueAt = 16;
constexpr size_t kAccessAt = 24;
constexpr size_t kTypeAt = 30;

// Without any right a name may be asked for all the same, and nothing can happen through it.
WindowsHandle Duplicate(HANDLE process, const OpenHandle& open, DWORD access = 0) {
  HANDLE ours = nullptr;
  const auto theirs = reinterpret_cast<HANDLE>(uintptr_t{open.value});
  if (::DuplicateHandle(process, theirs, ::GetCurrentProcess(), &ours, access, FALSE, 0)) return WindowsHandle(ours);
  return WindowsHandle();
}

// Whose process or thread a handle leads to, neither of which has a name: "pid 4711", "pid 4711, thread 12". Empty for
// every other kind, and where the system does not say.
std::string WhoIsBehind(HANDLE process, const OpenHandle& open, std::string_view type) {
  if (type == "Process") {
    const DWORD pid = ::GetProcessId(Duplicate(process, open, PROCESS_QUERY_LIMITED_INFORMATION).get());
    return pid == 0 ? "" : Concat("pid ", pid);
  }
  if (type != "Thread") return "";
  const WindowsHandle thread = Duplicate(process, open, THREAD_QUERY_LIMITED_INFORMATION);
  const DWORD pid = ::GetProcessIdOfThread(thread.get());
  return pid == 0 ? "" : Concat("pid ", pid, ", thread ", ::GetThreadId(thread.get()));
}

}  // namespace

std::vector<OpenHandle> ParseHandleInformation(const Answer& answer) {
  const std::string_view all = answer.bytes;
  const auto told = FieldAt<uint64_t>(all, kCountAt);
  const uint64_t there = all.size() < kEntriesAt ? 0 : (all.size() - kEntriesAt) / kEntryBytes;
  std::vector<OpenHandle> handles;
  handles.reserve(std::min(told, there));
  for (uint64_t i = 0; i < std::min(told, there); ++i) {
    const std::string_view one = all.substr(kEntriesAt + i * kEntryBytes, kEntryBytes);
    handles.push_back({.pid = static_cast<uint32_t>(FieldAt<uint64_t>(one, kPidAt)),
                       .value = static_cast<uint32_t>(FieldAt<uint64_t>(one, kValueAt)),
                       .access = FieldAt<uint32_t>(one, kAccessAt),
                       .type_index = FieldAt<uint16_t>(one, kTypeAt)});
  }
  return handles;
}

ProcessHandles::ProcessHandles(std::vector<OpenHandle> handles, const DevicePaths& paths) : names_(paths) {
  for (const OpenHandle& handle : handles) by_pid_[handle.pid].push_back(handle);
}

absl::StatusOr<std::unique_ptr<ProcessHandles>> ProcessHandles::Create(const DevicePaths& paths) {
  HOZEN_ASSIGN_OR_RETURN(const Answer answer, QuerySystem(kSystemExtendedHandleInformation, kMostAnswerBytes));
  return absl::WrapUnique(new ProcessHandles(ParseHandleInformation(answer), paths));
}

ProcessHandles::Described ProcessHandles::Describe(uint32_t pid, void* process) {
  Described described;
  const auto found = by_pid_.find(pid);
  if (found == by_pid_.end()) return described;
  described.handles = found->second.size();
  const auto miss = [&](const absl::Status& status) {
    if (described.unnamed++ == 0) described.first_unnamed = status;
  };
  for (const OpenHandle& open : found->second) {
    if (described.descriptors.size() == kMostDescriptors) break;
    v1::Descriptor& descriptor = described.descriptors.emplace_back();
    descriptor.set_number(static_cast<int32_t>(open.value));
    descriptor.set_access(open.access);
    WindowsHandle ours = process == nullptr ? WindowsHandle() : Duplicate(process, open);
    const DWORD error = ::GetLastError();
    std::string& type = types_[open.type_index];
    if (type.empty() && ours.valid()) type = HandleNames::TypeOf(ours.get()).value_or("");
    descriptor.set_type(Printable(type));
    if (!ours.valid()) {
      // One that was closed meanwhile is nothing that is missing; some kinds can be in one process alone.
      const bool is_loss = error != ERROR_INVALID_HANDLE && error != ERROR_NOT_SUPPORTED;
      if (process != nullptr && is_loss) miss(Win32Status(error, "Duplicating a handle"));
      continue;
    }
    if (std::string who = WhoIsBehind(process, open, type); !who.empty()) {
      descriptor.set_target(std::move(who));
      continue;
    }
    const absl::StatusOr<std::string> name = names_.NameOf(std::move(ours), type);
    name.ok() ? descriptor.set_target(Printable(*name)) : miss(name.status());
  }
  return described;
}

}  // namespace hozen
