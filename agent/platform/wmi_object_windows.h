// An object as COM has it, taken apart. For *_windows.cc files alone.
#ifndef HOZEN_AGENT_PLATFORM_WMI_OBJECT_WINDOWS_H_
#define HOZEN_AGENT_PLATFORM_WMI_OBJECT_WINDOWS_H_

#include "agent/platform/wmi_object.h"

struct IWbemClassObject;

namespace hozen {

// Bounded as docs/formats/wmi.md says; what cannot be had of a property is its problem. On a thread in an apartment.
WmiObject WmiObjectOf(IWbemClassObject& object);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_WMI_OBJECT_WINDOWS_H_
