#include "tools/images/e01_image.h"

#include <fcntl.h>
#include <libewf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/unique_fd.h"
#include "core/crypto/legacy_digest.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kChunkBytes = 32 << 10;

struct HandleDeleter {
  void operator()(libewf_handle_t* handle) const {
    libewf_handle_close(handle, nullptr);
    libewf_handle_free(&handle, nullptr);
  }
};
using Handle = std::unique_ptr<libewf_handle_t, HandleDeleter>;

absl::StatusOr<Handle> NewHandle() {
  libewf_handle_t* handle = nullptr;
  if (libewf_handle_initialize(&handle, nullptr) != 1) return absl::ResourceExhaustedError("libewf: out of memory");
  return Handle(handle);
}

// Takes libewf's reason and frees it.
absl::Status EwfError(absl::StatusCode code, const fs::path& file, libewf_error_t* error) {
  char reason[2048] = {};
  if (error != nullptr) {
    libewf_error_backtrace_sprint(error, reason, sizeof reason);
    libewf_error_free(&error);
  }
  std::string words = Printable(reason);
  return absl::Status(code, AbslView(Concat(Printable(file.native()), ": libewf: ", words)));
}

// libewf wants names that it may write to.
struct NameList {
  explicit NameList(std::string name) : text(std::move(name)), list{text.data()} {}
  std::string text;
  char* list[1];
};

fs::path SegmentPath(const fs::path& base, uint32_t number) {
  fs::path path = base;
  path += E01Extension(number);
  return path;
}

class E01Writer : public ImageWriter {
 public:
  explicit E01Writer(fs::path target_base) : target_base_(std::move(target_base)), written_base_(target_base_) {
    written_base_ += ".part";
  }
  ~E01Writer() override {
    handle_.reset();
    if (!finished_) RemoveWritten();
  }

  absl::Status Open(const ImageDescription& description, uint64_t segment_size_bytes) {
    RemoveWritten();
    HOZEN_ASSIGN_OR_RETURN(handle_, NewHandle());
    NameList name(written_base_.native());
    libewf_error_t* error = nullptr;
    libewf_handle_t* const handle = handle_.get();
    const uint32_t sector = description.sector_size_bytes;
    const bool opened =
        libewf_handle_open(handle, name.list, 1, LIBEWF_OPEN_WRITE, &error) == 1 &&
        libewf_handle_set_format(handle, LIBEWF_FORMAT_ENCASE6, &error) == 1 &&
        libewf_handle_set_media_type(handle, LIBEWF_MEDIA_TYPE_FIXED, &error) == 1 &&
        libewf_handle_set_media_flags(handle, description.whole_disk ? LIBEWF_MEDIA_FLAG_PHYSICAL : 0, &error) == 1 &&
        libewf_handle_set_bytes_per_sector(handle, sector, &error) == 1 &&
        libewf_handle_set_sectors_per_chunk(handle, std::max(kChunkBytes / sector, uint32_t{1}), &error) == 1 &&
        libewf_handle_set_compression_values(handle, LIBEWF_COMPRESSION_FAST,
                                             LIBEWF_COMPRESS_FLAG_USE_EMPTY_BLOCK_COMPRESSION, &error) == 1 &&
        libewf_handle_set_maximum_segment_size(handle, segment_size_bytes, &error) == 1 &&
        libewf_handle_set_media_size(handle, description.size_bytes, &error) == 1;
    if (!opened) return Failed(error);
    HOZEN_RETURN_IF_ERROR(SetTexts(description));
    return SetUnreadable(description);
  }

