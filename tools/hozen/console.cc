#include "tools/hozen/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "core/base/concat.h"

namespace hozen {

Console::Options Console::DetectOptions() {
  Options options;
  options.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  options.err_is_terminal = isatty(STDERR_FILENO) == 1;
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb" || *term == '\0';
  const char* no_color = std::getenv("NO_COLOR");  // no-color.org: set and not empty
  options.colour = options.out_is_terminal && !dumb && (no_color == nullptr || *no_color == '\0');
  if (dumb) options.err_is_terminal = false;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    options.columns = size.ws_col;
  } else if (const char* columns = std::getenv("COLUMNS"); columns != nullptr) {
    int value = 0;
    if (absl::SimpleAtoi(columns, &value) && value >= 20 && value <= 10'000) {
      options.columns = static_cast<size_t>(value);
    }
  }
  return options;
}

void Console::Print(std::string_view text) {
  out_ << text;
  if (text.empty() || text.back() != '\n') out_ << '\n';
}

void Console::Note(std::string_view text) {
  if (options_.quiet) return;
  err_ << text;
  if (text.empty() || text.back() != '\n') err_ << '\n';
  err_ << std::flush;
}

std::string Console::Paint(Colour colour, std::string_view text) const {
  if (!options_.colour || options_.json) return std::string(text);
  const char* code = "";
  switch (colour) {
    case Colour::kGood:
      code = "32";
      break;
    case Colour::kWarning:
      code = "33";
      break;
    case Colour::kBad:
      code = "31";
      break;
    case Colour::kFaint:
      code = "2";
      break;
    case Colour::kBold:
      code = "1";
      break;
  }
  return Concat("\x1b[", code, "m", text, "\x1b[0m");
}

std::unique_ptr<ProgressBar> Console::NewProgressBar(const Clock& clock) {
  ProgressBar::Mode mode = ProgressBar::Mode::kOff;
  if (!options_.quiet) {
    if (options_.err_is_terminal) {
      mode = ProgressBar::Mode::kBar;
    } else if (options_.progress) {
      mode = ProgressBar::Mode::kLines;
    }
  }
  return std::make_unique<ProgressBar>(err_, mode, options_.columns, clock);
}

}  // namespace hozen
