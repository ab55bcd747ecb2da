#include "collector/export/archive_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr int kBlockSizeBytes = 1 << 18;
constexpr size_t kZeroPieceBytes = 1 << 16;

// libarchive asks the thread's locale whether names are UTF-8, and says so in the file only then.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = uselocale(locale_);
  }
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  bool valid() const { return locale_ != nullptr; }

 private:
  const locale_t locale_;
  locale_t before_ = nullptr;
};

int SetZip(struct archive* a) {
  if (archive_write_set_format_zip(a) != ARCHIVE_OK ||
      archive_write_set_format_option(a, "zip", "compression", "deflate") != ARCHIVE_OK) {
    return ARCHIVE_FATAL;
  }
  return archive_write_set_format_option(a, "zip", "compression-level", "1");
}

struct Moment {
  time_t seconds;
  long nanoseconds;
};

Moment MomentOf(int64_t unix_ns) {
  const int64_t seconds = absl::ToUnixSeconds(absl::FromUnixNanos(unix_ns));  // rounds down
  return {static_cast<time_t>(seconds), static_cast<long>(unix_ns - seconds * 1'000'000'000)};
}

using SetTime = void (*)(struct archive_entry*, time_t, long);
void SetKnown(SetTime set, struct archive_entry* entry, int64_t unix_ns) {
  if (unix_ns == 0) return;
  const Moment moment = MomentOf(unix_ns);
  set(entry, moment.seconds, moment.nanoseconds);
}

unsigned int FileType(ArchiveEntry::Kind kind) {
  switch (kind) {
    case ArchiveEntry::Kind::kFile:
      return AE_IFREG;
    case ArchiveEntry::Kind::kFolder:
      return AE_IFDIR;
    case ArchiveEntry::Kind::kLink:
      return AE_IFLNK;
  }
  return AE_IFREG;
}

struct EntryDeleter {
  void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};

}  // namespace

absl::StatusOr<std::unique_ptr<ArchiveWriter>> ArchiveWriter::Create(ArchiveFormat format, Output output) {
  auto writer = std::unique_ptr<ArchiveWriter>(new ArchiveWriter(format, std::move(output)));
  writer->archive_ = archive_write_new();
  if (writer->archive_ == nullptr) return absl::ResourceExhaustedError("no memory for an archive's writer");
  struct archive* const a = writer->archive_;
  if ((format == ArchiveFormat::kZip ? SetZip(a) : archive_write_set_format_pax(a)) != ARCHIVE_OK ||
      archive_write_set_bytes_per_block(a, kBlockSizeBytes) != ARCHIVE_OK ||
      archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
      archive_write_open(a, writer.get(), nullptr, &ArchiveWriter::OnBytes, nullptr) != ARCHIVE_OK) {
    return writer->Fail("cannot begin the archive");
  }
  return writer;
}

ArchiveWriter::~ArchiveWriter() {
  // Freeing closes, and closing would write the end of a file that is not whole.
  if (status_.ok()) status_ = absl::CancelledError("the archive was given up");
  if (archive_ != nullptr) archive_write_free(archive_);
}

long ArchiveWriter::OnBytes(struct archive* writer, void* self, const void* bytes, size_t size_bytes) {
  auto* const me = static_cast<ArchiveWriter*>(self);
  if (me->status_.ok()) me->status_ = me->output_({static_cast<const char*>(bytes), size_bytes});
  if (me->status_.ok()) return static_cast<long>(size_bytes);
  archive_set_error(writer, EIO, "the receiver failed");
  return -1;
}

absl::Status ArchiveWriter::Fail(std::string_view what) {
  // What the receiver said comes first: libarchive only passes it on.
  if (status_.ok()) {
    const char* const detail = archive_error_string(archive_);
    status_ = absl::InternalError(Concat(what, ": ", detail == nullptr ? "libarchive gives no reason" : detail));
  }
  return status_;
}

absl::Status ArchiveWriter::CheckEntrySize() {
  if (missing_bytes_.value_or(0) == 0) return absl::OkStatus();
  return Fail(Concat("entry ", Printable(name_), " is ", *missing_bytes_, " bytes short"));
}

absl::Status ArchiveWriter::Begin(std::string_view name, std::optional<uint64_t> size_bytes, int64_t modified_unix_ns) {
  ArchiveEntry entry;
  entry.name = name;
  entry.size_bytes = size_bytes;
  entry.modified_unix_ns = modified_unix_ns;
  return Begin(entry);
}

absl::Status ArchiveWriter::Begin(const ArchiveEntry& wanted) {
  HOZEN_RETURN_IF_ERROR(status_);
  HOZEN_RETURN_IF_ERROR(CheckEntrySize());
  name_ = wanted.name;
  missing_bytes_ = wanted.kind == ArchiveEntry::Kind::kFile ? wanted.size_bytes : 0;
  if (format_ == ArchiveFormat::kTar && !missing_bytes_.has_value()) return Fail("a tar's entry needs its size");
  const std::unique_ptr<struct archive_entry, EntryDeleter> entry(archive_entry_new2(archive_));
  if (entry == nullptr) return Fail("no memory for an entry");
  archive_entry_set_pathname(entry.get(), name_.c_str());
  archive_entry_set_filetype(entry.get(), FileType(wanted.kind));
  archive_entry_set_perm(entry.get(), wanted.permissions);
  if (missing_bytes_.has_value()) archive_entry_set_size(entry.get(), static_cast<int64_t>(*missing_bytes_));
  if (wanted.kind == ArchiveEntry::Kind::kLink) archive_entry_set_symlink(entry.get(), wanted.link_target.c_str());
  const Moment modified = MomentOf(wanted.modified_unix_ns);
  if (format_ == ArchiveFormat::kZip) {
    archive_entry_set_mtime(entry.get(), modified.seconds, 0);
  } else {
    archive_entry_set_mtime(entry.get(), modified.seconds, modified.nanoseconds);
    SetKnown(&archive_entry_set_atime, entry.get(), wanted.accessed_unix_ns);
    SetKnown(&archive_entry_set_ctime, entry.get(), wanted.changed_unix_ns);
    SetKnown(&archive_entry_set_birthtime, entry.get(), wanted.born_unix_ns);
    archive_entry_set_uid(entry.get(), wanted.uid);
    archive_entry_set_gid(entry.get(), wanted.gid);
  }
  const Utf8Locale locale;
  if (!locale.valid()) return Fail("the system has no locale C.UTF-8");
  // A warning is of a name that is not UTF-8, which a tar then says of it.
  const int written = archive_write_header(archive_, entry.get());
  const bool good = written == ARCHIVE_OK || (format_ == ArchiveFormat::kTar && written == ARCHIVE_WARN);
  return good ? status_ : Fail(Concat("entry ", Printable(name_)));
}

absl::Status ArchiveWriter::Write(std::string_view bytes) {
  HOZEN_RETURN_IF_ERROR(status_);
  if (missing_bytes_.has_value()) {
    // libarchive would cut it off without a word.
    if (bytes.size() > *missing_bytes_) return Fail(Concat("entry ", Printable(name_), " is longer than was said"));
    *missing_bytes_ -= bytes.size();
  }
  while (!bytes.empty()) {
    const la_ssize_t written = archive_write_data(archive_, bytes.data(), bytes.size());
    if (written <= 0) return Fail(Concat("entry ", Printable(name_)));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return status_;
}

absl::Status ArchiveWriter::WriteZeros(uint64_t size_bytes) {
  static const std::string* const zeros = new std::string(kZeroPieceBytes, '\0');
  while (size_bytes > 0) {
    const size_t piece = std::min<uint64_t>(size_bytes, zeros->size());
    HOZEN_RETURN_IF_ERROR(Write(std::string_view(*zeros).substr(0, piece)));
    size_bytes -= piece;
  }
  return absl::OkStatus();
}

absl::Status ArchiveWriter::Add(std::string_view name, std::string_view bytes, int64_t modified_unix_ns) {
  HOZEN_RETURN_IF_ERROR(Begin(name, bytes.size(), modified_unix_ns));
  return Write(bytes);
}

absl::Status ArchiveWriter::Close() {
  HOZEN_RETURN_IF_ERROR(status_);
  HOZEN_RETURN_IF_ERROR(CheckEntrySize());
  // The names of the central directory were put down with their entries, so the locale matters no more.
  if (archive_write_close(archive_) != ARCHIVE_OK) return Fail("cannot end the archive");
  return status_;
}

}  // namespace hozen
