// What a volume reader says about a file, as an entry of a tree. Pure.
#ifndef HOZEN_AGENT_RAW_RAW_ENTRIES_H_
#define HOZEN_AGENT_RAW_RAW_ENTRIES_H_

#include <cstdint>

#include "agent/acquire/file_tree.h"
#include "proto/hozen/v1/raw_entry.pb.h"

namespace hozen {

// Each attribute but the one that programs read becomes a stream: alternate ones by their names, others as NTFS writes
// them, "$I30:$INDEX_ALLOCATION" (https://learn.microsoft.com/en-us/windows/win32/fileio/file-streams). `device` is the
// volume's.
TreeEntry TreeEntryOf(const v1::RawEntry& entry, uint64_t device);

}  // namespace hozen

#endif  // HOZEN_AGENT_RAW_RAW_ENTRIES_H_
