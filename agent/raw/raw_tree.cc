#include "agent/raw/raw_tree.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "agent/raw/raw_entries.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

// Entries that are held at one time of one folder.
constexpr size_t kEntriesInBatch = 4096;

// Thread-compatible.
class AttributeSource final : public Source {
 public:
  AttributeSource(RawVolume& volume, uint64_t file, const RawAttributeId& attribute, uint64_t size_bytes)
      : volume_(volume), file_(file), attribute_(attribute), size_bytes_(size_bytes) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= size_bytes_) return 0;
    const size_t wanted = std::min<uint64_t>(buffer.size(), size_bytes_ - offset_bytes);
    size_t had = 0;
    while (had < wanted) {
      const size_t piece = std::min(wanted - had, VolumeReader::kMostReadBytes);
      HOZEN_ASSIGN_OR_RETURN(const size_t got,
                             volume_.ReadAttribute(file_, attribute_, offset_bytes + had, buffer.subspan(had, piece)));
      if (got == 0) break;
      had += got;
    }
    return had;
  }

  uint64_t size_bytes() const override { return size_bytes_; }

 private:
  RawVolume& volume_;
  const uint64_t file_;
  const RawAttributeId attribute_;
  const uint64_t size_bytes_;
};

v1::FileMetadata MadeUpFolder() {
  v1::FileMetadata metadata;
  metadata.set_mode(kModeFolder | 0555);
  return metadata;
}

TreeEntry FolderEntryOf(std::string name, v1::FileMetadata metadata) {
  TreeEntry entry;
  entry.name = std::move(name);
  entry.type = FileType::kFolder;
  entry.metadata = std::move(metadata);
  entry.has_contents = false;
  return entry;
}

// Gives a list that is known from the start.
class ListReader final : public TreeReader {
 public:
  // `end` is what comes behind the last.
  explicit ListReader(std::vector<TreeEntry> entries, absl::Status end = absl::OkStatus())
      : entries_(std::move(entries)), end_(std::move(end)) {}
  absl::StatusOr<std::vector<TreeEntry>> Next() override {
    if (entries_.empty() && !end_.ok()) return end_;
    return std::exchange(entries_, {});
  }
  bool in_stable_order() const override { return true; }

 private:
  std::vector<TreeEntry> entries_;
  const absl::Status end_;
};

// Batch by batch, so that a folder of a million names is never held. `more` are given last, also of a folder that could
// not be read.
class VolumeFolderReader final : public TreeReader {
 public:
  using ReadBatch = std::function<absl::StatusOr<std::vector<v1::RawEntry>>(uint64_t first, size_t most)>;
  // `is_mounted` says of a name whether another volume stands there.
  VolumeFolderReader(ReadBatch read, uint64_t device, std::vector<TreeEntry> more,
                     std::function<bool(const std::string& name)> is_mounted = nullptr)
      : read_(std::move(read)), device_(device), more_(std::move(more)), is_mounted_(std::move(is_mounted)) {}

  absl::StatusOr<std::vector<TreeEntry>> Next() override {
    if (at_end_ && more_.empty() && !end_.ok()) return end_;
    if (at_end_) return std::exchange(more_, {});
    const absl::StatusOr<std::vector<v1::RawEntry>> batch = read_(first_, kEntriesInBatch);
    if (!batch.ok()) {
      at_end_ = true;
      end_ = batch.status();
      return Next();
    }
    const std::vector<v1::RawEntry>& raw = *batch;
    first_ += raw.size();
    at_end_ = raw.size() < kEntriesInBatch;
    std::vector<TreeEntry> entries;
    entries.reserve(raw.size());
    for (const v1::RawEntry& entry : raw) {
      entries.push_back(TreeEntryOf(entry, device_));
      // On Windows that is a junction, which is not what is meant. Find says what stands there.
      TreeEntry& added = entries.back();
      if (added.type != FileType::kSymbolicLink || added.is_deleted() || is_mounted_ == nullptr) continue;
      if (!is_mounted_(added.name)) continue;
      TreeEntry mounted;
      mounted.name = std::move(added.name);
      mounted.type = FileType::kFolder;
      added = std::move(mounted);
    }
    if (entries.empty()) return std::exchange(more_, {});
    return entries;
  }
  bool in_stable_order() const override { return true; }

 private:
  const ReadBatch read_;
  const uint64_t device_;
  std::vector<TreeEntry> more_;
  const std::function<bool(const std::string& name)> is_mounted_;
  uint64_t first_ = 0;
  bool at_end_ = false;
  absl::Status end_;
};

