#include "agent/run/journal.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "agent/platform/descriptor.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/bytes/source.h"
#include "core/evidence/body.h"

namespace hozen {
namespace {

constexpr size_t kReadSizeBytes = 256 << 10;

}  // namespace

absl::StatusOr<uint64_t> ReadJournal(const std::filesystem::path& path, uint64_t from_bytes, uint64_t to_bytes,
                                     const OnJournalRecord& on_record) {
  HOZEN_ASSIGN_OR_RETURN(UniqueFd fd, OpenToRead(path));
  const std::unique_ptr<Source> source = NewFdSource(std::move(fd), to_bytes);

  absl::Status wanted;  // what on_record said, apart from what is torn
  uint64_t torn_at = std::numeric_limits<uint64_t>::max();
  RecordReader reader([&](uint64_t offset_bytes, std::string_view bytes) {
    v1::JournalRecord record;
    // No record of ours is empty: zeros are what a file system leaves where it lost the bytes.
    if (bytes.empty() || !record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      torn_at = from_bytes + offset_bytes;
      return absl::DataLossError("torn record");
    }
    wanted = on_record(from_bytes + offset_bytes, record);
    return wanted;
  });

  std::string buffer(kReadSizeBytes, '\0');
  for (uint64_t offset = from_bytes; offset < to_bytes;) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(buffer.size(), to_bytes - offset));
    HOZEN_ASSIGN_OR_RETURN(const size_t read, source->ReadAt(offset, absl::MakeSpan(buffer.data(), size)));
    if (read == 0) break;
    const absl::Status fed = reader.Feed(std::string_view(buffer).substr(0, read));
    HOZEN_RETURN_IF_ERROR(wanted);
    if (!fed.ok()) return std::min(torn_at, from_bytes + reader.whole_records_size_bytes());
    offset += read;
  }
  return from_bytes + reader.whole_records_size_bytes();
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::filesystem::path& path,
                                                       const OnJournalRecord& on_record) {
  HOZEN_ASSIGN_OR_RETURN(UniqueFd fd, OpenToAppend(path));
  const uint64_t size = StateOfDescriptor(fd.get()).size_bytes;
  HOZEN_ASSIGN_OR_RETURN(const uint64_t whole, ReadJournal(path, 0, size, on_record));
  if (whole < size) {
    Log(Severity::kWarning, Concat("cut ", size - whole, " torn bytes off ", path.string()));
    HOZEN_RETURN_IF_ERROR(WithContext(CutDescriptor(fd.get(), whole), path.string()));
  }
  HOZEN_RETURN_IF_ERROR(SyncFolder(path.parent_path()));
  return std::unique_ptr<Journal>(new Journal(path, std::move(fd), whole));
}

absl::Status Journal::Append(const v1::JournalRecord& record) {
  std::string bytes;
  HOZEN_RETURN_IF_ERROR(AppendRecord(record, bytes));
  const absl::Status written = WriteFully(fd_.get(), bytes);
  if (!written.ok()) {
    // Half a record must not stand before the next one. If even this fails, opening it again will cut it off.
    if (!CutDescriptor(fd_.get(), size_bytes_).ok()) {
      Log(Severity::kError, Concat("cannot cut ", path_.string(), " back to ", size_bytes_, " bytes"));
    }
    return WithContext(written, Concat("write ", path_.string()));
  }
  size_bytes_ += bytes.size();
  unsynced_ = true;
  return absl::OkStatus();
}

absl::Status Journal::Sync() {
  if (!unsynced_) return absl::OkStatus();
  HOZEN_RETURN_IF_ERROR(WithContext(SyncDescriptor(fd_.get()), path_.string()));
  unsynced_ = false;
  return absl::OkStatus();
}

}  // namespace hozen
