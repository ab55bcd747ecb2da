// The agent's questions about files that are read raw, and its look at the answers: nothing that the child says is
// taken on trust.
#ifndef HOZEN_AGENT_VOLUME_RAW_QUESTIONS_H_
#define HOZEN_AGENT_VOLUME_RAW_QUESTIONS_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "agent/platform/shared_memory.h"
#include "agent/volume/conversation.h"
#include "agent/volume/raw_file.h"
#include "agent/volume/raw_messages.h"
#include "proto/hozen/v1/raw_entry.pb.h"

namespace hozen {

// Thread-compatible. Borrows both. Contracts as VolumeReader's functions of these names.
class RawQuestions {
 public:
  using OnEntries = std::function<absl::Status(std::vector<v1::RawEntry>)>;

  RawQuestions(Conversation& child, const SharedMemory& shared) : child_(child), shared_(shared) {}

  absl::Status ReadFolder(const RawFileId& folder, const RawFolderOptions& options, const OnEntries& on_entries);
  absl::StatusOr<v1::RawEntry> FindEntry(const RawFileId& folder, std::string_view name);
  absl::StatusOr<v1::RawEntry> DescribeFile(const RawFileId& file);
  absl::StatusOr<size_t> ReadAttribute(const RawFileId& file, const RawAttributeId& attribute, uint64_t offset_bytes,
                                       absl::Span<char> buffer);
  absl::StatusOr<RawFileSystem> DescribeFileSystem(uint64_t offset_bytes);
  absl::Status ReadOrphans(uint64_t offset_bytes, const RawFolderOptions& options, const OnEntries& on_entries);

 private:
  absl::Status TakeEntries(const OnEntries& on_entries);
  absl::StatusOr<v1::RawEntry> TakeOneEntry(RawName name);

  Conversation& child_;
  const SharedMemory& shared_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_RAW_QUESTIONS_H_
