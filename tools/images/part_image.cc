#include "tools/images/part_image.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/json/json.h"

namespace hozen {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxRecordBytes = 64 << 10;
constexpr size_t kPieceBytes = 1 << 20;
constexpr char kRecordFormat[] = "hozen-part";

fs::path WithSuffix(fs::path path, const char* suffix) {
  path += suffix;
  return path;
}

struct Record {
  ImageIdentity identity;
  uint64_t synced_bytes = 0;
};

Json ToJson(const ImageIdentity& identity, uint64_t synced_bytes) {
  return {{"format", kRecordFormat},
          {"format_version", 1},
          {"acquisition_id", identity.acquisition_id},
          {"item_index", identity.item_index},
          {"disk_sha256", identity.disk_sha256_hex},
          {"offset_bytes", identity.offset_bytes},
          {"size_bytes", identity.size_bytes},
          {"image_format", identity.format},
          {"synced_bytes", synced_bytes}};
}

// What the record says; nothing where there is none that we could have written.
std::optional<Record> ReadRecord(const fs::path& path) {
  const absl::StatusOr<std::string> text = ReadWholeFile(path, kMaxRecordBytes);
  if (!text.ok()) return std::nullopt;
  const Json json = ParseJson(*text);
  if (!json.is_object()) return std::nullopt;
  const auto text_of = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto number_of = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_number_unsigned() ? found->get<uint64_t>() : ~uint64_t{0};
  };
  if (text_of("format") != kRecordFormat || number_of("format_version") != 1) return std::nullopt;
  return Record{.identity = {.acquisition_id = text_of("acquisition_id"),
                             .item_index = number_of("item_index"),
                             .disk_sha256_hex = text_of("disk_sha256"),
                             .offset_bytes = number_of("offset_bytes"),
                             .size_bytes = number_of("size_bytes"),
                             .format = text_of("image_format")},
                .synced_bytes = number_of("synced_bytes")};
}

}  // namespace

