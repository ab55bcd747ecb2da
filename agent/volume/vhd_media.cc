#include "agent/volume/vhd_media.h"

#include <libvhdi.h>

#include <string_view>
#include <utility>

#include "agent/volume/library_error.h"
#include "agent/volume/library_media.h"
#include "core/base/status_macros.h"

HOZEN_BFIO_FUNCTIONS_OF(vhdi, kVhdBfio);

namespace hozen {
namespace {

struct Vhd {
  using Handle = libvhdi_file_t;
  using Error = LibraryError<libvhdi_error_t, &libvhdi_error_sprint, &libvhdi_error_free>;
  static constexpr std::string_view kName = "VHD";
  static constexpr const BfioFunctions& kBfio = kVhdBfio;
  static constexpr auto Initialize = &libvhdi_file_initialize;
  static constexpr auto Free = &libvhdi_file_free;
  static constexpr auto Close = &libvhdi_file_close;
  static constexpr auto Open = &libvhdi_file_open_file_io_handle;
  static constexpr auto Size = &libvhdi_file_get_media_size;
  static constexpr auto Read = &libvhdi_file_read_buffer_at_offset;
};

class VhdMedia final : public LibraryMedia<Vhd> {
 public:
  using LibraryMedia::LibraryMedia;

  absl::Status RefuseDifferences() {
    uint32_t type = 0;
    if (libvhdi_file_get_disk_type(handle(), &type, nullptr) != 1) {
      return absl::DataLossError("the VHD file does not say of which type it is");
    }
    if (type == LIBVHDI_DISK_TYPE_FIXED || type == LIBVHDI_DISK_TYPE_DYNAMIC) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "the VHD file is the difference to a parent; merge them with the tools of its hypervisor");
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Media>> OpenVhdMedia(const MediaFile& file, std::function<void()> on_read) {
  auto media = std::make_unique<VhdMedia>(file, std::move(on_read));
  HOZEN_RETURN_IF_ERROR(media->Open());
  HOZEN_RETURN_IF_ERROR(media->RefuseDifferences());
  HOZEN_RETURN_IF_ERROR(media->Measure());
  return media;
}

}  // namespace hozen
