#include "tools/hozen/zip_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kBlockSizeBytes = 256 << 10;

// libarchive turns names into the thread's locale and fails where that has no letters for them.
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

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

std::string ErrorOf(archive* from) {
  const char* text = archive_error_string(from);
  return Printable(text != nullptr ? text : "unknown error");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenForReading(const std::filesystem::path& file) {
  UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, Printable(file.native()));
  struct stat about {};
  if (fstat(fd.get(), &about) != 0) return ErrnoStatus(errno, Printable(file.native()));
  if (!S_ISREG(about.st_mode)) {
    return absl::InvalidArgumentError(
        Concat(Printable(file.native()), ": ", Say("is not a file", "はファイルではありません")));
  }
  return NewFdSource(std::move(fd), static_cast<uint64_t>(about.st_size));
}

ZipReader::ZipReader() : archive_(archive_read_new()) {}

ZipReader::~ZipReader() { archive_read_free(archive_); }

absl::StatusOr<std::unique_ptr<ZipReader>> ZipReader::Open(const std::filesystem::path& file, bool directory_is_sound) {
  std::unique_ptr<ZipReader> reader(new ZipReader());
  if (reader->archive_ == nullptr) return absl::ResourceExhaustedError("out of memory");
  HOZEN_ASSIGN_OR_RETURN(reader->source_, OpenForReading(file));
  if (directory_is_sound) {
    HOZEN_ASSIGN_OR_RETURN(ZipDirectory directory, ZipDirectory::Open(*reader->source_));
    reader->directory_.emplace(std::move(directory));
    archive_read_support_format_zip_seekable(reader->archive_);
  } else {
    archive_read_support_format_zip_streamable(reader->archive_);
  }
  const Utf8Locale locale;
  if (archive_read_open_filename(reader->archive_, file.c_str(), kBlockSizeBytes) != ARCHIVE_OK) {
    return absl::InvalidArgumentError(Concat(
        Printable(file.native()), ": ", Say("is no ZIP file: ", "は ZIP ではありません: "), ErrorOf(reader->archive_)));
  }
  return reader;
}

absl::StatusOr<bool> ZipReader::Next() {
  const Utf8Locale locale;
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(archive_, &entry);
  const bool at_end = result == ARCHIVE_EOF;
  // A warning is about the name's letters, which we have from the directory, or about nothing that matters to us.
  if (!at_end && result != ARCHIVE_OK && result != ARCHIVE_WARN) return absl::DataLossError(ErrorOf(archive_));
  const char* name = at_end ? nullptr : archive_entry_pathname_utf8(entry);
  if (!directory_.has_value()) {
    name_ = name != nullptr ? name : "";
    return !at_end;
  }
  // In step with the directory: libarchive gives entries in the order in which they stand in the file, which a sound
  // directory has too, but it composes letters in names and so may not be asked for them.
  ZipEntry expected;
  HOZEN_ASSIGN_OR_RETURN(const bool more, directory_->Next(expected));
  if (more == at_end) {
    return absl::DataLossError(
        AbslView(Say("the ZIP directory and the entries contradict each other", "ZIP の目録と項目が矛盾します")));
  }
  name_ = expected.name;
  return more;
}

absl::StatusOr<size_t> ZipReader::Read(char* buffer, size_t size) {
  const la_ssize_t got = archive_read_data(archive_, buffer, size);
  if (got >= 0) return static_cast<size_t>(got);
  return absl::DataLossError(ErrorOf(archive_));
}

}  // namespace hozen
