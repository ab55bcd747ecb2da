#include "agent/volatile/windows/system_function.h"

#include <windows.h>

namespace hozen {

void* FindSystemFunction(const wchar_t* library, const char* name) {
  const HMODULE module = ::LoadLibraryExW(library, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (module == nullptr) return nullptr;
  return reinterpret_cast<void*>(::GetProcAddress(module, name));
}

}  // namespace hozen
