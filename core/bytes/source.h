// Something that bytes can be read from at any offset: a file, a disk, memory, an exported image.
#ifndef HOZEN_CORE_BYTES_SOURCE_H_
#define HOZEN_CORE_BYTES_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/base/unique_fd.h"

namespace hozen {

// Thread class: each implementation says; those here are thread-safe.
class Source {
 public:
  virtual ~Source() = default;

  // Reads up to buffer.size() bytes at offset_bytes; fewer only at the end, 0 at or behind it. An error says nothing
  // about the bytes around it: read smaller pieces to find which can be had. DataLoss for a device's read error.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) = 0;

  // As ReadAt, into memory of its own. For sources that have the bytes in a string already.
  virtual absl::StatusOr<std::string> Read(uint64_t offset_bytes, size_t size_bytes);

  // As known when it was opened; a growing file may have more, a shrinking one less.
  virtual uint64_t size_bytes() const = 0;

  // How many bytes from here on are known to be zero without being read (a hole of a sparse file). 0 where nothing is
  // known.
  virtual uint64_t ZerosAt(uint64_t /*offset_bytes*/) { return 0; }

  // Was it written, lengthened or cut since this source was made? False where that cannot be known. Times of files have
  // the kernel's grain (some milliseconds): a write in the same moment as the opening is not noticed.
  virtual bool WasWritten() { return false; }
};

// Reads a descriptor with pread. Of regular files it knows whether they were written.
std::unique_ptr<Source> NewFdSource(UniqueFd fd, uint64_t size_bytes);

// The part of `whole` that begins at offset_bytes, which lies in it.
std::unique_ptr<Source> NewRangeSource(std::unique_ptr<Source> whole, uint64_t offset_bytes, uint64_t size_bytes);

// Reads a copy of `bytes`.
std::unique_ptr<Source> NewMemorySource(std::string bytes);

}  // namespace hozen

#endif  // HOZEN_CORE_BYTES_SOURCE_H_
