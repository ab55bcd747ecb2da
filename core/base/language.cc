#include "core/base/language.h"

#include <atomic>
#include <cstdlib>

#include "absl/strings/match.h"
#ifdef _WIN32
#include <windows.h>
#endif

namespace hozen {
namespace {

Language LanguageOfEnvironment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* const value = std::getenv(name);
    // POSIX: a variable that is set to nothing counts as not set.
    if (value == nullptr || *value == '\0') continue;
    return absl::StartsWith(value, "ja") ? Language::kJapanese : Language::kEnglish;
  }
#ifdef _WIN32
  // Who sets none of them has still chosen the language of the desktop.
  if (PRIMARYLANGID(::GetUserDefaultUILanguage()) == LANG_JAPANESE) return Language::kJapanese;
#endif
  return Language::kEnglish;
}

std::atomic<Language>& CurrentLanguage() {
  static std::atomic<Language> language = LanguageOfEnvironment();
  return language;
}

}  // namespace

Language UserLanguage() { return CurrentLanguage().load(std::memory_order_relaxed); }

void SetUserLanguage(Language language) { CurrentLanguage().store(language, std::memory_order_relaxed); }

std::string_view Say(std::string_view english, std::string_view japanese) {
  return UserLanguage() == Language::kJapanese ? japanese : english;
}

}  // namespace hozen