absl::Status NameFile(const fs::path& from, const fs::path& to, bool replace) {
  if (!replace) {
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return absl::OkStatus();
    if (errno == EEXIST) {
      return absl::AlreadyExistsError(
          Concat(Printable(to.native()), ": ", Say("has come into being meanwhile", "が処理中に作成されました")));
    }
    // File systems that cannot do it atomically: it was not there when we began.
    if (errno != EINVAL && errno != ENOSYS) return ErrnoStatus(errno, Printable(to.native()));
  }
  if (std::rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus(errno, Printable(to.native()));
  return absl::OkStatus();
}

PartImage::PartImage(fs::path target, ImageIdentity identity)
    : target_(std::move(target)),
      part_(WithSuffix(target_, ".part")),
      record_(WithSuffix(part_, ".json")),
      identity_(std::move(identity)) {}

absl::StatusOr<std::unique_ptr<PartImage>> PartImage::Open(const fs::path& target, ImageIdentity identity,
                                                           bool start_over) {
  std::unique_ptr<PartImage> part(new PartImage(target, std::move(identity)));
  const std::string name = Printable(part->part_.native());
  part->fd_ = UniqueFd(open(part->part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!part->fd_.valid()) return ErrnoStatus(errno, name);
  if (flock(part->fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, name);
    return absl::UnavailableError(
        Concat(name, ": ", Say("another hozen is writing it", "別の hozen が書き込み中です")));
  }
  const std::optional<Record> record = start_over ? std::nullopt : ReadRecord(part->record_);
  if (record.has_value() && record->identity != part->identity_) {
    return absl::FailedPreconditionError(Concat(
        name, ": ",
        Say("is what an export of something else left: of acquisition ", "別のエクスポートの途中のファイルです: 取得 "),
        Printable(record->identity.acquisition_id), Say(", item ", "、項目 "), record->identity.item_index, ", ",
        record->identity.offset_bytes, "+", record->identity.size_bytes, ", ", Printable(record->identity.format),
        Say("; name another file, or give --force to start over",
            "。別の名前を指定するか、--force で最初からやり直してください")));
  }
  struct stat about {};
  if (fstat(part->fd_.get(), &about) != 0) return ErrnoStatus(errno, name);
  if (!S_ISREG(about.st_mode)) {
    return absl::FailedPreconditionError(Concat(name, ": ", Say("is not a file", "はファイルではありません")));
  }
  // A part shorter than its record is not the one that the record was written for.
  const bool usable = record.has_value() && record->synced_bytes <= static_cast<uint64_t>(about.st_size) &&
                      record->synced_bytes <= part->identity_.size_bytes;
  part->size_bytes_ = usable ? record->synced_bytes : 0;
  part->synced_bytes_ = part->size_bytes_;
  // What stands behind the last sync may be bytes or nothing.
  if (ftruncate(part->fd_.get(), static_cast<off_t>(part->size_bytes_)) != 0) return ErrnoStatus(errno, name);
  HOZEN_RETURN_IF_ERROR(part->WriteRecord());
  return part;
}

uint64_t PartImage::allocated_bytes() const {
  struct stat about {};
  return fstat(fd_.get(), &about) == 0 ? static_cast<uint64_t>(about.st_blocks) * 512 : 0;
}

absl::Status PartImage::WriteRecord() const {
  return WriteFileAtomically(record_, JsonText(ToJson(identity_, synced_bytes_), 1) + "\n", 0600);
}

absl::Status PartImage::ReadBack(const std::function<void(uint64_t)>& on_progress) {
  std::string buffer(kPieceBytes, '\0');
  uint64_t at = 0;
  while (at < size_bytes_) {
    // Holes are not read, only hashed.
    const off_t data = lseek(fd_.get(), static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno != ENXIO) return ErrnoStatus(errno, Printable(part_.native()));
    const uint64_t data_at = data < 0 ? size_bytes_ : std::min<uint64_t>(static_cast<uint64_t>(data), size_bytes_);
    if (data_at > at) {
      const uint64_t zeros = std::min<uint64_t>(data_at - at, uint64_t{256} << 20);
      hash_.UpdateZeros(zeros);
      at += zeros;
    } else {
      const size_t want = static_cast<size_t>(std::min<uint64_t>(size_bytes_ - at, buffer.size()));
      const ssize_t got = pread(fd_.get(), buffer.data(), want, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return ErrnoStatus(got < 0 ? errno : EIO, Printable(part_.native()));
      hash_.Update(std::string_view(buffer.data(), static_cast<size_t>(got)));
      at += static_cast<uint64_t>(got);
    }
    on_progress(at);
  }
  return absl::OkStatus();
}

absl::Status PartImage::Data(std::string_view bytes) {
  const absl::Status written = WriteFullyAt(fd_.get(), bytes, size_bytes_);
  if (!written.ok()) return WithContext(written, Printable(part_.native()));
  hash_.Update(bytes);
  size_bytes_ += bytes.size();
  return size_bytes_ - synced_bytes_ < kSyncedEveryBytes ? absl::OkStatus() : Sync();
}

absl::Status PartImage::Zeros(uint64_t size_bytes) {
  hash_.UpdateZeros(size_bytes);
  size_bytes_ += size_bytes;
  return absl::OkStatus();
}

absl::Status PartImage::Sync() {
  // A hole at the end has to be made by hand.
  if (ftruncate(fd_.get(), static_cast<off_t>(size_bytes_)) != 0 || fdatasync(fd_.get()) != 0) {
    return ErrnoStatus(errno, Printable(part_.native()));
  }
  synced_bytes_ = size_bytes_;
  return WriteRecord();
}

absl::Status PartImage::Commit(bool replace) {
  HOZEN_RETURN_IF_ERROR(Sync());
  HOZEN_RETURN_IF_ERROR(NameFile(part_, target_, replace));
  unlink(record_.c_str());
  return SyncFolder(target_.has_parent_path() ? target_.parent_path() : fs::path("."));
}

void PartImage::Discard() {
  unlink(part_.c_str());
  unlink(record_.c_str());
}

}  // namespace hozen
