#include "agent/volume/bfio.h"

#include <cstdio>
#include <limits>
#include <memory>
#include <utility>

#include "agent/platform/descriptor.h"
#include "agent/volume/descriptor_media.h"

namespace hozen {

struct BfioFiles::File {
  MediaFile file;
  const std::function<void()>* on_read;
  uint64_t offset_bytes = 0;
  bool open = false;
};

BfioFiles::BfioFiles(const BfioFunctions& functions, const std::vector<MediaFile>& files, std::function<void()> on_read)
    : functions_(functions), on_read_(std::move(on_read)) {
  for (const MediaFile& file : files) {
    auto io = std::make_unique<File>(File{.file = file, .on_read = &on_read_});
    libbfio_handle_t* handle = nullptr;
    if (functions_.handle_initialize(
            &handle, reinterpret_cast<intptr_t*>(io.get()), &Free, &Clone, &Open, &Close, &Read, &Write, &Seek, &Exists,
            &IsOpen, &Size, LIBBFIO_FLAG_IO_HANDLE_MANAGED | LIBBFIO_FLAG_IO_HANDLE_CLONE_BY_FUNCTION, nullptr) != 1) {
      break;
    }
    io.release();  // the handle's now
    handles_.push_back(handle);
  }
  if (handles_.size() == files.size()) return;
  for (libbfio_handle_t*& handle : handles_) functions_.handle_free(&handle, nullptr);
  handles_.clear();
}

BfioFiles::~BfioFiles() {
  if (pool_ != nullptr) functions_.pool_free(&pool_, nullptr);
  for (libbfio_handle_t*& handle : handles_) functions_.handle_free(&handle, nullptr);
}

libbfio_pool_t* BfioFiles::pool() {
  if (pool_ != nullptr || handles_.empty()) return pool_;
  if (functions_.pool_initialize(&pool_, 0, LIBBFIO_POOL_UNLIMITED_NUMBER_OF_OPEN_HANDLES, nullptr) != 1) {
    return nullptr;
  }
  while (!handles_.empty()) {
    int entry = 0;
    if (functions_.pool_append_handle(pool_, &entry, handles_.front(), LIBBFIO_OPEN_READ, nullptr) != 1) {
      functions_.pool_free(&pool_, nullptr);
      return nullptr;
    }
    handles_.erase(handles_.begin());
  }
  return pool_;
}

int BfioFiles::Free(intptr_t** io, libbfio_error_t** /*error*/) {
  delete reinterpret_cast<File*>(*io);
  *io = nullptr;
  return 1;
}

int BfioFiles::Clone(intptr_t** to, intptr_t* from, libbfio_error_t** /*error*/) {
  *to = reinterpret_cast<intptr_t*>(new File(*reinterpret_cast<File*>(from)));
  return 1;
}

int BfioFiles::Open(intptr_t* io, int access_flags, libbfio_error_t** /*error*/) {
  if ((access_flags & LIBBFIO_ACCESS_FLAG_WRITE) != 0) return -1;
  File& file = *reinterpret_cast<File*>(io);
  file.open = true;
  file.offset_bytes = 0;
  return 1;
}

int BfioFiles::Close(intptr_t* io, libbfio_error_t** /*error*/) {
  reinterpret_cast<File*>(io)->open = false;
  return 0;
}

ssize_t BfioFiles::Read(intptr_t* io, uint8_t* buffer, size_t size_bytes, libbfio_error_t** /*error*/) {
  File& file = *reinterpret_cast<File*>(io);
  (*file.on_read)();
  const absl::StatusOr<size_t> size =
      ReadDescriptor(file.file.fd, file.offset_bytes, absl::MakeSpan(reinterpret_cast<char*>(buffer), size_bytes));
  if (!size.ok()) return -1;
  file.offset_bytes += *size;
  return static_cast<ssize_t>(*size);
}

ssize_t BfioFiles::Write(intptr_t* /*io*/, const uint8_t* /*buffer*/, size_t /*size*/, libbfio_error_t** /*error*/) {
  return -1;
}

off64_t BfioFiles::Seek(intptr_t* io, off64_t offset_bytes, int whence, libbfio_error_t** /*error*/) {
  File& file = *reinterpret_cast<File*>(io);
  const uint64_t from = whence == SEEK_CUR ? file.offset_bytes : whence == SEEK_END ? file.file.size_bytes : 0;
  off64_t to = 0;
  if (__builtin_add_overflow(static_cast<off64_t>(from), offset_bytes, &to) || to < 0) return -1;
  file.offset_bytes = static_cast<uint64_t>(to);
  return to;
}

int BfioFiles::Exists(intptr_t* /*io*/, libbfio_error_t** /*error*/) { return 1; }

int BfioFiles::IsOpen(intptr_t* io, libbfio_error_t** /*error*/) { return reinterpret_cast<File*>(io)->open ? 1 : 0; }

int BfioFiles::Size(intptr_t* io, size64_t* size_bytes, libbfio_error_t** /*error*/) {
  *size_bytes = reinterpret_cast<File*>(io)->file.size_bytes;
  return 1;
}

}  // namespace hozen
