#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "agent/platform/child_process.h"
#include "agent/platform/host_mounts.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kStandardErrorBytes = 4 << 10;
constexpr int kAboveHandedOver = 10;  // descriptors are parked from here on while 0 to 4 and more are put in place
constexpr int kLastSignal = 64;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "Making a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// What the child shall find at 0, 1, 2, ...
using HandedOver = std::vector<int>;

// Everything that the child needs between fork and exec, made beforehand: another thread may have held malloc's lock.
struct Start {
  const char* executable;
  char* const* arguments;
  char* const* environment;
  const int* handed_over;
  int* parked;  // room for as many
  int handed_over_count;
  int mounts;  // a mount namespace to go to; -1: stay
  int error_pipe;
  pid_t parent;
};

void CloseOthersAtExec(int first) {
#ifdef SYS_close_range
  constexpr unsigned kCloseRangeCloexec = 1U << 2;
  if (syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, kCloseRangeCloexec) == 0) return;
#endif
  rlimit limit = {};
  const rlim_t most = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::min<rlim_t>(limit.rlim_cur, 1 << 20) : 65536;
  for (int fd = first; fd < static_cast<int>(most); ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Between fork and exec: async-signal-safe calls only. Returns where it failed, with errno set.
void BecomeChild(const Start& start) {
  if (setpgid(0, 0) != 0) return;
  // With us gone nobody would keep its time limit.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
  if (getppid() != start.parent) _exit(127);
  for (int signal_number = 1; signal_number <= kLastSignal; ++signal_number) signal(signal_number, SIG_DFL);
  if (start.mounts >= 0 && setns(start.mounts, CLONE_NEWNS) != 0) return;
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return;
  const int above = std::max(kAboveHandedOver, start.handed_over_count);
  for (int i = 0; i < start.handed_over_count; ++i) {
    start.parked[i] = fcntl(start.handed_over[i], F_DUPFD_CLOEXEC, above);
    if (start.parked[i] < 0) return;
    // Of many handles there shall not be three of each at once: a process has only so many.
    if (i >= kChildHandle) close(start.handed_over[i]);
  }
  const int error_pipe = fcntl(start.error_pipe, F_DUPFD_CLOEXEC, above);
  if (error_pipe < 0) return;
  for (int i = 0; i < start.handed_over_count; ++i) {
    if (dup2(start.parked[i], i) < 0) return;
    close(start.parked[i]);
  }
  CloseOthersAtExec(start.handed_over_count);
  umask(077);
  if (chdir("/") == 0) execve(start.executable, start.arguments, start.environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(error_pipe, &error, sizeof(error));
  _exit(127);
}

// Forks for all threads. To the kernel a child's parent is a thread: one that shall die with us (PR_SET_PDEATHSIG) dies
// with the thread that forked it, so that must be one that ends with the process alone.
class LastingThread {
 public:
  // Null where the system gives us no thread; asked again, it may.
  static LastingThread* Get() {
    static absl::Mutex mutex(absl::kConstInit);
    static LastingThread* thread = nullptr;
    absl::MutexLock lock(&mutex);
    if (thread == nullptr) {
      auto made = std::make_unique<LastingThread>();
      if (made->Begin()) thread = made.release();
    }
    return thread;
  }

  // As fork() followed by BecomeChild; the result is the parent's, with errno in `error`.
  pid_t Fork(const Start& start, int& error) {
    absl::MutexLock lock(&mutex_);
    while (start_ != nullptr) changed_.Wait(&mutex_);
    start_ = &start;
    pid_.reset();
    changed_.SignalAll();
    while (!pid_.has_value()) changed_.Wait(&mutex_);
    error = error_;
    start_ = nullptr;
    changed_.SignalAll();
    return *pid_;
  }

 private:
  bool Begin() {
    try {
      std::thread([this] { Run(); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  void Run() {
    absl::MutexLock lock(&mutex_);
    while (true) {
      while (start_ == nullptr || pid_.has_value()) changed_.Wait(&mutex_);
      const pid_t pid = fork();
      if (pid == 0) {
        BecomeChild(*start_);
        const int error = errno;
        [[maybe_unused]] const ssize_t written = write(start_->error_pipe, &error, sizeof(error));
        _exit(127);
      }
      error_ = errno;
      pid_ = pid;
      changed_.SignalAll();
    }
  }

  absl::Mutex mutex_;
  absl::CondVar changed_;
  const Start* start_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of the thread that waits for its child
  std::optional<pid_t> pid_ ABSL_GUARDED_BY(mutex_);
  int error_ ABSL_GUARDED_BY(mutex_) = 0;
};

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// 0 where exec succeeded: the pipe was closed by it.
int ReadExecError(int fd) {
  int error = 0;
  ssize_t size;
  do {
    size = read(fd, &error, sizeof(error));
  } while (size < 0 && errno == EINTR);
  return size == sizeof(error) ? error : 0;
}

absl::StatusOr<pid_t> Spawn(const CommandLine& command, const HandedOver& handed_over, int mounts = -1) {
  if (command.executable.empty() || command.executable.front() != '/') {
    return absl::InvalidArgumentError(
        Concat("Starting ", Printable(command.executable), ": it is not an absolute path"));
  }
  std::vector<std::string> words = {command.executable};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> variables = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                        "LC_ALL=C"};
  const std::vector<char*> arguments = Pointers(words);
  const std::vector<char*> environment = Pointers(variables);
  std::vector<int> parked(handed_over.size());
  HOZEN_ASSIGN_OR_RETURN(Pipe error_pipe, MakePipe());
  const Start start = {.executable = words[0].c_str(),
                       .arguments = arguments.data(),
                       .environment = environment.data(),
                       .handed_over = handed_over.data(),
                       .parked = parked.data(),
                       .handed_over_count = static_cast<int>(handed_over.size()),
                       .mounts = mounts,
                       .error_pipe = error_pipe.write.get(),
                       .parent = getpid()};
  int fork_error = 0;
  LastingThread* const forks = LastingThread::Get();
  if (forks == nullptr) return ErrnoStatus(EAGAIN, Concat("Starting ", Printable(command.executable)));
  const pid_t pid = forks->Fork(start, fork_error);
  if (pid < 0) return ErrnoStatus(fork_error, Concat("Starting ", Printable(command.executable)));
  setpgid(pid, pid);  // whichever of us is first
  error_pipe.write.Reset(-1);
  if (const int error = ReadExecError(error_pipe.read.get()); error != 0) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return ErrnoStatus(error, Concat("Starting ", Printable(command.executable)));
  }
  return pid;
}

int MillisecondsUntil(absl::Time deadline) {
  const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
  return static_cast<int>(std::clamp<int64_t>(left + (left >= 0 ? 1 : 0), 0, 60'000));
}

// Waits until the child has ended, without reaping it: as long as it is a zombie its number is not given to another.
bool WaitUntilEnded(pid_t pid, absl::Time deadline) {
  const UniqueFd handle(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  while (true) {
    siginfo_t info = {};
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid) {
      return true;
    }
    const absl::Time now = absl::Now();
    if (now >= deadline) return false;
    pollfd waited = {.fd = handle.get(), .events = POLLIN, .revents = 0};
    // Kernels before 5.3 have no handles for processes; there it is asked again and again.
    poll(&waited, handle.valid() ? 1 : 0, handle.valid() ? MillisecondsUntil(deadline) : 5);
  }
}

int KillAndReap(pid_t pid) {
  kill(-pid, SIGKILL);
  kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// Kills and reaps at every way out.
class RunningCommand {
 public:
  explicit RunningCommand(pid_t pid) : pid_(pid) {}
  ~RunningCommand() { End(); }
  int End() {
    if (!ended_) status_ = KillAndReap(pid_);
    ended_ = true;
    return status_;
  }

 private:
  const pid_t pid_;
  bool ended_ = false;
  int status_ = 0;
};

// Reads one piece; closes the descriptor at its end.
absl::StatusOr<std::string_view> ReadPiece(UniqueFd& fd, std::vector<char>& buffer) {
  const ssize_t size = read(fd.get(), buffer.data(), buffer.size());
  if (size < 0) {
    if (errno == EINTR || errno == EAGAIN) return std::string_view();
    return ErrnoStatus(errno, "Reading a command's output");
  }
  if (size == 0) fd.Reset(-1);
  return std::string_view(buffer.data(), static_cast<size_t>(size));
}

// Until both pipes are at their end. False where the deadline came first.
absl::StatusOr<bool> PumpOutput(UniqueFd output, UniqueFd error, absl::Time deadline, std::string& standard_error,
                                const std::function<absl::Status(std::string_view)>& on_output) {
  std::vector<char> buffer(kPieceBytes);
  while (output.valid() || error.valid()) {
    std::array<pollfd, 2> waited = {pollfd{.fd = output.get(), .events = POLLIN, .revents = 0},
                                    pollfd{.fd = error.get(), .events = POLLIN, .revents = 0}};
    if (absl::Now() >= deadline) return false;
    if (poll(waited.data(), waited.size(), MillisecondsUntil(deadline)) < 0 && errno != EINTR) {
      return ErrnoStatus(errno, "Waiting for a command's output");
    }
    if (waited[0].revents != 0) {
      HOZEN_ASSIGN_OR_RETURN(const std::string_view piece, ReadPiece(output, buffer));
      if (!piece.empty()) HOZEN_RETURN_IF_ERROR(on_output(piece));
    }
    if (waited[1].revents != 0) {
      HOZEN_ASSIGN_OR_RETURN(const std::string_view piece, ReadPiece(error, buffer));
      standard_error.append(piece.substr(0, kStandardErrorBytes - standard_error.size()));
    }
  }
  return true;
}

absl::StatusOr<UniqueFd> OpenNull() {
  UniqueFd fd(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, "Opening /dev/null");
  return fd;
}

std::string DescribeEnd(int status) {
  if (WIFSIGNALED(status)) {
    return Concat("killed by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")");
  }
  return Concat("exit status ", WEXITSTATUS(status));
}

}  // namespace

absl::StatusOr<CommandEnd> RunCommand(const CommandLine& command, absl::Duration timeout,
                                      const std::function<absl::Status(std::string_view)>& on_output) {
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd null, OpenNull());
  HOZEN_ASSIGN_OR_RETURN(Pipe output, MakePipe());
  HOZEN_ASSIGN_OR_RETURN(Pipe error, MakePipe());
  const UniqueFd mounts = OpenHostMounts();
  const absl::Time deadline = absl::Now() + timeout;
  HOZEN_ASSIGN_OR_RETURN(const pid_t pid,
                         Spawn(command, {null.get(), output.write.get(), error.write.get()}, mounts.get()));
  RunningCommand running(pid);
  output.write.Reset(-1);
  error.write.Reset(-1);
  CommandEnd end;
  HOZEN_ASSIGN_OR_RETURN(const bool finished, PumpOutput(std::move(output.read), std::move(error.read), deadline,
                                                         end.standard_error, on_output));
  end.timed_out = !finished || !WaitUntilEnded(pid, deadline);
  const int status = running.End();
  end.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return end;
}

absl::StatusOr<std::unique_ptr<ChildProcess>> StartChild(const CommandLine& command, const std::vector<int>& handles) {
  HOZEN_ASSIGN_OR_RETURN(const UniqueFd null, OpenNull());
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return ErrnoStatus(errno, "Making a socket pair");
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  if (fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "Making a socket non-blocking");
  HandedOver handed_over = {null.get(), null.get(), null.get(), theirs.get()};
  handed_over.insert(handed_over.end(), handles.begin(), handles.end());
  HOZEN_ASSIGN_OR_RETURN(const pid_t pid, Spawn(command, handed_over));
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, std::move(ours)));
}

bool AdoptChildHandles() { return fcntl(kChildSocket, F_GETFD) >= 0; }

ChildProcess::~ChildProcess() { Finish(absl::ZeroDuration()); }

std::string ChildProcess::Finish(absl::Duration grace) {
  if (reaped_) return end_;
  WaitUntilEnded(pid_, absl::Now() + grace);
  end_ = DescribeEnd(KillAndReap(pid_));
  reaped_ = true;
  socket_.Reset(-1);
  return end_;
}

}  // namespace hozen
