// Writes a ZIP or tar file front to back into a sink; nothing is ever read or changed behind. ZIP64 where it is needed,
// and deflate; tar with the records of POSIX.1-2001 (pax), which hold all times to the nanosecond and names of any
// length.
#ifndef HOZEN_COLLECTOR_EXPORT_ARCHIVE_WRITER_H_
#define HOZEN_COLLECTOR_EXPORT_ARCHIVE_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/export/stored_evidence.h"

// libarchive's writer; only archive_writer.cc looks inside.
struct archive;

namespace hozen {

enum class ArchiveFormat { kZip, kTar };

struct ArchiveEntry {
  enum class Kind { kFile, kFolder, kLink };
  Kind kind = Kind::kFile;
  std::string name;  // UTF-8 in a ZIP file; any bytes in a tar
  // With a size, exactly so many bytes must follow. A tar needs it.
  std::optional<uint64_t> size_bytes;
  uint32_t permissions = 0644;
  std::string link_target;
  // Of a tar only. Nanoseconds since 1970; 0 where unknown.
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t accessed_unix_ns = 0;
  int64_t changed_unix_ns = 0;
  int64_t born_unix_ns = 0;
  // Of both; a ZIP file holds seconds.
  int64_t modified_unix_ns = 0;
};

// Thread-compatible; all calls from one thread. The first failure sticks: every later call returns it, and the file
// never gets an end. Only after Close is it whole.
class ArchiveWriter {
 public:
  // Receives the file, in pieces of at most 256 KiB.
  using Output = std::function<absl::Status(std::string_view)>;
  static absl::StatusOr<std::unique_ptr<ArchiveWriter>> Create(ArchiveFormat format, Output output);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // Begins an entry; what was given before is done.
  absl::Status Begin(const ArchiveEntry& entry);
  // An ordinary file's.
  absl::Status Begin(std::string_view name, std::optional<uint64_t> size_bytes, int64_t modified_unix_ns);
  // The entry's bytes.
  absl::Status Write(std::string_view bytes);
  absl::Status WriteZeros(uint64_t size_bytes);
  // A whole entry.
  absl::Status Add(std::string_view name, std::string_view bytes, int64_t modified_unix_ns);
  // The file's end. Call nothing else afterwards.
  absl::Status Close();

 private:
  ArchiveWriter(ArchiveFormat format, Output output) : format_(format), output_(std::move(output)) {}
  // What libarchive calls.
  static long OnBytes(struct archive* writer, void* self, const void* bytes, size_t size_bytes);
  // The status for a call of libarchive's that went wrong, kept for all later ones.
  absl::Status Fail(std::string_view what);
  absl::Status CheckEntrySize();

  const ArchiveFormat format_;
  Output output_;
  struct archive* archive_ = nullptr;
  absl::Status status_;
  std::string name_;
  std::optional<uint64_t> missing_bytes_;  // of the entry that is being written
};

// A stream into the entry that is open.
class EntrySink : public StreamSink {
 public:
  explicit EntrySink(ArchiveWriter& archive) : archive_(archive) {}
  absl::Status Data(std::string_view bytes) override { return archive_.Write(bytes); }
  absl::Status Zeros(uint64_t size_bytes) override { return archive_.WriteZeros(size_bytes); }

 private:
  ArchiveWriter& archive_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_ARCHIVE_WRITER_H_
