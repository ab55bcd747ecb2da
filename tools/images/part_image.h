// The bytes of an image on their way: FILE.part, which an interruption leaves there, and FILE.part.json, which says
// what it is of and how much of it is safe, so that the same export goes on from there. Format: docs/formats/bundle.md.
#ifndef HOZEN_TOOLS_IMAGES_PART_IMAGE_H_
#define HOZEN_TOOLS_IMAGES_PART_IMAGE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"
#include "core/crypto/sha256.h"

namespace hozen {

// What an image is of. A part is gone on with only where all of this is the same.
struct ImageIdentity {
  std::string acquisition_id;
  uint64_t item_index = 0;
  std::string disk_sha256_hex;
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;  // of the image
  std::string format;
  friend bool operator==(const ImageIdentity&, const ImageIdentity&) = default;
};

// Thread-compatible. Zeros become holes. Nothing is removed unless it is asked for: what is there when it is destroyed,
// or when the process dies, is there for the next one, up to the last kSyncedEveryBytes.
class PartImage {
 public:
  // After so many bytes the part is synced and its record written.
  static constexpr uint64_t kSyncedEveryBytes = uint64_t{16} << 20;

  // The part beside `target`: a new one, or one that is there and of the same image. A part without a record is worth
  // nothing and begins anew, as every part does where `start_over`. FailedPrecondition for the part of another image,
  // Unavailable while another process writes it.
  static absl::StatusOr<std::unique_ptr<PartImage>> Open(const std::filesystem::path& target, ImageIdentity identity,
                                                         bool start_over);

  // How many bytes there are, from the start on.
  uint64_t size_bytes() const { return size_bytes_; }
  // What the part takes on the disk: holes take nothing.
  uint64_t allocated_bytes() const;
  const std::filesystem::path& path() const { return part_; }

  // Reads and hashes what an earlier attempt left; must be called once before Data and Zeros.
  absl::Status ReadBack(const std::function<void(uint64_t done_bytes)>& on_progress);

  // At its end. ResourceExhausted where the disk is full.
  absl::Status Data(std::string_view bytes);
  absl::Status Zeros(uint64_t size_bytes);
  // Makes safe what is there.
  absl::Status Sync();

  // Of all bytes, once all are there. Ends the computation.
  Digest Finish() { return hash_.Finish(); }

  // Gives the part its name: durable there when it returns OK. AlreadyExists unless `replace`.
  absl::Status Commit(bool replace);
  // Removes the part and its record.
  void Discard();

 private:
  PartImage(std::filesystem::path target, ImageIdentity identity);
  absl::Status WriteRecord() const;

  const std::filesystem::path target_;
  const std::filesystem::path part_;
  const std::filesystem::path record_;
  const ImageIdentity identity_;
  UniqueFd fd_;
  Sha256 hash_;
  uint64_t size_bytes_ = 0;
  uint64_t synced_bytes_ = 0;
};

// Gives the finished file `from` the name `to` on the same file system, never over another one unless `replace`
// (AlreadyExists). The folder is not synced.
absl::Status NameFile(const std::filesystem::path& from, const std::filesystem::path& to, bool replace);

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_PART_IMAGE_H_
