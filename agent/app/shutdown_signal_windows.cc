#include <windows.h>

#include "agent/app/shutdown_signal.h"

namespace hozen {
namespace {

// Never closed: a handler may run until the process has ended.
HANDLE shutdown_event = nullptr;

// On a thread that the system makes. After Ctrl-C, Ctrl-Break, a closed console, a logoff or a shutdown; after the last
// three the process is ended when this returns, so it does not.
BOOL WINAPI OnControl(DWORD control) {
  ::SetEvent(shutdown_event);
  if (control != CTRL_C_EVENT && control != CTRL_BREAK_EVENT) ::Sleep(INFINITE);
  return TRUE;
}

}  // namespace

bool CatchShutdownSignals() {
  shutdown_event = ::CreateEventW(nullptr, /*bManualReset=*/TRUE, FALSE, nullptr);
  return shutdown_event != nullptr && ::SetConsoleCtrlHandler(&OnControl, TRUE);
}

void WaitForShutdownSignal() { ::WaitForSingleObject(shutdown_event, INFINITE); }

}  // namespace hozen
