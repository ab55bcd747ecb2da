// An acquisition's journal: a file of length-prefixed v1::JournalRecords that only grows. A crash may leave a piece of
// a record at its end; it is cut off when the journal is opened again. Format: docs/formats/agent-state.md.
#ifndef HOZEN_AGENT_RUN_JOURNAL_H_
#define HOZEN_AGENT_RUN_JOURNAL_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"
#include "proto/hozen/v1/agent_state.pb.h"

namespace hozen {

// Gets each record and the offset at which its length stands; an error ends the reading.
using OnJournalRecord = std::function<absl::Status(uint64_t offset_bytes, const v1::JournalRecord& record)>;

// Reads the records in [from_bytes, to_bytes), which must be cut at records. Returns where the last good one ends:
// behind it the file is torn. NotFound where there is no journal.
absl::StatusOr<uint64_t> ReadJournal(const std::filesystem::path& path, uint64_t from_bytes, uint64_t to_bytes,
                                     const OnJournalRecord& on_record);

// Thread-compatible.
class Journal {
 public:
  // Opens or creates it, gives every record there is to `on_record`, and cuts off what is torn.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::filesystem::path& path,
                                                       const OnJournalRecord& on_record);

  // Survives the end of this process once it returns; the end of the machine's power after Sync.
  absl::Status Append(const v1::JournalRecord& record);
  absl::Status Sync();

  const std::filesystem::path& path() const { return path_; }
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  Journal(std::filesystem::path path, UniqueFd fd, uint64_t size_bytes)
      : path_(std::move(path)), fd_(std::move(fd)), size_bytes_(size_bytes) {}

  const std::filesystem::path path_;
  UniqueFd fd_;
  uint64_t size_bytes_;
  bool unsynced_ = false;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_JOURNAL_H_
