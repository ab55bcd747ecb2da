// Functions of the system's libraries that not every Windows has, or that no header declares.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_SYSTEM_FUNCTION_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_SYSTEM_FUNCTION_H_

namespace hozen {

// Null where there is none. The library is taken from the system's own folder, nowhere else, and stays loaded.
// Thread-safe.
void* FindSystemFunction(const wchar_t* library, const char* name);

// The same, as what it is: SystemFunction<decltype(&::WTSFreeMemory)>(L"wtsapi32.dll", "WTSFreeMemory").
template <typename Function>
Function SystemFunction(const wchar_t* library, const char* name) {
  return reinterpret_cast<Function>(FindSystemFunction(library, name));
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_SYSTEM_FUNCTION_H_
