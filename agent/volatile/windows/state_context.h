// What every kind of state of a Windows is asked with.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_STATE_CONTEXT_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_STATE_CONTEXT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct StateContext {
  // Why the host's local policy forbids to open a file; nothing where it does not. The path is WTF-8.
  std::function<std::optional<v1::Failure>(std::string_view path)> refused;
  // False: the acquisition ends, and what is not asked yet is not asked any more.
  std::function<bool()> keep_on;
  std::optional<int64_t> clock_offset_ns;  // this host's clock minus the collector's, where that is known
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_STATE_CONTEXT_H_
