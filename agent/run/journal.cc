#include "agent/run/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

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
constexpr unsigned kMode = 0600;

}  // namespace

absl::StatusOr<uint64_t> ReadJournal(const std::filesystem::path& path, uint64_t from_bytes, uint64_t to_bytes,
                                     const OnJournalRecord& on_record) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, Concat("open ", path.string()));
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
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kMode));
  if (!fd.valid()) return ErrnoStatus(errno, Concat("open ", path.string()));
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  if (size < 0) return ErrnoStatus(errno, Concat("size of ", path.string()));
  HOZEN_ASSIGN_OR_RETURN(const uint64_t whole, ReadJournal(path, 0, static_cast<uint64_t>(size), on_record));
  if (whole < static_cast<uint64_t>(size)) {
    Log(Severity::kWarning, Concat("cut ", static_cast<uint64_t>(size) - whole, " torn bytes off ", path.string()));
    if (::ftruncate(fd.get(), static_cast<off_t>(whole)) != 0) {
      return ErrnoStatus(errno, Concat("cut ", path.string()));
    }
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
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes_)) != 0) {
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
  if (::fdatasync(fd_.get()) != 0) return ErrnoStatus(errno, Concat("sync ", path_.string()));
  unsynced_ = false;
  return absl::OkStatus();
}

}  // namespace hozen
