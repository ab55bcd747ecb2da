// Waiting to be told to stop.
#ifndef HOZEN_AGENT_APP_SHUTDOWN_SIGNAL_H_
#define HOZEN_AGENT_APP_SHUTDOWN_SIGNAL_H_

namespace hozen {

// Once in a process, before other threads start: SIGTERM and SIGINT are noted from here on, SIGPIPE is ignored.
bool CatchShutdownSignals();
// Returns when one came, or RequestShutdown was called.
void WaitForShutdownSignal();
// As a signal would; at any time, and from any thread.
void RequestShutdown();

}  // namespace hozen

#endif  // HOZEN_AGENT_APP_SHUTDOWN_SIGNAL_H_
