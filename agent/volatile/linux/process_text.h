// The texts of /proc/PID taken apart. Whoever owns a process chooses its name, its arguments, its environment and the
// names of what it maps, so any bytes may stand there; what does not parse is left out, never guessed.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_PROCESS_TEXT_H_
#define HOZEN_AGENT_VOLATILE_LINUX_PROCESS_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

// All are thread-safe and take time in proportion to the text.

struct ProcessStat {
  int32_t pid = 0;
  std::string name;  // raw bytes, at most 15 of a program; a name may hold brackets and line feeds
  char state = '?';
  int32_t parent_pid = 0;
  int32_t process_group = 0;
  int32_t session = 0;
  int32_t terminal = 0;
  uint32_t flags = 0;
  uint64_t start_ticks = 0;

  bool kernel_thread() const { return (flags & 0x00200000) != 0; }  // PF_KTHREAD
};
// /proc/PID/stat; none where it is not one.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

// /proc/PID/status: identity, capabilities, seccomp, threads, memory.
void ParseProcessStatus(std::string_view text, v1::ProcessState& process);
// One of its lines ("Tgid"), without the white space around it.
std::string_view StatusField(std::string_view text, std::string_view name);

// /proc/PID/cmdline: each argument ends with a NUL; what a process wrote over it may have none.
void ParseCommandLine(std::string_view text, v1::ProcessState& process);
// /proc/PID/environ; a piece without "=" is a name without a value.
void ParseEnvironment(std::string_view text, v1::ProcessState& process);

// /proc/PID/maps: files, each once, and regions that are suspect by themselves: anonymous and executable, or writable
// and executable at once. At most `most` of each; false where there were more.
bool ParseMaps(std::string_view text, size_t most, v1::ProcessState& process);

// /proc/PID/cgroup, a line each.
void ParseCgroups(std::string_view text, v1::ProcessState& process);

// The number of "net:[4026531833]" or "socket:[1065]"; none where the text is not that of `kind`.
std::optional<uint64_t> BracketedNumber(std::string_view text, std::string_view kind);

// " (deleted)" behind a path of the kernel's; a file may be named so too, which only the file itself tells.
bool SaysDeleted(std::string_view path);
// "/memfd:name (deleted)": made by memfd_create, it never had a name.
bool IsMemoryFile(std::string_view path);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_PROCESS_TEXT_H_
