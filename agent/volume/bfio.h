// Open descriptors as libbfio sees files: the way to libewf and libvmdk that opens nothing. The
// child's side only.
#ifndef HOZEN_AGENT_VOLUME_BFIO_H_
#define HOZEN_AGENT_VOLUME_BFIO_H_

#include <libbfio.h>

#include <functional>
#include <vector>

#include "agent/volume/media.h"

namespace hozen {

// Each library has a libbfio of its own inside, whose functions bear its name
// (third_party/bazel/link_alone.sh).
struct BfioFunctions {
  decltype(&libbfio_handle_initialize) handle_initialize;
  decltype(&libbfio_handle_free) handle_free;
  decltype(&libbfio_pool_initialize) pool_initialize;
  decltype(&libbfio_pool_free) pool_free;
  decltype(&libbfio_pool_append_handle) pool_append_handle;
};

// Declares and names those of one library.
#define HOZEN_BFIO_FUNCTIONS_OF(library, name)                                                                        \
  extern "C" {                                                                                                        \
  decltype(libbfio_handle_initialize) library##_libbfio_handle_initialize;                                            \
  decltype(libbfio_handle_free) library##_libbfio_handle_free;                                                        \
  decltype(libbfio_pool_initialize) library##_libbfio_pool_initialize;                                                \
  decltype(libbfio_pool_free) library##_libbfio_pool_free;                                                            \
  decltype(libbfio_pool_append_handle) library##_libbfio_pool_append_handle;                                          \
  }                                                                                                                   \
  inline constexpr ::hozen::BfioFunctions name = {library##_libbfio_handle_initialize, library##_libbfio_handle_free, \
                                                  library##_libbfio_pool_initialize, library##_libbfio_pool_free,     \
                                                  library##_libbfio_pool_append_handle}

// The files of a container. Thread-compatible. It must outlive whatever the library has opened over it.
class BfioFiles {
 public:
  BfioFiles(const BfioFunctions& functions, const std::vector<MediaFile>& files, std::function<void()> on_read);
  ~BfioFiles();
  BfioFiles(const BfioFiles&) = delete;
  BfioFiles& operator=(const BfioFiles&) = delete;

  // Null where libbfio refuses, which it does only without memory.
  libbfio_handle_t* first() const { return handles_.empty() ? nullptr : handles_.front(); }
  // All of them; null likewise.
  libbfio_pool_t* pool();

 private:
  struct File;
  static int Free(intptr_t** io, libbfio_error_t** error);
  static int Clone(intptr_t** to, intptr_t* from, libbfio_error_t** error);
  static int Open(intptr_t* io, int access_flags, libbfio_error_t** error);
  static int Close(intptr_t* io, libbfio_error_t** error);
  static ssize_t Read(intptr_t* io, uint8_t* buffer, size_t size_bytes, libbfio_error_t** error);
  static ssize_t Write(intptr_t* io, const uint8_t* buffer, size_t size_bytes, libbfio_error_t** error);
  static off64_t Seek(intptr_t* io, off64_t offset_bytes, int whence, libbfio_error_t** error);
  static int Exists(intptr_t* io, libbfio_error_t** error);
  static int IsOpen(intptr_t* io, libbfio_error_t** error);
  static int Size(intptr_t* io, size64_t* size_bytes, libbfio_error_t** error);

  const BfioFunctions& functions_;
  const std::function<void()> on_read_;
  std::vector<libbfio_handle_t*> handles_;  // those that the pool does not own
  libbfio_pool_t* pool_ = nullptr;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_BFIO_H_
