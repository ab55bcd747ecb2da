#include <windows.h>

#include "agent/app/shutdown_signal.h"

namespace hozen {
namespace {

// Never closed: a handler may run until the process has ended.
HANDLE ShutdownEvent() {
  static const HANDLE event = ::CreateEventW(nullptr, /*bManualReset=*/TRUE, FALSE, nullptr);
  return event;
}

// On a thread that the system makes. After Ctrl-C, Ctrl-Break, a closed console, a logoff or a shutdown; after a closed
// console and a shutdown the process is ended when this returns, so it does not. Of logoffs only services hear, and
// whoever logged off is no concern of theirs.
BOOL WINAPI OnControl(DWORD control) {
  if (control == CTRL_LOGOFF_EVENT) return TRUE;
  ::SetEvent(ShutdownEvent());
  if (control != CTRL_C_EVENT && control != CTRL_BREAK_EVENT) ::Sleep(INFINITE);
  return TRUE;
}

}  // namespace

bool CatchShutdownSignals() { return ShutdownEvent() != nullptr && ::SetConsoleCtrlHandler(&OnControl, TRUE); }

void WaitForShutdownSignal() { ::WaitForSingleObject(ShutdownEvent(), INFINITE); }

void RequestShutdown() { ::SetEvent(ShutdownEvent()); }

}  // namespace hozen
