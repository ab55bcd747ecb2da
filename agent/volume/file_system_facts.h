// What a file system is, beside its files. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_FILE_SYSTEM_FACTS_H_
#define HOZEN_AGENT_VOLUME_FILE_SYSTEM_FACTS_H_

#include <tsk/libtsk.h>

#include "agent/volume/raw_file.h"

namespace hozen {

// Thread-compatible. Label and uuid are empty where they cannot be read, or the type is none of NTFS, FAT, exFAT and
// ext.
RawFileSystem DescribeOpenFileSystem(TSK_FS_INFO& system);

// Whether names that differ in case alone are the same name.
bool IgnoresCase(const TSK_FS_INFO& system);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_FILE_SYSTEM_FACTS_H_
