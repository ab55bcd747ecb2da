#include <windows.h>
// After windows.h.
#include <shellapi.h>

#include "agent/platform/process_start.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {

std::vector<std::string> CommandLineWords(int argc, char** argv) {
  int count = 0;
  wchar_t** const words = ::CommandLineToArgvW(::GetCommandLineW(), &count);
  if (words == nullptr) return argc < 1 ? std::vector<std::string>() : std::vector<std::string>(argv + 1, argv + argc);
  const LocalMemory owned(static_cast<void*>(words));
  std::vector<std::string> found;
  for (int i = 1; i < count; ++i) found.push_back(Wtf8OfWide(words[i]));
  return found;
}

void ShowNoWindows() { ::SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX); }

void SpeakUtf8() { ::SetConsoleOutputCP(CP_UTF8); }

std::string OwnExecutable() {
  std::wstring name(32'768, L'\0');
  const DWORD size = ::GetModuleFileNameW(nullptr, name.data(), static_cast<DWORD>(name.size()));
  name.resize(size);
  return Wtf8OfWide(name);
}

}  // namespace hozen
