// Writes a ZIP file front to back into a sink: ZIP64 where it is needed, deflate, nothing ever read or changed behind.
#ifndef HOZEN_COLLECTOR_EXPORT_ZIP_WRITER_H_
#define HOZEN_COLLECTOR_EXPORT_ZIP_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// libarchive's writer; only zip_writer.cc looks inside.
struct archive;

namespace hozen {

// Thread-compatible; all calls from one thread. The first failure sticks: every later call returns it, and the file
// never gets an end. Only after Close is it whole.
class ZipWriter {
 public:
  // Receives the file, in pieces of at most 256 KiB.
  using Output = std::function<absl::Status(std::string_view)>;
  static absl::StatusOr<std::unique_ptr<ZipWriter>> Create(Output output);
  ~ZipWriter();
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  // Begins an entry; what was given before is done. Names are UTF-8. With a size, exactly so many bytes must follow.
  absl::Status Begin(std::string_view name, std::optional<uint64_t> size_bytes, int64_t modified_unix_ns);
  // The entry's bytes.
  absl::Status Write(std::string_view bytes);
  absl::Status WriteZeros(uint64_t size_bytes);
  // A whole entry.
  absl::Status Add(std::string_view name, std::string_view bytes, int64_t modified_unix_ns);
  // The central directory. Call nothing else afterwards.
  absl::Status Close();

 private:
  explicit ZipWriter(Output output) : output_(std::move(output)) {}
  // What libarchive calls.
  static long OnBytes(struct archive* writer, void* self, const void* bytes, size_t size_bytes);
  // The status for a call of libarchive's that went wrong, kept for all later ones.
  absl::Status Fail(std::string_view what);
  absl::Status CheckEntrySize();

  Output output_;
  struct archive* archive_ = nullptr;
  absl::Status status_;
  std::string name_;
  std::optional<uint64_t> missing_bytes_;  // of the entry that is being written
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_ZIP_WRITER_H_
