// Files as a walk sees them, whatever shows them: the running system, or a file system that we read raw.
#ifndef HOZEN_AGENT_ACQUIRE_FILE_TREE_H_
#define HOZEN_AGENT_ACQUIRE_FILE_TREE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/platform/file_access.h"
#include "core/bytes/source.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// A stream of a file beside its contents, or an attribute that is no stream at all. Raw trees know of them.
struct TreeStream {
  v1::AttributeMetadata attribute;
  std::string name;  // as it stands behind the file's name and a colon: "Zone.Identifier", "$I30:$INDEX_ALLOCATION"
  uint64_t size_bytes = 0;
  bool is_data = true;             // false: taken only where every attribute is asked for
  uint64_t overwritten_bytes = 0;  // as of the entry
};

// One name in a folder.
struct TreeEntry {
  std::string name;
  FileType type = FileType::kUnknown;
  std::optional<v1::FileMetadata> metadata;  // without a value: look at the entry again by Find
  v1::Allocation allocation = v1::ALLOCATION_UNSPECIFIED;
  std::vector<TreeStream> streams;
  bool has_contents = true;        // false: a file of NTFS that has only named streams
  uint64_t overwritten_bytes = 0;  // of a deleted file's contents: in blocks that are another's by now
  // Raw, without metadata: the record, and of NTFS which use of it, that the name speaks of.
  uint64_t named_record = 0;
  uint32_t named_sequence = 0;
  std::string problem;  // why something of the above is missing; without metadata nothing will give it any

  bool is_deleted() const { return allocation == v1::ALLOCATION_DELETED || allocation == v1::ALLOCATION_REALLOCATED; }
};

// A folder that stands on no disk: where deleted files without a name are, or where a path leads on to a volume.
inline bool IsMadeUp(const TreeEntry& entry) {
  return entry.metadata.has_value() && entry.metadata->inode() == 0 && entry.metadata->device() == 0 &&
         entry.type == FileType::kFolder;
}

struct OpenedContents {
  std::unique_ptr<Source> source;
  v1::FileMetadata metadata;     // of what is open, not of what the name meant a moment ago
  bool access_time_kept = true;  // false: reading may set a new access time
};

struct LinkTarget {
  std::string path;
  bool access_time_kept = true;
};

// The names of a folder, a batch at a time, each once.
class TreeReader {
 public:
  virtual ~TreeReader() = default;
  // Empty at the end. What came before an error is good.
  virtual absl::StatusOr<std::vector<TreeEntry>> Next() = 0;
  // Do two readers of one folder that nobody changed always give the same order? Else the walk makes one.
  virtual bool in_stable_order() const = 0;
};

// A folder that is open. Nothing in it is ever reached through a symbolic link. Thread-compatible, as are its tree and
// everything that it gives; all of it must end before the tree does. Errors are statuses that FailureOf understands;
// Aborted where a raw reader died of it.
class TreeFolder {
 public:
  virtual ~TreeFolder() = default;

  virtual const v1::FileMetadata& metadata() const = 0;
  virtual bool access_time_kept() const = 0;
  virtual v1::Access access() const = 0;

  // Allocated names only. The entry bears the name that it really has, where case is ignored, and metadata.
  virtual absl::StatusOr<TreeEntry> Find(const std::string& name) = 0;
  virtual absl::StatusOr<LinkTarget> ReadLink(const TreeEntry& entry) = 0;
  virtual absl::StatusOr<std::unique_ptr<TreeFolder>> OpenFolder(const TreeEntry& entry) = 0;
  // Regular files; FailedPrecondition for anything else.
  virtual absl::StatusOr<OpenedContents> OpenFile(const TreeEntry& entry) = 0;
  virtual absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry& entry, const TreeStream& stream) = 0;
  // With `deleted` also names that are free, as far as the file system still knows them. One reader at a time.
  virtual std::unique_ptr<TreeReader> List(bool deleted) = 0;
};

// Where paths begin.
class FileTree {
 public:
  virtual ~FileTree() = default;
  virtual absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() = 0;
  // '/', or '\\' where the root's folders are drives ("C:").
  virtual char separator() const { return '/'; }
  virtual bool ignores_case() const { return false; }
  // Where paths without a drive begin; empty where there are no drives.
  virtual std::string drive() const { return ""; }
  // The path at which the volume stands that Windows calls "Volume{...}"; without a value where it stands at none.
  virtual std::optional<std::string> PathOfVolume(std::string_view /*name*/) { return std::nullopt; }
  // Does "file:stream" mean a stream of the file?
  virtual bool has_streams() const { return false; }
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_FILE_TREE_H_
