// Which of the kernel's modules are there already: what asks for another has the kernel load it, through a program of
// the host's (modprobe), and that we never do.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_PRESENT_MODULES_H_
#define HOZEN_AGENT_VOLATILE_LINUX_PRESENT_MODULES_H_

#include <string>
#include <string_view>

#include "agent/volatile/linux/kernel_files.h"

namespace hozen {

// Thread-compatible.
class PresentModules {
 public:
  // `files` must outlive it.
  explicit PresentModules(const KernelFiles& files);

  // In the kernel, loaded, or not to be loaded because this kernel loads none. One that is built in and has no
  // parameters is known by modules.builtin alone; where that cannot be read, it counts as not there.
  bool IsThere(std::string_view module) const;

 private:
  const KernelFiles& files_;
  bool can_load_ = true;
  std::string builtin_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_PRESENT_MODULES_H_
