// Times of files as nanoseconds since 1970. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_RAW_TIMES_H_
#define HOZEN_AGENT_VOLUME_RAW_TIMES_H_

#include <tsk/libtsk.h>

#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Sets all times of `metadata`. NTFS's come from the attributes themselves, because libtsk keeps 32 bits of a second
// and so turns 1601 into another year; those of $FILE_NAME are of the one that libtsk prints. False where a time is too
// far from 1970 for 64 bits: it then stands at their end. Thread-compatible.
bool SetTimes(const TSK_FS_FILE& file, v1::FileMetadata& metadata);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_RAW_TIMES_H_