  absl::Status Write(std::string_view bytes) override {
    md5_.Update(bytes);
    sha1_.Update(bytes);
    while (!bytes.empty()) {
      libewf_error_t* error = nullptr;
      const ssize_t took =
          libewf_handle_write_buffer(handle_.get(), const_cast<char*>(bytes.data()), bytes.size(), &error);
      if (took <= 0) return Failed(error);
      bytes.remove_prefix(static_cast<size_t>(took));
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    const std::string md5 = absl::BytesToHexString(md5_.Finish());
    const std::string sha1 = absl::BytesToHexString(sha1_.Finish());
    libewf_error_t* error = nullptr;
    const auto set_hash = [&](std::string_view name, const std::string& value) {
      return libewf_handle_set_utf8_hash_value(handle_.get(), reinterpret_cast<const uint8_t*>(name.data()),
                                               name.size(), reinterpret_cast<const uint8_t*>(value.data()),
                                               value.size(), &error) == 1;
    };
    if (!set_hash("MD5", md5) || !set_hash("SHA1", sha1)) return Failed(error);
    if (libewf_handle_write_finalize(handle_.get(), &error) == -1) return Failed(error);
    if (libewf_handle_close(handle_.get(), &error) != 0) return Failed(error);
    for (uint32_t number = 1;; ++number) {
      const fs::path written = SegmentPath(written_base_, number);
      UniqueFd fd(open(written.c_str(), O_RDONLY | O_CLOEXEC));
      if (!fd.valid() && errno == ENOENT && number > 1) break;
      if (!fd.valid() || fsync(fd.get()) != 0) return ErrnoStatus(errno, Printable(written.native()));
      files_.push_back({.written = written, .name = SegmentPath(target_base_, number)});
    }
    finished_ = true;
    return absl::OkStatus();
  }

  const std::vector<ImageFile>& files() const override { return files_; }

 private:
  absl::Status Failed(libewf_error_t* error) const {
    std::error_code unknown;
    const fs::path folder = written_base_.has_parent_path() ? written_base_.parent_path() : fs::path(".");
    const fs::space_info space = fs::space(folder, unknown);
    constexpr uint64_t kNextToNothing = 1 << 20;
    const bool full = !unknown && space.available < kNextToNothing;
    return EwfError(full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kUnknown,
                    SegmentPath(written_base_, 1), error);
  }

  absl::Status SetTexts(const ImageDescription& description) {
    const auto set = [&](std::string_view name, std::string_view value) -> absl::Status {
      if (value.empty()) return absl::OkStatus();
      libewf_error_t* error = nullptr;
      if (libewf_handle_set_utf8_header_value(handle_.get(), reinterpret_cast<const uint8_t*>(name.data()), name.size(),
                                              reinterpret_cast<const uint8_t*>(value.data()), value.size(),
                                              &error) == 1) {
        return absl::OkStatus();
      }
      return Failed(error);
    };
    HOZEN_RETURN_IF_ERROR(set("case_number", description.acquisition_id));
    HOZEN_RETURN_IF_ERROR(set("evidence_number", description.evidence));
    HOZEN_RETURN_IF_ERROR(set("description", description.title));
    HOZEN_RETURN_IF_ERROR(set("examiner_name", description.examiner));
    HOZEN_RETURN_IF_ERROR(set("notes", description.notes));
    HOZEN_RETURN_IF_ERROR(set("model", description.model));
    HOZEN_RETURN_IF_ERROR(set("serial_number", description.serial));
    HOZEN_RETURN_IF_ERROR(set("acquiry_software_version", description.software));
    return set("acquiry_operating_system", "Linux");
  }

  absl::Status SetUnreadable(const ImageDescription& description) {
    for (const MissingRun& run : description.missing) {
      if (!run.unreadable) continue;
      const uint64_t first = run.offset_bytes / description.sector_size_bytes;
      const uint64_t last = (run.offset_bytes + run.size_bytes - 1) / description.sector_size_bytes;
      // The list has 32 bits for a sector; the sidecar names what lies behind.
      if (last > std::numeric_limits<uint32_t>::max()) break;
      libewf_error_t* error = nullptr;
      if (libewf_handle_append_acquiry_error(handle_.get(), first, last - first + 1, &error) != 1) {
        return Failed(error);
      }
    }
    return absl::OkStatus();
  }

  void RemoveWritten() const {
    for (uint32_t number = 1; unlink(SegmentPath(written_base_, number).c_str()) == 0; ++number) {
    }
  }

  const fs::path target_base_;
  fs::path written_base_;
  Handle handle_;
  LegacyDigest md5_{LegacyDigest::Kind::kMd5};
  LegacyDigest sha1_{LegacyDigest::Kind::kSha1};
  std::vector<ImageFile> files_;
  bool finished_ = false;
};

class E01Source : public Source {
 public:
  E01Source(Handle handle, fs::path file, uint64_t size_bytes)
      : handle_(std::move(handle)), file_(std::move(file)), size_bytes_(size_bytes) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const size_t want = static_cast<size_t>(std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes));
    libewf_error_t* error = nullptr;
    const ssize_t got =
        libewf_handle_read_random(handle_.get(), buffer.data(), want, static_cast<off64_t>(offset_bytes), &error);
    if (got < 0) return EwfError(absl::StatusCode::kDataLoss, file_, error);
    uint32_t wrong = 0;
    // libewf gives zeros for a chunk with a wrong checksum and only makes a note of it.
    if (libewf_handle_get_number_of_checksum_errors(handle_.get(), &wrong, nullptr) == 1 && wrong > 0) {
      return absl::DataLossError(
          Concat(Printable(file_.native()), ": ",
                 Say("a checksum is wrong at or before byte ", "チェックサムの誤り（次の位置まで）: "),
                 offset_bytes + static_cast<uint64_t>(got)));
    }
    return static_cast<size_t>(got);
  }
  uint64_t size_bytes() const override { return size_bytes_; }

 private:
  const Handle handle_;
  const fs::path file_;
  const uint64_t size_bytes_;
};

}  // namespace

