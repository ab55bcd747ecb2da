// What libvmdk and libvhdi have in common: one handle, opened over libbfio, read at offsets. The child's side
// only.
#ifndef HOZEN_AGENT_VOLUME_LIBRARY_MEDIA_H_
#define HOZEN_AGENT_VOLUME_LIBRARY_MEDIA_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "agent/volume/bfio.h"
#include "agent/volume/media.h"
#include "core/base/concat.h"

namespace hozen {

// `Library` names its types and functions: Handle, Error (a LibraryError), kName, kBfio, Initialize, Free, Close, Open,
// Size, Read. Thread-compatible.
template <typename Library>
class LibraryMedia : public Media {
 public:
  LibraryMedia(const MediaFile& file, std::function<void()> on_read)
      : file_(Library::kBfio, {file}, std::move(on_read)) {}
  ~LibraryMedia() override {
    if (handle_ == nullptr) return;
    Library::Close(handle_, nullptr);
    Library::Free(&handle_, nullptr);
  }

  // Before anything else; then, where that is OK, what the library knows of the handle, and Measure.
  absl::Status Open() {
    typename Library::Error error;
    if (file_.first() == nullptr || Library::Initialize(&handle_, error.out()) != 1) {
      return absl::ResourceExhaustedError(Concat("no memory to open the ", Library::kName, " file with"));
    }
    constexpr int kRead = 1;  // LIB..._ACCESS_FLAG_READ of each of them
    if (Library::Open(handle_, file_.first(), kRead, error.out()) != 1) {
      return absl::DataLossError(Concat("the ", Library::kName, " file is damaged or not whole (", error.text(), ")"));
    }
    return absl::OkStatus();
  }

  absl::Status Measure() {
    typename Library::Error error;
    size64_t size_bytes = 0;
    if (Library::Size(handle_, &size_bytes, error.out()) != 1 ||
        size_bytes > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return absl::DataLossError(Concat("the ", Library::kName, " file does not say how large the disk is"));
    }
    size_bytes_ = size_bytes;
    return absl::OkStatus();
  }

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_size_bytes() const override { return 512; }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
    size_t done = 0;
    typename Library::Error error;
    while (done < wanted) {
      const ssize_t size = Library::Read(handle_, buffer.data() + done, wanted - done,
                                         static_cast<off64_t>(offset_bytes + done), error.out());
      if (size <= 0 || static_cast<size_t>(size) > wanted - done) {
        return absl::DataLossError(
            Concat("the ", Library::kName, " file is damaged at byte ", offset_bytes + done, ": ", error.text()));
      }
      done += static_cast<size_t>(size);
    }
    return done;
  }

 protected:
  typename Library::Handle* handle() { return handle_; }

 private:
  BfioFiles file_;
  typename Library::Handle* handle_ = nullptr;
  uint64_t size_bytes_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_LIBRARY_MEDIA_H_
