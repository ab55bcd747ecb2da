// Starting other programs: with nothing of ours but what is handed over here, and never for longer than agreed.
#ifndef HOZEN_AGENT_PLATFORM_CHILD_PROCESS_H_
#define HOZEN_AGENT_PLATFORM_CHILD_PROCESS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/unique_fd.h"

namespace hozen {

struct CommandLine {
  std::string executable;  // an absolute path; no shell, no search
  std::vector<std::string> arguments;
};

struct CommandEnd {
  int exit_status = 0;         // 128 + the signal where one ended it
  bool timed_out = false;      // killed at the time limit; output is what came before
  std::string standard_error;  // the first 4 KiB
};

// Runs a command to its end: environment PATH and LC_ALL=C only, folder "/", standard input empty, no other descriptor,
// the host's own mounts (host_mounts.h), a process group of its own that is killed whole at the time limit, and with us
// where we die. Each piece of standard output goes to `on_output` (no more is read while it works); an error of it
// kills the command and is returned. NotFound where the program is not there; PermissionDenied and others as
// ErrnoStatus. Thread-safe.
absl::StatusOr<CommandEnd> RunCommand(const CommandLine& command, absl::Duration timeout,
                                      const std::function<absl::Status(std::string_view)>& on_output);

// Where a child that was started by StartChild finds what it was given.
inline constexpr int kChildSocket = 3;
inline constexpr int kChildHandle = 4;  // the first; the others stand behind it

// A child that talks over a socket. Thread-compatible; the destructor kills and reaps it.
class ChildProcess {
 public:
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Ours of the two ends; non-blocking.
  int socket() const { return socket_.get(); }
  int pid() const { return pid_; }

  // Kills the child's process group, where it still runs, and says how the child ended: "exit status 3", "killed by
  // signal 11 (Segmentation fault)". A child that has just closed its end gets `grace` to end by itself. May be called
  // again.
  std::string Finish(absl::Duration grace);

 private:
  friend absl::StatusOr<std::unique_ptr<ChildProcess>> StartChild(const CommandLine& command,
                                                                  const std::vector<int>& handles);
  ChildProcess(int pid, UniqueFd socket, std::shared_ptr<void> held = nullptr)
      : pid_(pid), socket_(std::move(socket)), held_(std::move(held)) {}

  const int pid_;
  UniqueFd socket_;
  std::shared_ptr<void> held_;  // what else a system has of a child
  bool reaped_ = false;
  std::string end_;
};

// Called first in such a child: from here on kChildSocket and kChildHandle are what it was handed. (On Linux they are
// so from the start.) False where it was not started by StartChild.
bool AdoptChildHandles();

// Starts it with our socket at kChildSocket and duplicates of `handles`, which differ from each other, from
// kChildHandle on; the standard descriptors are empty, nothing else is open. It dies with us.
// Errors as RunCommand.
absl::StatusOr<std::unique_ptr<ChildProcess>> StartChild(const CommandLine& command, const std::vector<int>& handles);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_CHILD_PROCESS_H_
