#include <windows.h>
// After windows.h.
#include <winioctl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_context.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

// The largest sector of a disk that there is, and the smallest.
constexpr uint64_t kMostSectorBytes = 4096;
constexpr uint64_t kLeastSectorBytes = 512;
constexpr uint64_t kLargestReadBytes = 1 << 20;

uint64_t Joined(DWORD high, DWORD low) { return uint64_t{high} << 32 | low; }

// What tells a file that was written from one that was not.
struct FileState {
  uint64_t size_bytes = 0;
  uint64_t written = 0;
  bool is_sparse = false;

  bool operator==(const FileState& other) const { return size_bytes == other.size_bytes && written == other.written; }
};

bool StateOf(HANDLE handle, FileState& state) {
  BY_HANDLE_FILE_INFORMATION now = {};
  if (::GetFileType(handle) != FILE_TYPE_DISK || !::GetFileInformationByHandle(handle, &now)) return false;
  state.size_bytes = Joined(now.nFileSizeHigh, now.nFileSizeLow);
  state.written = Joined(now.ftLastWriteTime.dwHighDateTime, now.ftLastWriteTime.dwLowDateTime);
  state.is_sparse = (now.dwFileAttributes & FILE_ATTRIBUTE_SPARSE_FILE) != 0;
  return true;
}

// Thread-safe: each read says where it reads.
class FdSource final : public Source {
 public:
  FdSource(UniqueFd fd, uint64_t size_bytes) : fd_(std::move(fd)), size_bytes_(size_bytes) {
    is_file_ = StateOf(handle(), before_);
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    constexpr uint64_t kLargestOffset = std::numeric_limits<int64_t>::max();
    if (offset_bytes >= kLargestOffset) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), kLargestOffset - offset_bytes);
    size_t had = 0;
    while (had < wanted) {
      const uint64_t at = offset_bytes + had;
      const size_t piece = std::min<uint64_t>(wanted - had, kLargestReadBytes);
      const absl::StatusOr<size_t> got = is_file_ || (at % kMostSectorBytes == 0 && piece % kMostSectorBytes == 0)
                                             ? ReadOnce(at, buffer.data() + had, piece)
                                             : ReadSectors(at, buffer.data() + had, piece);
      if (!got.ok()) return got.status();
      if (*got == 0) break;
      had += *got;
    }
    return had;
  }

  uint64_t size_bytes() const override { return size_bytes_; }

  uint64_t ZerosAt(uint64_t offset_bytes) override {
    if (!before_.is_sparse || offset_bytes >= size_bytes_) return 0;
    FILE_ALLOCATED_RANGE_BUFFER asked = {};
    asked.FileOffset.QuadPart = static_cast<LONGLONG>(offset_bytes);
    asked.Length.QuadPart = static_cast<LONGLONG>(size_bytes_ - offset_bytes);
    FILE_ALLOCATED_RANGE_BUFFER first = {};
    DWORD got = 0;
    // "More data" says that there are further ranges, which nobody asked for.
    if (!::DeviceIoControl(handle(), FSCTL_QUERY_ALLOCATED_RANGES, &asked, sizeof(asked), &first, sizeof(first), &got,
                           nullptr) &&
        ::GetLastError() != ERROR_MORE_DATA) {
      return 0;
    }
    // No data behind it: a hole, or a file that was cut meanwhile, and then there are no bytes.
    FileState now;
    if (got == 0 && !StateOf(handle(), now)) return 0;
    const uint64_t end = got == 0 ? now.size_bytes : static_cast<uint64_t>(first.FileOffset.QuadPart);
    return std::max(std::min(end, size_bytes_), offset_bytes) - offset_bytes;
  }

  bool WasWritten() override {
    FileState now;
    return is_file_ && StateOf(handle(), now) && !(now == before_);
  }

 private:
  HANDLE handle() const { return HandleOf(fd_.get()); }

  absl::StatusOr<size_t> ReadOnce(uint64_t offset_bytes, char* buffer, size_t size) {
    OVERLAPPED position = {};
    position.Offset = static_cast<DWORD>(offset_bytes);
    position.OffsetHigh = static_cast<DWORD>(offset_bytes >> 32);
    DWORD got = 0;
    if (::ReadFile(handle(), buffer, static_cast<DWORD>(size), &got, &position)) return got;
    const DWORD error = ::GetLastError();
    if (error == ERROR_HANDLE_EOF) return 0;
    return Win32Status(error, absl::StrCat("reading at byte ", offset_bytes));
  }

  // No more than the disk's own: a sector that cannot be read must not take its neighbours along, and behind the last
  // one nothing may be asked for.
  uint64_t SectorBytes() const {
    DISK_GEOMETRY geometry = {};
    DWORD got = 0;
    const bool said = ::DeviceIoControl(handle(), IOCTL_DISK_GET_DRIVE_GEOMETRY, nullptr, 0, &geometry,
                                        sizeof(geometry), &got, nullptr) != 0;
    if (!said || !std::has_single_bit(geometry.BytesPerSector)) return kLeastSectorBytes;
    return std::clamp<uint64_t>(geometry.BytesPerSector, kLeastSectorBytes, kMostSectorBytes);
  }

  absl::StatusOr<size_t> ReadSectors(uint64_t offset_bytes, char* buffer, size_t size) {
    const uint64_t sector = SectorBytes();
    const size_t before = offset_bytes % sector;
    std::vector<char> sectors((before + size + sector - 1) / sector * sector);
    const absl::StatusOr<size_t> got = ReadOnce(offset_bytes - before, sectors.data(), sectors.size());
    if (!got.ok() || *got <= before) return got.ok() ? absl::StatusOr<size_t>(0) : got;
    const size_t useful = std::min(*got - before, size);
    std::memcpy(buffer, sectors.data() + before, useful);
    return useful;
  }

  const UniqueFd fd_;
  const uint64_t size_bytes_;
  FileState before_;
  bool is_file_ = false;
};

}  // namespace

std::unique_ptr<Source> NewFdSource(UniqueFd fd, uint64_t size_bytes) {
  return std::make_unique<FdSource>(std::move(fd), size_bytes);
}

}  // namespace hozen