absl::StatusOr<std::unique_ptr<TreeFolder>> OpenVolumeAt(const RawTreeShape& shape, const std::string& path,
                                                         const RawTreeShape::OpenVolume& open);

std::string PathBelow(const RawTreeShape& shape, const std::string& folder, const std::string& name) {
  return folder.empty() && shape.separator == '\\' ? name : Concat(folder, std::string(1, shape.separator), name);
}

bool IsSameName(const RawTreeShape& shape, const std::string& a, const std::string& b) {
  return shape.ignores_case ? absl::EqualsIgnoreCase(a, b) : a == b;
}

// The next part of each path that leads through a folder to a volume.
std::set<std::string> NamesToVolumes(const RawTreeShape& shape, const std::string& folder) {
  std::set<std::string> names;
  for (const auto& [path, open] : shape.volumes) {
    if (path.size() <= folder.size() || path.compare(0, folder.size(), folder) != 0) continue;
    std::string rest = path.substr(folder.size());
    const size_t device_size = folder.empty() ? DeviceRootSize(rest) : 0;
    if (device_size == 0 && rest.front() == shape.separator) {
      rest.erase(0, 1);
    } else if (!folder.empty()) {
      continue;
    }
    names.insert(rest.substr(0, rest.find(shape.separator, device_size)));
  }
  return names;
}

std::unique_ptr<TreeFolder> NewWayToVolumes(const RawTreeShape& shape, const std::string& path);

// The root of the volume at `path` as the entry `name` of what it stands in, with the root's own attributes.
absl::StatusOr<TreeEntry> RootEntry(const RawTreeShape& shape, const std::string& path, const std::string& name,
                                    const RawTreeShape::OpenVolume& open) {
  const absl::StatusOr<RawVolume*> volume = open();
  if (volume.ok()) {
    HOZEN_ASSIGN_OR_RETURN(const v1::RawEntry root, (*volume)->DescribeFile(RawFileId::kRootFolder));
    if (root.has_file()) {
      TreeEntry entry = TreeEntryOf(root, (*volume)->device());
      TreeEntry told = FolderEntryOf(name, *entry.metadata);
      told.streams = std::move(entry.streams);
      return told;
    }
  }
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<TreeFolder> folder, OpenVolumeAt(shape, path, open));
  return FolderEntryOf(name, folder->metadata());
}

absl::StatusOr<std::unique_ptr<Source>> OpenAttribute(RawVolume& volume, const TreeEntry& entry,
                                                      const TreeStream& stream) {
  const RawAttributeId id = {.type = stream.attribute.type(), .id = stream.attribute.id()};
  auto source = std::make_unique<AttributeSource>(volume, entry.metadata->inode(), id, stream.size_bytes);
  const uint64_t skipped_bytes = std::min(stream.attribute.skipped_bytes(), stream.size_bytes);
  if (skipped_bytes == 0) return source;
  return NewRangeSource(std::move(source), skipped_bytes, stream.size_bytes - skipped_bytes);
}

// A folder of raw files. Everything that is not regular has no contents here.
class RawFolderBase : public TreeFolder {
 public:
  RawFolderBase(const RawTreeShape& shape, v1::FileMetadata metadata) : shape_(shape), metadata_(std::move(metadata)) {}

  const v1::FileMetadata& metadata() const override { return metadata_; }
  bool access_time_kept() const override { return true; }
  v1::Access access() const override { return v1::ACCESS_RAW; }
  absl::StatusOr<LinkTarget> ReadLink(const TreeEntry& entry) override {
    if (!entry.metadata.has_value() || entry.type != FileType::kSymbolicLink) {
      return absl::FailedPreconditionError("it is no symbolic link");
    }
    return LinkTarget{.path = entry.metadata->link_target()};
  }

 protected:
  const RawTreeShape& shape_;

 private:
  const v1::FileMetadata metadata_;
};

// One of a volume: its root or any below.
class VolumeFolder : public RawFolderBase {
 public:
  VolumeFolder(const RawTreeShape& shape, RawVolume& volume, uint64_t address, std::string path,
               v1::FileMetadata metadata)
      : RawFolderBase(shape, std::move(metadata)), volume_(volume), address_(address), path_(std::move(path)) {}

