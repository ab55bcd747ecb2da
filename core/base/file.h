// Whole files: read with a bound, written so that a crash leaves the old or the new one, never half of either.
#ifndef HOZEN_CORE_BASE_FILE_H_
#define HOZEN_CORE_BASE_FILE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"

namespace hozen {

// NotFound where there is none; ResourceExhausted where it is longer than limit_bytes.
absl::StatusOr<std::string> ReadWholeFile(const std::filesystem::path& path, uint64_t limit_bytes);

// Creates path.tmp exclusively, writes, syncs, renames over path, syncs the folder. Durable when it returns OK;
// otherwise path is what it was (or, where only the folder could not be synced, the new one, not yet durable). `mode`
// is the file's POSIX permission bits, whatever the umask. A path.tmp of a process that died is replaced; Unavailable
// while another process or thread writes it.
absl::Status WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes, unsigned mode);

// Makes entries of a folder (created, renamed, removed) durable.
absl::Status SyncFolder(const std::filesystem::path& folder);

// Writes all of `bytes` at the descriptor's position (WriteFully) or at offset_bytes (WriteFullyAt).
absl::Status WriteFully(int fd, std::string_view bytes);
absl::Status WriteFullyAt(int fd, std::string_view bytes, uint64_t offset_bytes);

// Creates the folder and those above it with `mode`, durably; OK where it is there already.
absl::Status MakeFolders(const std::filesystem::path& folder, unsigned mode);

// An exclusive lock on `path`, created where it is not there, held until the descriptor is closed.
// FailedPrecondition where another process holds it.
absl::StatusOr<UniqueFd> LockFile(const std::filesystem::path& path);

// From here on, files and folders that this process makes are for its owner alone, also where a library makes them and
// asks for more. Called once, from main.
void MakeNewFilesPrivate();

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_FILE_H_
