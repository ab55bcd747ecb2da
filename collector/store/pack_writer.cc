#include "collector/store/pack_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<PackWriter>> PackWriter::Create(const std::filesystem::path& folder,
                                                               const PackHead& head) {
  HOZEN_RETURN_IF_ERROR(WriteFileAtomically(folder / PackFileName(head.number), EncodePackHead(head), 0600));
  return Continue(folder, head.number, kPackHeadSizeBytes);
}

absl::StatusOr<std::unique_ptr<PackWriter>> PackWriter::Continue(const std::filesystem::path& folder, uint64_t number,
                                                                 uint64_t end_bytes) {
  const std::filesystem::path path = folder / PackFileName(number);
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return ErrnoStatus(errno, Concat("opening ", path.string(), " for writing"));
  std::unique_ptr<PackWriter> writer(new PackWriter(std::move(fd), number, end_bytes));
  HOZEN_RETURN_IF_ERROR(writer->CutBack(end_bytes));
  return writer;
}

absl::StatusOr<uint64_t> PackWriter::Append(const VerifiedChunk& chunk) {
  const uint64_t offset = end_bytes();
  const auto frame_size = static_cast<uint32_t>(chunk.frame().size());
  AppendRecordHead({.encoding = RecordEncoding::kZstd,
                    .frame_size_bytes = frame_size,
                    .plain_size_bytes = chunk.size_bytes(),
                    .sha256 = chunk.sha256()},
                   buffer_);
  buffer_ += chunk.frame();
  buffer_.append(RecordSizeBytes(frame_size) - kRecordHeadSizeBytes - frame_size, '\0');
  if (buffer_.size() >= kBufferBytes) HOZEN_RETURN_IF_ERROR(Flush());
  return offset;
}

absl::Status PackWriter::Flush() {
  HOZEN_RETURN_IF_ERROR(
      WithContext(WriteFullyAt(fd_.get(), buffer_, written_bytes_), Concat("writing ", PackFileName(number_))));
  written_bytes_ += buffer_.size();
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status PackWriter::Sync() {
  HOZEN_RETURN_IF_ERROR(Flush());
  if (fdatasync(fd_.get()) != 0) return ErrnoStatus(errno, Concat("syncing ", PackFileName(number_)));
  return absl::OkStatus();
}

absl::Status PackWriter::CutBack(uint64_t end_bytes) {
  buffer_.clear();
  written_bytes_ = end_bytes;
  if (ftruncate(fd_.get(), static_cast<off_t>(end_bytes)) != 0) {
    return ErrnoStatus(errno, Concat("cutting ", PackFileName(number_), " back to ", end_bytes, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace hozen
