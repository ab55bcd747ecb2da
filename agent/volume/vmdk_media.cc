#include "agent/volume/vmdk_media.h"

#include <libvmdk.h>

#include <string_view>
#include <utility>

#include "agent/volume/descriptor_media.h"
#include "agent/volume/library_error.h"
#include "agent/volume/library_media.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

HOZEN_BFIO_FUNCTIONS_OF(vmdk, kVmdkBfio);

namespace hozen {
namespace {

constexpr uint32_t kNoParent = 0xFFFFFFFF;
constexpr size_t kFlagsAt = 8;  // of the header, little endian
constexpr unsigned char kZeroedGrains = 4;

struct Vmdk {
  using Handle = libvmdk_handle_t;
  using Error = LibraryError<libvmdk_error_t, &libvmdk_error_sprint, &libvmdk_error_free>;
  static constexpr std::string_view kName = "VMDK";
  static constexpr const BfioFunctions& kBfio = kVmdkBfio;
  static constexpr auto Initialize = &libvmdk_handle_initialize;
  static constexpr auto Free = &libvmdk_handle_free;
  static constexpr auto Close = &libvmdk_handle_close;
  static constexpr auto Open = &libvmdk_handle_open_file_io_handle;
  static constexpr auto Size = &libvmdk_handle_get_media_size;
  static constexpr auto Read = &libvmdk_handle_read_buffer_at_offset;
};

class VmdkMedia final : public LibraryMedia<Vmdk> {
 public:
  VmdkMedia(const MediaFile& file, const std::function<void()>& on_read)
      : LibraryMedia(file, on_read), extents_(kVmdkBfio, {file}, on_read) {}
  // The handle reads from extents_ until it is closed.
  ~VmdkMedia() override { libvmdk_handle_close(handle(), nullptr); }

  // libvmdk (20200926) takes the mark for a grain of zeros for a place in the file, and gives the bytes that stand
  // there.
  static absl::Status RefuseZeroedGrains(const MediaFile& file) {
    char header[kFlagsAt + 4] = {};
    HOZEN_ASSIGN_OR_RETURN(const size_t size, ReadDescriptor(file.fd, 0, absl::MakeSpan(header, sizeof(header))));
    if (size < sizeof(header)) return absl::DataLossError("the VMDK file is cut off within its header");
    if ((static_cast<unsigned char>(header[kFlagsAt]) & kZeroedGrains) == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "the VMDK file marks grains as zeros (zeroed_grain), which is not read; convert it with qemu-img");
  }

  absl::Status OpenExtents() {
    Vmdk::Error error;
    uint32_t parent = 0;
    if (libvmdk_handle_get_parent_content_identifier(handle(), &parent, error.out()) == 1 && parent != kNoParent) {
      return absl::InvalidArgumentError(
          "the VMDK file is a snapshot, the difference to a parent; merge them with the tools of its hypervisor, or "
          "with qemu-img convert");
    }
    int extents = 0;
    if (libvmdk_handle_get_number_of_extents(handle(), &extents, error.out()) != 1) {
      return absl::DataLossError(Concat("the VMDK's descriptor is damaged: ", error.text()));
    }
    if (extents != 1) {
      return absl::InvalidArgumentError(
          Concat("the VMDK has ", extents, " extents; only those of one file are read: convert it with qemu-img"));
    }
    if (extents_.pool() == nullptr) return absl::ResourceExhaustedError("no memory to open the VMDK file with");
    if (libvmdk_handle_open_extent_data_files_file_io_pool(handle(), extents_.pool(), error.out()) != 1) {
      return absl::DataLossError(Concat("the VMDK file is damaged or not whole (", error.text(), ")"));
    }
    return absl::OkStatus();
  }

 private:
  BfioFiles extents_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Media>> OpenVmdkMedia(const MediaFile& file, std::function<void()> on_read) {
  HOZEN_RETURN_IF_ERROR(VmdkMedia::RefuseZeroedGrains(file));
  auto media = std::make_unique<VmdkMedia>(file, on_read);
  HOZEN_RETURN_IF_ERROR(media->Open());
  HOZEN_RETURN_IF_ERROR(media->OpenExtents());
  HOZEN_RETURN_IF_ERROR(media->Measure());
  return media;
}

}  // namespace hozen
