// What we say to people, in English and Japanese, side by side where it is said.
#ifndef HOZEN_CORE_BASE_LANGUAGE_H_
#define HOZEN_CORE_BASE_LANGUAGE_H_

#include <string_view>

namespace hozen {

enum class Language { kEnglish, kJapanese };

// From LC_ALL, LC_MESSAGES or LANG, the first that is set: "ja..." is Japanese. Read once, at the first call.
Language UserLanguage();

// For tests and for --lang.
void SetUserLanguage(Language language);

// The one that the user reads: Say("Waiting for the host", "端末の接続を待っています").
std::string_view Say(std::string_view english, std::string_view japanese);

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_LANGUAGE_H_
