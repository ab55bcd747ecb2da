// Shadow copies of the host's volumes.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_SHADOW_COPY_STATE_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_SHADOW_COPY_STATE_H_

#include <functional>

#include "agent/platform/shadow_copies.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/state_context.h"

namespace hozen {

// What gives the copies; another than the system's in tests.
using ShadowCopyLister = std::function<ShadowCopies(const std::function<bool()>& keep_on)>;

// A v1::ShadowCopy for each, by their devices' numbers, and what could not be had before them: the service that does
// not answer, the devices that may not be listed. A device that cannot be opened is told without its size and, behind
// it, why. All is asked before the first record is given; thread-compatible.
NextRecord ShadowCopyRecords(const StateContext& context, const ShadowCopyLister& list = &ListShadowCopies);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_SHADOW_COPY_STATE_H_
