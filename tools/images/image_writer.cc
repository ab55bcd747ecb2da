#include "tools/images/image_writer.h"

#include "core/base/status_macros.h"

namespace hozen {

absl::Status WriteImage(Source& image, ImageWriter& writer, const std::function<void(uint64_t)>& on_progress) {
  constexpr size_t kPieceBytes = 1 << 20;
  std::string buffer(kPieceBytes, '\0');
  uint64_t at = 0;
  while (at < image.size_bytes()) {
    HOZEN_ASSIGN_OR_RETURN(const size_t got, image.ReadAt(at, absl::MakeSpan(buffer.data(), buffer.size())));
    if (got == 0) return absl::DataLossError("the image was cut while it was read");
    HOZEN_RETURN_IF_ERROR(writer.Write(std::string_view(buffer.data(), got)));
    at += got;
    on_progress(at);
  }
  return writer.Finish();
}

}  // namespace hozen
