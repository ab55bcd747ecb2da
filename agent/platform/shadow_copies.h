// Shadow copies of this host's volumes, and what the Volume Shadow Copy Service says of them.
#ifndef HOZEN_AGENT_PLATFORM_SHADOW_COPIES_H_
#define HOZEN_AGENT_PLATFORM_SHADOW_COPIES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/hozen/v1/volatile.pb.h"

namespace hozen {

struct ShadowCopies {
  std::vector<v1::ShadowCopy> copies;  // by their devices' numbers; those without one first
  absl::Status service;                // why the service did not say what it knows: then there are devices alone
  absl::Status devices;                // why devices could not be listed: then there is what the service says alone
};

// Asks the service for at most a minute, which starts it where it does not run, and lists the devices beside; a device
// that the service does not know is a copy too. Nothing is made, mounted or changed. Unimplemented on a system that has
// none. Thread-safe. `keep_on`, called several times a second, ends the question with Cancelled.
// https://learn.microsoft.com/en-us/windows/win32/api/vsbackup/nf-vsbackup-ivssbackupcomponents-query
ShadowCopies ListShadowCopies(const std::function<bool()>& keep_on);

// The copies that the service knows and the devices that there are, as one list. Pure, thread-safe.
std::vector<v1::ShadowCopy> JoinShadowCopies(std::vector<v1::ShadowCopy> known,
                                             const std::vector<std::string>& devices);

// The flags of a copy (VSS_VOLUME_SNAPSHOT_ATTRIBUTES) by their names, "PERSISTENT"; what has none as "0x00008000".
// https://learn.microsoft.com/en-us/windows/win32/api/vss/ne-vss-vss_volume_snapshot_attributes
std::vector<std::string> ShadowCopyAttributes(uint32_t attributes);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_SHADOW_COPIES_H_
