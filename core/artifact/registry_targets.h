// REGISTRY_KEY and REGISTRY_VALUE sources -> targets of a Windows. Only core/artifact uses it.
#ifndef HOZEN_CORE_ARTIFACT_REGISTRY_TARGETS_H_
#define HOZEN_CORE_ARTIFACT_REGISTRY_TARGETS_H_

#include "core/artifact/source_targets.h"

namespace hozen {

// Keys are told by HKEY_LOCAL_MACHINE or HKEY_USERS, as they stand in files: HKEY_CURRENT_USER is everybody's,
// HKEY_CLASSES_ROOT the machine's classes and everybody's. A last part * or ** of a REGISTRY_KEY means what lies in a
// key, its values too, so the key itself is a target as well.
SourceTargets RegistryTargets(const ArtifactSource& source, HostState state);

}  // namespace hozen

#endif  // HOZEN_CORE_ARTIFACT_REGISTRY_TARGETS_H_