  absl::StatusOr<TreeEntry> Find(const std::string& name) override {
    if (const auto mounted = MountedAt(name); mounted != shape_.volumes.end()) {
      return RootEntry(shape_, mounted->first, name, mounted->second);
    }
    const absl::StatusOr<v1::RawEntry> entry = volume_.FindEntry(address_, name);
    // A volume may be meant to stand in a folder that is not there.
    if (absl::IsNotFound(entry.status()) && NamesToVolumes(shape_, path_).count(name) > 0) {
      return FolderEntryOf(name, MadeUpFolder());
    }
    if (!entry.ok()) return entry.status();
    return TreeEntryOf(*entry, volume_.device());
  }

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenFolder(const TreeEntry& entry) override {
    if (const auto mounted = MountedAt(entry.name); mounted != shape_.volumes.end() && !entry.is_deleted()) {
      return OpenVolumeAt(shape_, mounted->first, mounted->second);
    }
    if (IsRoot() && entry.name == kOrphansName && IsMadeUp(entry)) return OpenOrphans();
    if (entry.type != FileType::kFolder) return absl::FailedPreconditionError("it is no folder");
    if (IsMadeUp(entry)) return NewWayToVolumes(shape_, PathBelow(shape_, path_, entry.name));
    return std::make_unique<VolumeFolder>(shape_, volume_, entry.metadata->inode(),
                                          PathBelow(shape_, path_, entry.name), *entry.metadata);
  }

  absl::StatusOr<OpenedContents> OpenFile(const TreeEntry& entry) override {
    if (entry.type != FileType::kRegular) return absl::FailedPreconditionError("it is no regular file");
    const uint64_t file = entry.metadata->inode();
    // Type 0 and id 0: what programs read. Its size is the one that the entry was found with, as its times are.
    return OpenedContents{
        .source = std::make_unique<AttributeSource>(volume_, file, RawAttributeId(), entry.metadata->size_bytes()),
        .metadata = *entry.metadata};
  }

  absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry& entry, const TreeStream& stream) override {
    const auto mounted = MountedAt(entry.name);
    if (mounted == shape_.volumes.end() || entry.is_deleted()) return OpenAttribute(volume_, entry, stream);
    HOZEN_ASSIGN_OR_RETURN(RawVolume * volume, mounted->second());
    return OpenAttribute(*volume, entry, stream);
  }

  std::unique_ptr<TreeReader> List(bool deleted) override {
    std::vector<TreeEntry> more;
    if (deleted && IsRoot()) more.push_back(FolderEntryOf(kOrphansName, MadeUpFolder()));
    for (const std::string& name : NamesToVolumes(shape_, path_)) {
      if (!absl::IsNotFound(volume_.FindEntry(address_, name).status())) continue;
      TreeEntry entry;
      entry.name = name;
      entry.type = FileType::kFolder;
      more.push_back(std::move(entry));
    }
    return std::make_unique<VolumeFolderReader>(
        [this, deleted](uint64_t first, size_t most) { return volume_.ReadFolder(address_, deleted, first, most); },
        volume_.device(), std::move(more),
        [this](const std::string& name) { return MountedAt(name) != shape_.volumes.end(); });
  }

 protected:
  RawVolume& volume() { return volume_; }

 private:
  bool IsRoot() const { return address_ == RawFileId::kRootFolder; }

  std::map<std::string, RawTreeShape::OpenVolume>::const_iterator MountedAt(const std::string& name) const {
    const std::string path = PathBelow(shape_, path_, name);
    if (!shape_.ignores_case) return shape_.volumes.find(path);
    return std::find_if(shape_.volumes.begin(), shape_.volumes.end(),
                        [&path](const auto& volume) { return absl::EqualsIgnoreCase(volume.first, path); });
  }

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenOrphans();

  RawVolume& volume_;
  const uint64_t address_;
  const std::string path_;
};

// Deleted files that no folder names; what is a folder among them holds what it held.
class OrphansFolder final : public VolumeFolder {
 public:
  OrphansFolder(const RawTreeShape& shape, RawVolume& volume, std::string path)
      : VolumeFolder(shape, volume, 0, std::move(path), MadeUpFolder()) {}

  absl::StatusOr<TreeEntry> Find(const std::string&) override {
    return absl::NotFoundError("deleted files are found by listing");
  }
  std::unique_ptr<TreeReader> List(bool deleted) override {
    if (!deleted) return std::make_unique<ListReader>(std::vector<TreeEntry>());
    return std::make_unique<VolumeFolderReader>(
        [this](uint64_t first, size_t most) { return volume().ReadOrphans(first, most); }, volume().device(),
        std::vector<TreeEntry>());
  }
};

absl::StatusOr<std::unique_ptr<TreeFolder>> VolumeFolder::OpenOrphans() {
  return std::make_unique<OrphansFolder>(shape_, volume_, PathBelow(shape_, path_, kOrphansName));
}

