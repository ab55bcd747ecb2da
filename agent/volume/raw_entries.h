// What libtsk says about one file, as an entry. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_RAW_ENTRIES_H_
#define HOZEN_AGENT_VOLUME_RAW_ENTRIES_H_

#include <tsk/libtsk.h>

#include <cstddef>

#include "proto/hozen/v1/raw_entry.pb.h"

namespace hozen {

// What one entry may hold; a `problem` says where there was more.
inline constexpr size_t kMostNameBytes = 4096;
inline constexpr size_t kMostLinkBytes = 4096;
inline constexpr size_t kMostProblemBytes = 1024;
inline constexpr size_t kMostAttributesBytes = 48 << 10;  // as they are encoded

// All thread-compatible over one file system. `entry` is filled anew. Nothing fails: what cannot be had is missing, and
// `problem` says why.

// A name in a folder. `file` is its record as tsk_fs_dir_get gives it; may be null.
void DescribeName(TSK_FS_INFO& system, const TSK_FS_NAME& name, TSK_FS_FILE* file, v1::RawEntry& entry);

// A record without a name.
void DescribeRecord(TSK_FS_FILE& file, v1::RawEntry& entry);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_RAW_ENTRIES_H_
