// Waiting to be told to stop.
#ifndef HOZEN_AGENT_APP_SHUTDOWN_SIGNAL_H_
#define HOZEN_AGENT_APP_SHUTDOWN_SIGNAL_H_

namespace hozen {

// Once in a process, before other threads start: SIGTERM and SIGINT are noted from here on, SIGPIPE is ignored.
bool CatchShutdownSignals();
// Returns when one came.
void WaitForShutdownSignal();

}  // namespace hozen

#endif  // HOZEN_AGENT_APP_SHUTDOWN_SIGNAL_H_
