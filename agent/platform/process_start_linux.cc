#include <filesystem>
#include <system_error>

#include "agent/platform/process_start.h"

namespace hozen {

std::vector<std::string> CommandLineWords(int argc, char** argv) {
  if (argc < 1) return {};
  return {argv + 1, argv + argc};
}

void ShowNoWindows() {}

void SpeakUtf8() {}

std::string OwnExecutable() {
  std::error_code error;
  return std::filesystem::canonical("/proc/self/exe", error).string();
}

}  // namespace hozen
