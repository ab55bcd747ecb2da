#include "collector/store/pack_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/concat.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/chunk/chunk.h"

namespace hozen {

absl::StatusOr<PackFile> PackFile::Open(const std::filesystem::path& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return ErrnoStatus(errno, Concat("opening ", path.string()));
  struct stat facts;
  if (fstat(fd.get(), &facts) != 0) return ErrnoStatus(errno, Concat("looking at ", path.string()));
  return PackFile(std::move(fd), static_cast<uint64_t>(facts.st_size), path.filename().string());
}

absl::StatusOr<std::string> PackFile::Read(uint64_t offset_bytes, size_t size_bytes) const {
  std::string bytes(size_bytes, '\0');
  size_t have = 0;
  while (have < size_bytes) {
    const ssize_t n = pread(fd_.get(), &bytes[have], size_bytes - have, static_cast<off_t>(offset_bytes + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "reading the pack");
    if (n == 0) return absl::DataLossError("the pack ends before");
    have += static_cast<size_t>(n);
  }
  return bytes;
}

absl::StatusOr<PackHead> PackFile::ReadHead() const {
  HOZEN_ASSIGN_OR_RETURN(const std::string bytes, Read(0, std::min<uint64_t>(size_bytes_, kPackHeadSizeBytes)));
  return DecodePackHead(bytes);
}

absl::StatusOr<RecordHead> PackFile::ReadRecordHead(uint64_t offset_bytes) const {
  HOZEN_ASSIGN_OR_RETURN(const std::string bytes, Read(offset_bytes, kRecordHeadSizeBytes));
  HOZEN_ASSIGN_OR_RETURN(const RecordHead head, DecodeRecordHead(bytes));
  if (offset_bytes + kRecordHeadSizeBytes + head.frame_size_bytes > size_bytes_) {
    return absl::DataLossError("the pack ends inside the record");
  }
  return head;
}

absl::StatusOr<std::string> PackFile::ReadPlain(uint64_t offset_bytes, const RecordHead& head) const {
  if (head.encoding != RecordEncoding::kZstd) {
    return absl::FailedPreconditionError(
        Concat("the record has encoding ", static_cast<int>(head.encoding),
               ", which this program does not know; start the program that wrote it, or a newer one"));
  }
  HOZEN_ASSIGN_OR_RETURN(const std::string frame, Read(offset_bytes + kRecordHeadSizeBytes, head.frame_size_bytes));
  absl::StatusOr<std::string> plain = UnpackVerified(head.sha256, head.plain_size_bytes, frame);
  if (!plain.ok()) return absl::DataLossError(plain.status().message());
  return plain;
}

absl::Status PackFile::Sync() const {
  if (fdatasync(fd_.get()) != 0) return ErrnoStatus(errno, Concat("syncing ", name_));
  return absl::OkStatus();
}

std::optional<uint64_t> PackFile::FindSound(uint64_t offset_bytes) const {
  constexpr size_t kBlockBytes = 4096;  // also what is given up where the device cannot read
  while (offset_bytes + kRecordHeadSizeBytes <= size_bytes_) {
    const size_t size = std::min<uint64_t>(kBlockBytes, size_bytes_ - offset_bytes);
    const absl::StatusOr<std::string> block = Read(offset_bytes, size);
    for (size_t at = 0; block.ok() && at < size; at += kRecordAlignmentBytes) {
      if (!LooksLikeRecord(std::string_view(*block).substr(at))) continue;
      const absl::StatusOr<RecordHead> head = ReadRecordHead(offset_bytes + at);
      if (head.ok() && ReadPlain(offset_bytes + at, *head).ok()) return offset_bytes + at;
    }
    offset_bytes += kBlockBytes;
  }
  return std::nullopt;
}

absl::StatusOr<uint64_t> PackFile::Walk(uint64_t offset_bytes,
                                        const std::function<absl::Status(const Found&)>& on_record) const {
  while (offset_bytes < size_bytes_) {
    const absl::StatusOr<RecordHead> head = ReadRecordHead(offset_bytes);
    if (!head.ok()) {
      const std::optional<uint64_t> next = FindSound(offset_bytes + kRecordAlignmentBytes);
      if (!next) return offset_bytes;
      Log(Severity::kError,
          Concat("damaged records in a pack were passed over pack=", name_, " offset=", offset_bytes, " next=", *next));
      offset_bytes = *next;
      continue;
    }
    const absl::StatusOr<std::string> plain = ReadPlain(offset_bytes, *head);
    if (absl::IsFailedPrecondition(plain.status())) {
      return WithContext(plain.status(), Concat(name_, " at offset ", offset_bytes));
    }
    HOZEN_RETURN_IF_ERROR(on_record({offset_bytes, *head, plain.ok()}));
    offset_bytes += RecordSizeBytes(head->frame_size_bytes);
  }
  return offset_bytes;
}

}  // namespace hozen