// Where no volume stands, or one that is not read raw: a folder that leads on to the volumes below it. Of the rest of a
// volume that is not read it says why.
class WayToVolumes final : public RawFolderBase {
 public:
  // `why` is OK where nothing else is here.
  WayToVolumes(const RawTreeShape& shape, std::string path, absl::Status why)
      : RawFolderBase(shape, MadeUpFolder()), path_(std::move(path)), why_(std::move(why)) {}

  absl::StatusOr<TreeEntry> Find(const std::string& name) override {
    for (const std::string& leads_on : NamesToVolumes(shape_, path_)) {
      if (!IsSameName(shape_, leads_on, name)) continue;
      const std::string path = PathBelow(shape_, path_, leads_on);
      const auto volume = shape_.volumes.find(path);
      if (volume != shape_.volumes.end()) return RootEntry(shape_, path, leads_on, volume->second);
      HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<TreeFolder> folder, Open(leads_on));
      return FolderEntryOf(leads_on, folder->metadata());
    }
    return why_.ok() ? absl::NotFoundError("no volume has this name") : why_;
  }
  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenFolder(const TreeEntry& entry) override { return Open(entry.name); }
  absl::StatusOr<OpenedContents> OpenFile(const TreeEntry&) override {
    return absl::FailedPreconditionError("it is a volume");
  }
  absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry& entry, const TreeStream& stream) override {
    const auto found = shape_.volumes.find(PathBelow(shape_, path_, entry.name));
    if (found == shape_.volumes.end()) return absl::FailedPreconditionError("it is a way to volumes");
    HOZEN_ASSIGN_OR_RETURN(RawVolume * volume, found->second());
    return OpenAttribute(*volume, entry, stream);
  }
  std::unique_ptr<TreeReader> List(bool /*deleted*/) override {
    std::vector<TreeEntry> entries;
    for (const std::string& name : NamesToVolumes(shape_, path_)) {
      TreeEntry entry;
      entry.name = name;
      entry.type = FileType::kFolder;
      entries.push_back(std::move(entry));
    }
    return std::make_unique<ListReader>(std::move(entries), why_);
  }

 private:
  absl::StatusOr<std::unique_ptr<TreeFolder>> Open(const std::string& name) const {
    const std::string path = PathBelow(shape_, path_, name);
    const auto volume = shape_.volumes.find(path);
    if (volume != shape_.volumes.end()) return OpenVolumeAt(shape_, volume->first, volume->second);
    return std::make_unique<WayToVolumes>(shape_, path, why_);
  }

  const std::string path_;
  const absl::Status why_;
};

absl::StatusOr<std::unique_ptr<TreeFolder>> OpenVolumeAt(const RawTreeShape& shape, const std::string& path,
                                                         const RawTreeShape::OpenVolume& open) {
  const absl::StatusOr<RawVolume*> volume = open();
  // What is mounted below it may be read all the same.
  if (!volume.ok()) return std::make_unique<WayToVolumes>(shape, path, volume.status());
  HOZEN_ASSIGN_OR_RETURN(const v1::RawEntry root, (*volume)->DescribeFile(RawFileId::kRootFolder));
  if (!root.has_file()) {
    return absl::DataLossError(Concat("the root of its file system cannot be read: ", Printable(root.problem())));
  }
  v1::FileMetadata metadata = root.file();
  metadata.set_device((*volume)->device());
  return std::make_unique<VolumeFolder>(shape, **volume, RawFileId::kRootFolder, path, std::move(metadata));
}

std::unique_ptr<TreeFolder> NewWayToVolumes(const RawTreeShape& shape, const std::string& path) {
  return std::make_unique<WayToVolumes>(shape, path, absl::OkStatus());
}

class RawTree final : public FileTree {
 public:
  explicit RawTree(RawTreeShape shape) : shape_(std::move(shape)) {}

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() override {
    const auto root = shape_.volumes.find("");
    if (root != shape_.volumes.end()) return OpenVolumeAt(shape_, "", root->second);
    return std::make_unique<WayToVolumes>(shape_, "", absl::OkStatus());
  }
  char separator() const override { return shape_.separator; }
  bool ignores_case() const override { return shape_.ignores_case; }
  std::string drive() const override { return shape_.drive; }
  std::optional<std::string> PathOfVolume(std::string_view name) override {
    return shape_.path_of_volume == nullptr ? std::nullopt : shape_.path_of_volume(name);
  }
  bool has_streams() const override { return shape_.has_streams; }

 private:
  const RawTreeShape shape_;
};

}  // namespace

std::unique_ptr<FileTree> NewRawTree(RawTreeShape shape) { return std::make_unique<RawTree>(std::move(shape)); }

}  // namespace hozen