std::string E01Extension(uint32_t number) {
  constexpr uint32_t kLetters = 26;
  if (number < 100) return {'.', 'E', static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
  const uint32_t index = number - 100;
  return {'.', static_cast<char>('E' + index / (kLetters * kLetters)),
          static_cast<char>('A' + index / kLetters % kLetters), static_cast<char>('A' + index % kLetters)};
}

absl::Status CheckE01(uint64_t size_bytes, uint32_t sector_size_bytes, uint64_t segment_size_bytes) {
  if (segment_size_bytes < kSmallestSegmentBytes || segment_size_bytes > kLargestSegmentBytes) {
    return absl::InvalidArgumentError(
        AbslView(Say("a segment has from 1M to 1T bytes", "セグメントのサイズは 1M から 1T までです")));
  }
  if (sector_size_bytes == 0 || size_bytes % sector_size_bytes != 0) {
    return absl::InvalidArgumentError(
        Concat(Say("an E01 holds whole sectors, and this image of ", "E01 はセクタ単位でしか保存できません（サイズ "),
               size_bytes, Say(" bytes has none of ", " バイト、セクタ "), sector_size_bytes,
               Say("; use raw or aff4", "）。raw または aff4 を使ってください")));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ImageWriter>> NewE01Writer(const fs::path& target, const ImageDescription& description,
                                                          uint64_t segment_size_bytes) {
  if (target.extension() != ".E01") {
    return absl::InvalidArgumentError(
        Concat(Printable(target.native()), ": ", Say("must end in .E01", "は .E01 で終わる必要があります")));
  }
  HOZEN_RETURN_IF_ERROR(CheckE01(description.size_bytes, description.sector_size_bytes, segment_size_bytes));
  fs::path base = target;
  base.replace_extension();
  auto writer = std::make_unique<E01Writer>(std::move(base));
  HOZEN_RETURN_IF_ERROR(writer->Open(description, segment_size_bytes));
  return writer;
}

absl::StatusOr<std::unique_ptr<Source>> OpenE01(const fs::path& first) {
  HOZEN_ASSIGN_OR_RETURN(Handle handle, NewHandle());
  libewf_error_t* error = nullptr;
  char** names = nullptr;
  int count = 0;
  const std::string& name = first.native();
  if (libewf_glob(name.data(), name.size(), LIBEWF_FORMAT_UNKNOWN, &names, &count, &error) != 1) {
    return EwfError(absl::StatusCode::kDataLoss, first, error);
  }
  const bool opened = libewf_handle_open(handle.get(), names, count, LIBEWF_OPEN_READ, &error) == 1;
  libewf_glob_free(names, count, nullptr);
  if (!opened) return EwfError(absl::StatusCode::kDataLoss, first, error);
  if (libewf_handle_segment_files_corrupted(handle.get(), nullptr) != 0) {
    return absl::DataLossError(
        Concat(Printable(first.native()), ": ",
               Say("a segment is damaged or missing", "セグメントが壊れているか、不足しています")));
  }
  size64_t size = 0;
  if (libewf_handle_get_media_size(handle.get(), &size, &error) != 1) {
    return EwfError(absl::StatusCode::kDataLoss, first, error);
  }
  return std::make_unique<E01Source>(std::move(handle), first, size);
}

}  // namespace hozen
