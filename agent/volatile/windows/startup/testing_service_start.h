// Starts a service for a test: what asks it does not.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TESTING_SERVICE_START_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TESTING_SERVICE_START_H_

namespace hozen {

// Whether it runs, within a minute.
bool StartForTest(const wchar_t* name);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STARTUP_TESTING_SERVICE_START_H_
