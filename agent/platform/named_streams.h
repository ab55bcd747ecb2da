// Streams that a file or folder has beside its contents: NTFS's and ReFS's alternate data streams.
#ifndef HOZEN_AGENT_PLATFORM_NAMED_STREAMS_H_
#define HOZEN_AGENT_PLATFORM_NAMED_STREAMS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

struct NamedStream {
  std::string name;  // WTF-8: "Zone.Identifier"
  uint64_t size_bytes = 0;
  uint64_t allocated_bytes = 0;
};

// At most so many of a file are told.
inline constexpr size_t kMostNamedStreams = 4096;

// Out of the bytes of a FILE_STREAM_INFORMATION, a list in which each entry says where the next one begins
// (https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_file_stream_information). The stream
// without a name, which is the contents, is left out, and so is what is no data. DataLoss where the list leads out of
// its bytes. Pure, thread-safe.
absl::StatusOr<std::vector<NamedStream>> ParseStreamInformation(std::string_view bytes);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_NAMED_STREAMS_H_
