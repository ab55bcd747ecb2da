// Messages between the agent and its volume reader: length (4 bytes, little endian), type (1 byte), payload of at most
// 64 KiB and a little. Neither side believes the other's lengths beyond that.
#ifndef HOZEN_AGENT_VOLUME_CHANNEL_H_
#define HOZEN_AGENT_VOLUME_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hozen {

enum class MessageType : uint8_t {
  // To the child.
  kSetup = 1,        // memory_bytes, cpu_seconds, sector_size_bytes, ContainerKind, shared_bytes, the size of each file
  kLayout = 2,       // nothing
  kListing = 3,      // offset_bytes, then the mount point
  kFileRuns = 4,     // offset_bytes, from_bytes, most_runs, valuable_only
  kFreeRuns = 5,     // the same
  kReadBytes = 6,    // offset_bytes, size_bytes: into the shared memory
  kFolder = 7,       // offset_bytes, address, deleted
  kFind = 8,         // offset_bytes, address, then the name
  kDescribe = 9,     // offset_bytes, address
  kAttribute = 21,   // offset_bytes, address, type, id, from_bytes, size_bytes: into the shared memory
  kFileSystem = 22,  // offset_bytes
  kOrphans = 23,     // offset_bytes
  kRegistry = 27,    // as kAttribute, the number of logs, each as kDescribe, has_value, the value's length, then both
  // From the child.
  kReady = 10,         // disk_size_bytes, sector_size_bytes: it is in its sandbox, and the container is open
  kPartition = 11,     // v1::Partition
  kLayoutEnd = 12,     // name of the partition table
  kListingBytes = 13,  // a piece of a body file
  kListingEnd = 14,    // entries, errors
  kFailed = 15,        // absl::StatusCode, then text; ends an answer
  kBytes = 20,         // size_bytes: so many stand in the shared memory
  kStillReading = 16,  // nothing: there is no answer yet, but the disk is being read
  kRuns = 17,          // runs, each as AppendRun writes it
  kRunsEnd = 18,       // end_bytes, complete
  kEntries = 24,       // v1::RawEntry, each preceded by its length; to kFind and kDescribe one alone
  kEntriesEnd = 25,    // nothing
  kHiveBytes = 28,     // a piece of a row of v1::RegistryKey, each preceded by its length
  kHiveEnd = 29,       // keys, errors, dirty, log_entries
  kFileSystemIs = 26,  // block_size_bytes, ignores_case; type, label and uuid, each preceded by its length
};

inline constexpr size_t kMaxListingPieceBytes = 64 << 10;
inline constexpr size_t kMaxPayloadBytes = kMaxListingPieceBytes + 64;

struct Message {
  MessageType type;
  std::string payload;
};

// Both work on blocking and non-blocking sockets; only on the latter is the deadline kept, and only there do they need
// poll(2). DeadlineExceeded after it; Unavailable where the other side has closed its end; InvalidArgument for a length
// that no honest side sends; others as ErrnoStatus. After any error the channel is of no more use. Thread-compatible.
absl::Status SendMessage(int fd, MessageType type, std::string_view payload, absl::Time deadline);
absl::StatusOr<Message> ReceiveMessage(int fd, absl::Time deadline);

// Numbers in payloads: 8 bytes, little endian.
void AppendNumber(std::string& payload, uint64_t number);
// Takes one from the front; nullopt where there are too few bytes.
std::optional<uint64_t> TakeNumber(std::string_view& payload);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_CHANNEL_H_
