#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "agent/app/shutdown_signal.h"

namespace hozen {
namespace {

// Written by a signal handler, which may touch nothing else.
int shutdown_pipe[2] = {-1, -1};

void OnSignal(int /*signal*/) {
  const int saved = errno;
  const char byte = 0;
  // A full pipe has said it already.
  [[maybe_unused]] const ssize_t written = ::write(shutdown_pipe[1], &byte, 1);
  errno = saved;
}

}  // namespace

bool CatchShutdownSignals() {
  if (::pipe2(shutdown_pipe, O_CLOEXEC) != 0) return false;
  ::fcntl(shutdown_pipe[1], F_SETFL, O_NONBLOCK);
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  return ::sigaction(SIGTERM, &action, nullptr) == 0 && ::sigaction(SIGINT, &action, nullptr) == 0 &&
         ::sigaction(SIGPIPE, &ignore, nullptr) == 0;
}

void RequestShutdown() { OnSignal(SIGTERM); }

void WaitForShutdownSignal() {
  char byte;
  while (::read(shutdown_pipe[0], &byte, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace hozen
