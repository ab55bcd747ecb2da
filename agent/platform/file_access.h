// Files and folders as evidence: one name below an open folder at a time, so that nobody can swap a folder for a
// symbolic link under our feet; never through a link, never blocking on a FIFO, without new access times where allowed.
#ifndef HOZEN_AGENT_PLATFORM_FILE_ACCESS_H_
#define HOZEN_AGENT_PLATFORM_FILE_ACCESS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/platform/named_streams.h"
#include "core/base/unique_fd.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

enum class FileType { kUnknown, kRegular, kFolder, kSymbolicLink, kOther };

FileType FileTypeOf(const v1::FileMetadata& metadata);

struct OpenedFile {
  UniqueFd fd;                   // read-only
  v1::FileMetadata metadata;     // of what is open, not of what the name meant a moment ago
  bool access_time_kept = true;  // false: reading may set a new access time (O_NOATIME was refused)
};

// All are thread-safe; all errors are ErrnoStatus with the name in front, so SystemErrorOf tells them apart. Names hold
// no separator. Calls may wait for the disk, and on a remote file system for ever.

// The folder that everything else is opened below. Empty means the host's own root. On Windows also a device that paths
// begin with (core/base/device_root.h): the root of the volume on it.
absl::StatusOr<OpenedFile> OpenRootFolder(const std::string& root);

// What the name itself is; a link is not followed. Mounts nothing. link_target is left to ReadLinkTarget.
absl::StatusOr<v1::FileMetadata> StatEntry(int folder, const std::string& name);

// That with the name as the folder has it, where case is ignored, and with the streams beside its contents.
struct DescribedEntry {
  std::string name;  // elsewhere as it was given
  v1::FileMetadata metadata;
  std::vector<NamedStream> streams;  // none where the file system has no such thing
  std::string problem;               // why they are not all
};
absl::StatusOr<DescribedEntry> DescribeEntry(int folder, const std::string& name);

// Where a symbolic link points to, as it is written in it. It may set the link's access time.
absl::StatusOr<std::string> ReadLinkTarget(int folder, const std::string& name);

// A regular file. Anything else, also what has become something else since it was looked at, is FailedPrecondition and
// is not touched: a device or a FIFO may have effects when it is opened.
absl::StatusOr<OpenedFile> OpenRegularFile(int folder, const std::string& name);

// A stream of a file or a folder beside its contents; the metadata are the file's, with the stream's size. NotFound
// also where the system has no such streams; FailedPrecondition where the name is by now a link, or something else.
absl::StatusOr<OpenedFile> OpenNamedStream(int folder, const std::string& name, const std::string& stream);

// FailedPrecondition where it is a symbolic link (system error ELOOP) or no folder (ENOTDIR).
absl::StatusOr<OpenedFile> OpenFolder(int folder, const std::string& name);

// A regular file by a whole path whose last part may be a link of the kernel's that leads to it (/proc/PID/exe), also
// where it has no name any more. Looked at before it is opened; FailedPrecondition where it is anything else.
absl::StatusOr<OpenedFile> OpenThroughKernelLink(const std::string& path);

struct FolderEntry {
  std::string name;
  FileType type = FileType::kUnknown;  // where the file system says so without a look at the entry
};

// The names in a folder, a batch at a time, in the file system's order; "." and ".." are left out. Thread-compatible.
class FolderReader {
 public:
  // Reads `folder` itself, from its start; the caller keeps it open. One reader a descriptor at a time.
  explicit FolderReader(int folder);
  ~FolderReader();
  FolderReader(const FolderReader&) = delete;
  FolderReader& operator=(const FolderReader&) = delete;

  // The next entries, a few hundred at most; empty at the end. What came before an error is lost to nobody: it was
  // returned.
  absl::StatusOr<std::vector<FolderEntry>> Next();

 private:
  const int folder_;
  bool rewound_ = false;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_FILE_ACCESS_H_
