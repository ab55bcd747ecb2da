#include "agent/volatile/linux/process/executables.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "agent/volatile/linux/process_list.h"
#include "agent/volatile/linux/process_text.h"
#include "agent/volatile/timestamps.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/bytes/source.h"
#include "core/crypto/sha256.h"

namespace hozen {
namespace {

constexpr uint64_t kMostHashedBytes = uint64_t{1} << 30;
constexpr size_t kPieceBytes = 1 << 20;
constexpr size_t kMostHeld = 256;
constexpr std::string_view kDeletedMark = " (deleted)";

}  // namespace

Executables::Executables(const KernelFiles& files) : files_(files) {
  absl::StatusOr<MountTable> mounts = MountTable::Read();
  if (mounts.ok()) mounts_ = *std::move(mounts);
}

absl::Status Executables::Describe(int32_t pid, v1::Executable& executable) { return Look(pid, true, executable); }

absl::Status Executables::Hold(int32_t pid, v1::Executable& executable) { return Look(pid, false, executable); }

bool Executables::IsDeleted(int32_t pid, const std::string& link, const v1::FileMetadata& file) const {
  if (file.links() == 0) return true;
  if (!SaysDeleted(link)) return false;
  // A file may be called so, and a file system may count links in its own way: is it still there, by that name?
  const absl::StatusOr<OpenedFile> named = files_.OpenThroughLink(ProcPath(pid, Concat("root", link)));
  return !named.ok() || named->metadata.inode() != file.inode() || named->metadata.device() != file.device();
}

absl::Status Executables::Look(int32_t pid, bool hash, v1::Executable& executable) {
  const std::string path = ProcPath(pid, "exe");
  HOZEN_ASSIGN_OR_RETURN(const std::string link, files_.ReadLink(path));
  executable.set_path(Printable(link));
  // The name that it had, also for the owner's policy.
  const std::string name = SaysDeleted(link) ? link.substr(0, link.size() - kDeletedMark.size()) : link;
  HOZEN_RETURN_IF_ERROR(files_.CheckPolicy(name));
  if (const Mount* const mount = mounts_.Of(name); mount != nullptr && mount->kind == MountKind::kRemote) {
    return absl::UnimplementedError("it lies on a remote file system, which may not answer; it was not read");
  }
  HOZEN_ASSIGN_OR_RETURN(OpenedFile file, files_.OpenThroughLink(path));
  const v1::FileMetadata& metadata = file.metadata;
  executable.set_device(metadata.device());
  executable.set_inode(metadata.inode());
  executable.set_size_bytes(metadata.size_bytes());
  *executable.mutable_modified() = TimestampOf(metadata.modified_unix_ns());
  executable.set_memory_only(IsMemoryFile(link) && metadata.links() == 0);
  executable.set_deleted(IsDeleted(pid, link, metadata));
  absl::Status status;
  if (hash) {
    absl::StatusOr<std::string> sha256 = HashOf(file, path);
    status = sha256.status();
    if (sha256.ok()) executable.set_sha256(*std::move(sha256));
  }
  if (!executable.deleted()) return status;
  const auto [item, is_new] = item_of_.try_emplace({metadata.device(), metadata.inode()}, path);
  if (is_new && held_.size() == kMostHeld) {
    item_of_.erase(item);
    not_held_.emplace(metadata.device(), metadata.inode());
    return status;
  }
  executable.set_item(item->second);
  if (is_new) held_.push_back({.path = path, .link = link, .file = std::move(file)});
  return status;
}

absl::StatusOr<std::string> Executables::HashOf(const OpenedFile& file, const std::string& path) {
  const v1::FileMetadata& metadata = file.metadata;
  const Identity identity = {metadata.device(), metadata.inode(), metadata.size_bytes(), metadata.modified_unix_ns(),
                             metadata.changed_unix_ns()};
  if (const auto known = hashes_.find(identity); known != hashes_.end()) return known->second;
  if (metadata.size_bytes() > kMostHashedBytes) {
    return absl::ResourceExhaustedError(
        Concat("it has ", metadata.size_bytes(), " bytes; only ", kMostHashedBytes, " are hashed here"));
  }
  if (!file.access_time_kept && touched_++ == 0) first_touched_ = path;
  const std::unique_ptr<Source> source = NewFdSource(UniqueFd(dup(file.fd.get())), metadata.size_bytes());
  Sha256 sha256;
  std::string buffer(kPieceBytes, '\0');
  for (uint64_t at = 0; at <= kMostHashedBytes;) {
    HOZEN_ASSIGN_OR_RETURN(const size_t size, source->ReadAt(at, absl::MakeSpan(buffer.data(), buffer.size())));
    if (size == 0) break;
    sha256.Update(std::string_view(buffer).substr(0, size));
    at += size;
  }
  std::string hex = sha256.Finish().ToHex();
  hashes_.emplace(identity, hex);
  return hex;
}

}  // namespace hozen
