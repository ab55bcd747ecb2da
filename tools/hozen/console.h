// Where a command's answer goes: standard output for what was asked for, standard error for what happens meanwhile.
#ifndef HOZEN_TOOLS_HOZEN_CONSOLE_H_
#define HOZEN_TOOLS_HOZEN_CONSOLE_H_

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "tools/hozen/progress_bar.h"

namespace hozen {

// Thread-compatible. The streams must outlive it.
class Console {
 public:
  struct Options {
    bool json = false;
    bool progress = false;  // also off a terminal
    bool quiet = false;     // no progress, no notes
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    bool colour = false;
    size_t columns = 80;
  };
  Console(std::ostream& out, std::ostream& err) : out_(out), err_(err) {}

  // What the process's own streams are, and NO_COLOR, TERM and COLUMNS, say.
  static Options DetectOptions();

  Options& options() { return options_; }
  bool json() const { return options_.json; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }

  // A line, or several, of the answer.
  void Print(std::string_view text);
  // For people who watch, on standard error; nothing where --quiet was given.
  void Note(std::string_view text);

  enum class Colour { kGood, kWarning, kBad, kFaint, kBold };
  // The text in a colour where the answer goes to a terminal that shows them.
  std::string Paint(Colour colour, std::string_view text) const;

  std::unique_ptr<ProgressBar> NewProgressBar(const Clock& clock = Clock::Real());

 private:
  std::ostream& out_;
  std::ostream& err_;
  Options options_;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_CONSOLE_H_
