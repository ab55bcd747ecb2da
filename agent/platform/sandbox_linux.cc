#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

#include "agent/platform/sandbox.h"
#include "core/base/concat.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uid_t kNobody = 65534;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr rlim_t kDescriptors = 4096;  // a sanitizer's pipe comes after those of a container's many files
#else
constexpr rlim_t kDescriptors = 64;
#endif

// What reading a descriptor, answering over another, memory and time need, and how threads and processes end. Nothing
// here takes a path, makes a descriptor or reaches another process.
constexpr int kAllowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(sched_yield),
    SCMP_SYS(membarrier),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(restart_syscall),
    // abort() and the default handling of a signal end in these; they name the caller's own process.
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    // The sanitizers' own housekeeping; a pipe is how the one for undefined behaviour asks whether memory is there.
    SCMP_SYS(pipe2),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(readlink),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(prctl),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
#endif
};

absl::Status CloseOthers(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 0;
  const auto close_up_to = [](unsigned from, unsigned last) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, from, last, 0U) == 0) return;
#endif
    rlimit limit = {};
    const rlim_t most = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::min<rlim_t>(limit.rlim_cur, 1 << 20) : 65536;
    for (unsigned fd = from; fd <= last && fd < most; ++fd) close(static_cast<int>(fd));
  };
  for (const int fd : kept) {
    if (fd < 0) return absl::InvalidArgumentError("Entering the sandbox: a kept descriptor is negative");
    const auto number = static_cast<unsigned>(fd);
    if (number > first) close_up_to(first, number - 1);
    first = number + 1;
  }
  close_up_to(first, ~0U);
  return absl::OkStatus();
}

// Where the kernel lets us: no network, no other process's memory, and an empty root. The tmpfs lies in a mount
// namespace of our own and vanishes with us; the host never sees it. Hosts that forbid this are many (containers, some
// distributions), and the system call filter does not depend on it, so failures are let pass.
void EnterEmptyNamespaces() {
  constexpr int kSpaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  if (unshare(geteuid() == 0 ? kSpaces : kSpaces | CLONE_NEWUSER) != 0) return;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
  if (mount("hozen", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "size=4k,nr_inodes=1,mode=0") !=
      0) {
    return;
  }
  if (chdir("/proc") != 0) return;
  if (syscall(SYS_pivot_root, ".", ".") != 0) return;
  umount2(".", MNT_DETACH);
}

absl::Status Limit(__rlimit_resource resource, rlim_t most, const char* what) {
  const rlimit limit = {.rlim_cur = most, .rlim_max = most};
  if (setrlimit(resource, &limit) != 0) return ErrnoStatus(errno, Concat("Limiting ", what));
  return absl::OkStatus();
}

absl::Status LimitResources(const SandboxOptions& options) {
  // The address sanitizer reserves terabytes of addresses; under it there is no such limit.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  HOZEN_RETURN_IF_ERROR(Limit(RLIMIT_AS, options.memory_bytes, "memory"));
#endif
  HOZEN_RETURN_IF_ERROR(Limit(RLIMIT_CPU, options.cpu_seconds, "CPU time"));
  HOZEN_RETURN_IF_ERROR(Limit(RLIMIT_CORE, 0, "core dumps"));
  HOZEN_RETURN_IF_ERROR(Limit(RLIMIT_FSIZE, 0, "file sizes"));
  HOZEN_RETURN_IF_ERROR(Limit(RLIMIT_NOFILE, kDescriptors, "descriptors"));
  return Limit(RLIMIT_NPROC, 0, "processes");
}

absl::Status BecomeNobody() {
  if (geteuid() != 0) return absl::OkStatus();
  if (setgroups(0, nullptr) != 0) return ErrnoStatus(errno, "Giving up the groups of root");
  if (setresgid(kNobody, kNobody, kNobody) != 0) return ErrnoStatus(errno, "Giving up the group of root");
  if (setresuid(kNobody, kNobody, kNobody) != 0) return ErrnoStatus(errno, "Giving up being root");
  if (setuid(0) == 0) return absl::InternalError("Giving up being root: it could be had back");
  return absl::OkStatus();
}

absl::Status FilterSystemCalls() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
  if (filter == nullptr) return absl::ResourceExhaustedError("Making the system call filter: no memory");
  for (const int call : kAllowed) {
    // Calls that this architecture never had cannot be made.
    if (call < 0) continue;
    if (const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); error != 0) {
      return ErrnoStatus(-error, Concat("Allowing system call ", call));
    }
  }
  // Memory, but never memory that could be executed.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    if (const int error =
            seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        error != 0) {
      return ErrnoStatus(-error, Concat("Allowing system call ", call));
    }
  }
  if (const int error = seccomp_load(filter.get()); error != 0) {
    return ErrnoStatus(-error, "Loading the system call filter");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EnterSandbox(const SandboxOptions& options) {
  HOZEN_RETURN_IF_ERROR(CloseOthers(options.kept_descriptors));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus(errno, "Giving up new privileges");
  EnterEmptyNamespaces();
  HOZEN_RETURN_IF_ERROR(BecomeNobody());
  HOZEN_RETURN_IF_ERROR(LimitResources(options));
  // No process of the same user may look into us.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return ErrnoStatus(errno, "Refusing to be traced");
  return FilterSystemCalls();
}

void UseUtc() {
  setenv("TZ", "UTC0", 1);
  tzset();
}

}  // namespace hozen
