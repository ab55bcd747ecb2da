#include "agent/volume/vmdk_media.h"

#include <libvmdk.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "agent/volume/bfio.h"
#include "agent/volume/descriptor_media.h"
#include "agent/volume/library_error.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

HOZEN_BFIO_FUNCTIONS_OF(vmdk, kVmdkBfio);

namespace hozen {
namespace {

using VmdkError = LibraryError<libvmdk_error_t, &libvmdk_error_sprint, &libvmdk_error_free>;

constexpr uint32_t kNoParent = 0xFFFFFFFF;
constexpr uint64_t kMaxSizeBytes = std::numeric_limits<int64_t>::max();
constexpr size_t kFlagsAt = 8;  // of the header, little endian
constexpr unsigned char kZeroedGrains = 4;

// libvmdk (20200926) takes the mark for a grain of zeros for a place in the file, and gives the bytes that stand there.
absl::Status RefuseZeroedGrains(const MediaFile& file) {
  char header[kFlagsAt + 4] = {};
  HOZEN_RETURN_IF_ERROR(ReadExactly(file, 0, absl::MakeSpan(header, sizeof(header)), "header"));
  if ((static_cast<unsigned char>(header[kFlagsAt]) & kZeroedGrains) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the VMDK file marks grains as zeros (zeroed_grain), which is not read; convert it with qemu-img");
}

class Extent {
 public:
  Extent() = default;
  ~Extent() {
    if (descriptor_ != nullptr) libvmdk_extent_descriptor_free(&descriptor_, nullptr);
  }
  Extent(const Extent&) = delete;
  Extent& operator=(const Extent&) = delete;
  libvmdk_extent_descriptor_t** out() { return &descriptor_; }
  libvmdk_extent_descriptor_t* get() const { return descriptor_; }

 private:
  libvmdk_extent_descriptor_t* descriptor_ = nullptr;
};

class VmdkMedia final : public Media {
 public:
  VmdkMedia(const std::vector<MediaFile>& files, const std::function<void()>& on_read)
      : file_(kVmdkBfio, {files.front()}, on_read),
        extent_files_(files.size() == 1 ? files : std::vector<MediaFile>(files.begin() + 1, files.end())),
        extents_(kVmdkBfio, extent_files_, on_read),
        alone_(files.size() == 1) {}
  ~VmdkMedia() override {
    if (handle_ == nullptr) return;
    libvmdk_handle_close(handle_, nullptr);
    libvmdk_handle_free(&handle_, nullptr);
  }

  absl::Status Open() {
    VmdkError error;
    if (file_.first() == nullptr || extents_.pool() == nullptr ||
        libvmdk_handle_initialize(&handle_, error.out()) != 1) {
      return absl::ResourceExhaustedError("no memory to open the VMDK file with");
    }
    if (libvmdk_handle_open_file_io_handle(handle_, file_.first(), LIBVMDK_OPEN_READ, error.out()) != 1) {
      return absl::DataLossError(Concat("the VMDK file is damaged or cut off (", error.text(), ")"));
    }
    HOZEN_RETURN_IF_ERROR(RefuseADifference());
    HOZEN_RETURN_IF_ERROR(CheckExtents());
    if (libvmdk_handle_open_extent_data_files_file_io_pool(handle_, extents_.pool(), error.out()) != 1) {
      return absl::DataLossError(Concat("the VMDK file is damaged or cut off (", error.text(), ")"));
    }
    if (libvmdk_handle_get_media_size(handle_, &size_bytes_, error.out()) != 1 || size_bytes_ > kMaxSizeBytes) {
      return absl::DataLossError("the VMDK file does not say how large the disk is");
    }
    return absl::OkStatus();
  }

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_size_bytes() const override { return 512; }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
    VmdkError error;
    for (size_t done = 0; done < wanted;) {
      const ssize_t size = libvmdk_handle_read_buffer_at_offset(handle_, buffer.data() + done, wanted - done,
                                                                static_cast<off64_t>(offset_bytes + done), error.out());
      if (size <= 0 || static_cast<size_t>(size) > wanted - done) {
        return absl::DataLossError(
            Concat("the VMDK file is damaged at byte ", offset_bytes + done, " of the disk: ", error.text()));
      }
      done += static_cast<size_t>(size);
    }
    return wanted;
  }

 private:
  absl::Status RefuseADifference() {
    VmdkError error;
    uint32_t parent = 0;
    if (libvmdk_handle_get_parent_content_identifier(handle_, &parent, error.out()) == 1 && parent != kNoParent) {
      return absl::InvalidArgumentError(
          "the VMDK file is a snapshot, the difference to a parent; merge them with the tools of its hypervisor, or "
          "with qemu-img convert");
    }
    return absl::OkStatus();
  }

  // That there is a file for each extent, and each is the extent's.
  absl::Status CheckExtents() {
    VmdkError error;
    int extents = 0;
    if (libvmdk_handle_get_number_of_extents(handle_, &extents, error.out()) != 1) {
      return absl::DataLossError(Concat("the VMDK's descriptor is damaged: ", error.text()));
    }
    const auto files = static_cast<int>(extent_files_.size());
    if (extents != files && alone_) {
      return absl::InvalidArgumentError(
          Concat("the VMDK has ", extents, " extents and no descriptor beside them; convert it with qemu-img"));
    }
    if (extents != files) {
      return absl::InvalidArgumentError(Concat("the VMDK's descriptor names ", extents, " extents, and ", files,
                                               " files are there that bear its name"));
    }
    for (int i = 0; i < extents && !alone_; ++i) HOZEN_RETURN_IF_ERROR(CheckExtent(i));
    return absl::OkStatus();
  }

  absl::Status CheckExtent(int index) {
    VmdkError error;
    Extent extent;
    int type = 0;
    off64_t offset_bytes = 0;
    size64_t size_bytes = 0;
    if (libvmdk_handle_get_extent_descriptor(handle_, index, extent.out(), error.out()) != 1 ||
        libvmdk_extent_descriptor_get_type(extent.get(), &type, error.out()) != 1 ||
        libvmdk_extent_descriptor_get_range(extent.get(), &offset_bytes, &size_bytes, error.out()) != 1) {
      return absl::DataLossError(Concat("the VMDK's descriptor is damaged: ", error.text()));
    }
    const MediaFile& file = extent_files_[static_cast<size_t>(index)];
    switch (type) {
      case LIBVMDK_EXTENT_TYPE_FLAT:
      case LIBVMDK_EXTENT_TYPE_VMFS_FLAT:
        if (file.size_bytes >= size_bytes) return absl::OkStatus();
        return absl::DataLossError(Concat("extent ", index + 1, " of the VMDK is cut off: it has ", file.size_bytes,
                                          " bytes of ", size_bytes));
      case LIBVMDK_EXTENT_TYPE_SPARSE:
        return RefuseZeroedGrains(file);
      default:
        return absl::InvalidArgumentError(
            Concat("extent ", index + 1, " of the VMDK is of a kind that is not read; convert it with qemu-img"));
    }
  }

  BfioFiles file_;
  const std::vector<MediaFile> extent_files_;
  BfioFiles extents_;  // of one file the same again: the descriptor stands in it
  const bool alone_;
  libvmdk_handle_t* handle_ = nullptr;
  size64_t size_bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Media>> OpenVmdkMedia(const std::vector<MediaFile>& files,
                                                     std::function<void()> on_read) {
  if (files.size() == 1) HOZEN_RETURN_IF_ERROR(RefuseZeroedGrains(files.front()));
  auto media = std::make_unique<VmdkMedia>(files, on_read);
  HOZEN_RETURN_IF_ERROR(media->Open());
  return media;
}

}  // namespace hozen
