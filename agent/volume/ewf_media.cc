#include "agent/volume/ewf_media.h"

#include <libewf.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "agent/volume/bfio.h"
#include "agent/volume/library_error.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

HOZEN_BFIO_FUNCTIONS_OF(ewf, kEwfBfio);

namespace hozen {
namespace {

using EwfError = LibraryError<libewf_error_t, &libewf_error_sprint, &libewf_error_free>;

constexpr uint64_t kMaxSizeBytes = std::numeric_limits<int64_t>::max();

struct BadRange {
  uint64_t offset_bytes = 0;
  uint64_t end_bytes = 0;
  bool listed = false;  // by whoever made the container; else found by a checksum
};

class EwfMedia final : public Media {
 public:
  EwfMedia(const std::vector<MediaFile>& files, std::function<void()> on_read)
      : files_(kEwfBfio, files, std::move(on_read)) {}
  ~EwfMedia() override {
    if (handle_ == nullptr) return;
    libewf_handle_close(handle_, nullptr);
    libewf_handle_free(&handle_, nullptr);
  }

  absl::Status Open() {
    EwfError error;
    if (files_.pool() == nullptr || libewf_handle_initialize(&handle_, error.out()) != 1) {
      return absl::ResourceExhaustedError("no memory to open the E01 with");
    }
    if (libewf_handle_open_file_io_pool(handle_, files_.pool(), LIBEWF_OPEN_READ, error.out()) != 1) {
      return absl::DataLossError(
          Concat("the E01 cannot be opened: it is damaged or a segment is missing (", error.text(), ")"));
    }
    if (libewf_handle_segment_files_corrupted(handle_, error.out()) != 0) {
      return absl::DataLossError("the E01's segments do not fit together: one is damaged or missing");
    }
    if (libewf_handle_get_media_size(handle_, &size_bytes_, error.out()) != 1 ||
        libewf_handle_get_bytes_per_sector(handle_, &sector_size_bytes_, error.out()) != 1) {
      return absl::DataLossError(Concat("the E01 does not say how large the disk is: ", error.text()));
    }
    if (size_bytes_ > kMaxSizeBytes || sector_size_bytes_ == 0) {
      return absl::DataLossError("the E01 names a size that no disk has");
    }
    return NoteErrors(&libewf_handle_get_number_of_acquiry_errors, &libewf_handle_get_acquiry_error, true,
                      listed_seen_);
  }

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_size_bytes() const override { return sector_size_bytes_; }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
    // What is listed needs no reading.
    HOZEN_RETURN_IF_ERROR(RefuseBad(offset_bytes, wanted));
    size_t done = 0;
    EwfError error;
    while (done < wanted) {
      const ssize_t size = libewf_handle_read_random(handle_, buffer.data() + done, wanted - done,
                                                     static_cast<off64_t>(offset_bytes + done), error.out());
      if (size <= 0) {
        return absl::DataLossError(Concat("the E01 is damaged at byte ", offset_bytes + done, ": ", error.text()));
      }
      done += static_cast<size_t>(size);
    }
    HOZEN_RETURN_IF_ERROR(NoteErrors(&libewf_handle_get_number_of_checksum_errors, &libewf_handle_get_checksum_error,
                                     false, checksums_seen_));
    HOZEN_RETURN_IF_ERROR(RefuseBad(offset_bytes, wanted));
    return wanted;
  }

 private:
  // Takes over what libewf has added to one of its two lists since `seen`.
  absl::Status NoteErrors(decltype(&libewf_handle_get_number_of_acquiry_errors) count,
                          decltype(&libewf_handle_get_acquiry_error) get, bool listed, uint32_t& seen) {
    uint32_t errors = 0;
    if (count(handle_, &errors, nullptr) != 1) return absl::OkStatus();
    for (; seen < errors; ++seen) {
      uint64_t sector = 0;
      uint64_t sectors = 0;
      if (get(handle_, seen, &sector, &sectors, nullptr) != 1) {
        return absl::DataLossError("the E01's list of unreadable sectors is damaged");
      }
      const uint64_t disk_sectors = size_bytes_ / sector_size_bytes_ + 1;
      sector = std::min(sector, disk_sectors);
      sectors = std::min(sectors, disk_sectors - sector);
      bad_.push_back({.offset_bytes = sector * sector_size_bytes_,
                      .end_bytes = (sector + sectors) * sector_size_bytes_,
                      .listed = listed});
    }
    return absl::OkStatus();
  }

  absl::Status RefuseBad(uint64_t offset_bytes, uint64_t size_bytes) const {
    for (const BadRange& bad : bad_) {
      if (bad.offset_bytes >= offset_bytes + size_bytes || bad.end_bytes <= offset_bytes) continue;
      return absl::DataLossError(bad.listed ? "the E01 lists these sectors as unreadable when it was made"
                                            : "the E01's checksum over these sectors is wrong");
    }
    return absl::OkStatus();
  }

  BfioFiles files_;
  libewf_handle_t* handle_ = nullptr;
  size64_t size_bytes_ = 0;
  uint32_t sector_size_bytes_ = 0;
  std::vector<BadRange> bad_;
  uint32_t listed_seen_ = 0;
  uint32_t checksums_seen_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Media>> OpenEwfMedia(const std::vector<MediaFile>& files,
                                                    std::function<void()> on_read) {
  auto media = std::make_unique<EwfMedia>(files, std::move(on_read));
  HOZEN_RETURN_IF_ERROR(media->Open());
  return media;
}

}  // namespace hozen
