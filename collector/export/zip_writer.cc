#include "collector/export/zip_writer.h"

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

struct EntryDeleter {
  void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};

}  // namespace

absl::StatusOr<std::unique_ptr<ZipWriter>> ZipWriter::Create(Output output) {
  auto writer = std::unique_ptr<ZipWriter>(new ZipWriter(std::move(output)));
  writer->archive_ = archive_write_new();
  if (writer->archive_ == nullptr) return absl::ResourceExhaustedError("no memory for a ZIP writer");
  struct archive* const a = writer->archive_;
  if (archive_write_set_format_zip(a) != ARCHIVE_OK ||
      archive_write_set_format_option(a, "zip", "compression", "deflate") != ARCHIVE_OK ||
      archive_write_set_format_option(a, "zip", "compression-level", "1") != ARCHIVE_OK ||
      archive_write_set_bytes_per_block(a, kBlockSizeBytes) != ARCHIVE_OK ||
      archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
      archive_write_open(a, writer.get(), nullptr, &ZipWriter::OnBytes, nullptr) != ARCHIVE_OK) {
    return writer->Fail("cannot begin the ZIP file");
  }
  return writer;
}

ZipWriter::~ZipWriter() {
  // Freeing closes, and closing would write the end of a file that is not whole.
  if (status_.ok()) status_ = absl::CancelledError("the ZIP file was given up");
  if (archive_ != nullptr) archive_write_free(archive_);
}

long ZipWriter::OnBytes(struct archive* writer, void* self, const void* bytes, size_t size_bytes) {
  auto* const zip = static_cast<ZipWriter*>(self);
  if (zip->status_.ok()) zip->status_ = zip->output_({static_cast<const char*>(bytes), size_bytes});
  if (zip->status_.ok()) return static_cast<long>(size_bytes);
  archive_set_error(writer, EIO, "the receiver failed");
  return -1;
}

absl::Status ZipWriter::Fail(std::string_view what) {
  // What the receiver said comes first: libarchive only passes it on.
  if (status_.ok()) {
    const char* const detail = archive_error_string(archive_);
    status_ = absl::InternalError(Concat(what, ": ", detail == nullptr ? "libarchive gives no reason" : detail));
  }
  return status_;
}

absl::Status ZipWriter::CheckEntrySize() {
  if (missing_bytes_.value_or(0) == 0) return absl::OkStatus();
  return Fail(Concat("entry ", Printable(name_), " is ", *missing_bytes_, " bytes short"));
}

absl::Status ZipWriter::Begin(std::string_view name, std::optional<uint64_t> size_bytes, int64_t modified_unix_ns) {
  HOZEN_RETURN_IF_ERROR(status_);
  HOZEN_RETURN_IF_ERROR(CheckEntrySize());
  name_ = name;
  missing_bytes_ = size_bytes;
  const std::unique_ptr<struct archive_entry, EntryDeleter> entry(archive_entry_new2(archive_));
  if (entry == nullptr) return Fail("no memory for an entry");
  archive_entry_set_pathname(entry.get(), name_.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  if (size_bytes.has_value()) archive_entry_set_size(entry.get(), static_cast<int64_t>(*size_bytes));
  const int64_t seconds = absl::ToUnixSeconds(absl::FromUnixNanos(modified_unix_ns));
  archive_entry_set_mtime(entry.get(), seconds, 0);
  const Utf8Locale locale;
  if (!locale.valid()) return Fail("the system has no locale C.UTF-8");
  if (archive_write_header(archive_, entry.get()) != ARCHIVE_OK) return Fail(Concat("entry ", Printable(name)));
  return status_;
}

absl::Status ZipWriter::Write(std::string_view bytes) {
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

absl::Status ZipWriter::WriteZeros(uint64_t size_bytes) {
  static const std::string* const zeros = new std::string(kZeroPieceBytes, '\0');
  while (size_bytes > 0) {
    const size_t piece = std::min<uint64_t>(size_bytes, zeros->size());
    HOZEN_RETURN_IF_ERROR(Write(std::string_view(*zeros).substr(0, piece)));
    size_bytes -= piece;
  }
  return absl::OkStatus();
}

absl::Status ZipWriter::Add(std::string_view name, std::string_view bytes, int64_t modified_unix_ns) {
  HOZEN_RETURN_IF_ERROR(Begin(name, bytes.size(), modified_unix_ns));
  return Write(bytes);
}

absl::Status ZipWriter::Close() {
  HOZEN_RETURN_IF_ERROR(status_);
  HOZEN_RETURN_IF_ERROR(CheckEntrySize());
  // The names of the central directory were put down with their entries, so the locale matters no more.
  if (archive_write_close(archive_) != ARCHIVE_OK) return Fail("cannot end the ZIP file");
  return status_;
}

}  // namespace hozen
