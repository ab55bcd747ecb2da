#include "agent/acquire/system_tree.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "agent/platform/drives.h"
#include "core/base/device_root.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

constexpr uint32_t kDataAttribute = 128;  // NTFS's $DATA

class SystemReader final : public TreeReader {
 public:
  explicit SystemReader(int folder) : reader_(folder) {}

  absl::StatusOr<std::vector<TreeEntry>> Next() override {
    HOZEN_ASSIGN_OR_RETURN(std::vector<FolderEntry> names, reader_.Next());
    std::vector<TreeEntry> entries(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      entries[i].name = std::move(names[i].name);
      entries[i].type = names[i].type;
    }
    return entries;
  }

  bool in_stable_order() const override { return false; }

 private:
  FolderReader reader_;
};

class SystemFolder final : public TreeFolder {
 public:
  explicit SystemFolder(OpenedFile opened) : opened_(std::move(opened)) {}

  const v1::FileMetadata& metadata() const override { return opened_.metadata; }
  bool access_time_kept() const override { return opened_.access_time_kept; }
  v1::Access access() const override { return v1::ACCESS_SYSTEM; }

  absl::StatusOr<TreeEntry> Find(const std::string& name) override {
    HOZEN_ASSIGN_OR_RETURN(DescribedEntry described, DescribeEntry(opened_.fd.get(), name));
    TreeEntry entry;
    entry.name = std::move(described.name);
    entry.type = FileTypeOf(described.metadata);
    entry.metadata = std::move(described.metadata);
    entry.problem = std::move(described.problem);
    for (NamedStream& stream : described.streams) {
      TreeStream& added = entry.streams.emplace_back();
      added.attribute.set_type(kDataAttribute);
      added.attribute.set_name(stream.name);
      added.name = std::move(stream.name);
      added.size_bytes = stream.size_bytes;
    }
    return entry;
  }

  // Reading a link may set its access time, and no flag forbids that.
  absl::StatusOr<LinkTarget> ReadLink(const TreeEntry& entry) override {
    LinkTarget target{.path = "", .access_time_kept = false};
    HOZEN_ASSIGN_OR_RETURN(target.path, ReadLinkTarget(opened_.fd.get(), entry.name));
    return target;
  }

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenFolder(const TreeEntry& entry) override {
    HOZEN_ASSIGN_OR_RETURN(OpenedFile opened, hozen::OpenFolder(opened_.fd.get(), entry.name));
    return std::make_unique<SystemFolder>(std::move(opened));
  }

  absl::StatusOr<OpenedContents> OpenFile(const TreeEntry& entry) override {
    HOZEN_ASSIGN_OR_RETURN(OpenedFile opened, OpenRegularFile(opened_.fd.get(), entry.name));
    const uint64_t size_bytes = opened.metadata.size_bytes();
    return OpenedContents{.source = NewFdSource(std::move(opened.fd), size_bytes),
                          .metadata = std::move(opened.metadata),
                          .access_time_kept = opened.access_time_kept};
  }

  absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry& entry, const TreeStream& stream) override {
    HOZEN_ASSIGN_OR_RETURN(OpenedFile opened, OpenNamedStream(opened_.fd.get(), entry.name, stream.name));
    const uint64_t size_bytes = opened.metadata.size_bytes();
    return NewFdSource(std::move(opened.fd), size_bytes);
  }

  std::unique_ptr<TreeReader> List(bool /*deleted*/) override {
    return std::make_unique<SystemReader>(opened_.fd.get());
  }

 private:
  const OpenedFile opened_;
};

// Drives and volumes without a letter, then devices of shadow copies; where those cannot be listed, the others come all
// the same.
class DriveReader final : public TreeReader {
 public:
  explicit DriveReader(const ShadowCopyAccess& shadow_copies) : shadow_copies_(shadow_copies) {}

  absl::StatusOr<std::vector<TreeEntry>> Next() override {
    switch (std::exchange(step_, step_ + 1)) {
      case 0: {
        // One without a medium has nothing that could be missing.
        std::vector<std::string> drives = ListDrives();
        drives.erase(std::remove_if(drives.begin(), drives.end(), &IsEmptyDrive), drives.end());
        std::vector<std::string> volumes = ListVolumesWithoutDrive();
        std::move(volumes.begin(), volumes.end(), std::back_inserter(drives));
        return EntriesOf(std::move(drives));
      }
      case 1: {
        // The last: there may be none, and an empty batch is the end.
        HOZEN_ASSIGN_OR_RETURN(std::vector<std::string> devices, shadow_copies_.list());
        return EntriesOf(std::move(devices));
      }
      default:
        return std::vector<TreeEntry>();
    }
  }

  bool in_stable_order() const override { return true; }

 private:
  static std::vector<TreeEntry> EntriesOf(std::vector<std::string> names) {
    std::vector<TreeEntry> entries;
    for (std::string& name : names) {
      TreeEntry& entry = entries.emplace_back();
      entry.name = std::move(name);
      entry.type = FileType::kFolder;
    }
    return entries;
  }

  const ShadowCopyAccess& shadow_copies_;
  int step_ = 0;
};

// Where paths begin that begin with a drive, or with a shadow copy. It stands on no disk.
class DrivesFolder final : public TreeFolder {
 public:
  explicit DrivesFolder(const ShadowCopyAccess& shadow_copies) : shadow_copies_(shadow_copies) {
    metadata_.set_mode(kModeFolder | 0555);
  }

  const v1::FileMetadata& metadata() const override { return metadata_; }
  bool access_time_kept() const override { return true; }
  v1::Access access() const override { return v1::ACCESS_SYSTEM; }

  absl::StatusOr<TreeEntry> Find(const std::string& name) override {
    std::vector<std::string> names = ListDrives();
    if (BeginsWithVolume(name)) {
      names = ListVolumesWithoutDrive();
    } else if (DeviceRootSize(name) > 0) {
      HOZEN_ASSIGN_OR_RETURN(names, shadow_copies_.list());
    }
    for (std::string& one : names) {
      if (!absl::EqualsIgnoreCase(one, name)) continue;
      HOZEN_ASSIGN_OR_RETURN(const OpenedFile opened, Open(one));
      TreeEntry entry;
      entry.name = std::move(one);
      entry.type = FileType::kFolder;
      entry.metadata = opened.metadata;
      return entry;
    }
    return ErrnoStatus(ENOENT, Printable(name));
  }

  absl::StatusOr<LinkTarget> ReadLink(const TreeEntry& entry) override { return NoFile(entry); }

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenFolder(const TreeEntry& entry) override {
    HOZEN_ASSIGN_OR_RETURN(OpenedFile opened, Open(entry.name));
    return std::make_unique<SystemFolder>(std::move(opened));
  }

  absl::StatusOr<OpenedContents> OpenFile(const TreeEntry& entry) override { return NoFile(entry); }

  absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry& entry, const TreeStream&) override {
    return NoFile(entry);
  }

  std::unique_ptr<TreeReader> List(bool /*deleted*/) override { return std::make_unique<DriveReader>(shadow_copies_); }

 private:
  absl::StatusOr<OpenedFile> Open(const std::string& name) const {
    return DeviceRootSize(name) > 0 && !BeginsWithVolume(name) ? shadow_copies_.open(name) : OpenRootFolder(name);
  }

  static absl::Status NoFile(const TreeEntry& entry) {
    return absl::FailedPreconditionError(Printable(entry.name) + ": it is a drive");
  }

  const ShadowCopyAccess& shadow_copies_;
  v1::FileMetadata metadata_;
};

class SystemTree final : public FileTree {
 public:
  SystemTree(std::string root, ShadowCopyAccess shadow_copies)
      : root_(std::move(root)), shadow_copies_(std::move(shadow_copies)) {}

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() override {
    if (begins_with_drives()) return std::make_unique<DrivesFolder>(shadow_copies_);
    HOZEN_ASSIGN_OR_RETURN(OpenedFile opened, OpenRootFolder(root_));
    return std::make_unique<SystemFolder>(std::move(opened));
  }

  char separator() const override { return SystemSeparator(); }
  bool ignores_case() const override { return SystemSeparator() == '\\'; }
  std::optional<std::string> PathOfVolume(std::string_view name) override {
    return begins_with_drives() ? hozen::PathOfVolume(name) : std::nullopt;
  }
  bool has_streams() const override { return SystemSeparator() == '\\'; }
  std::string drive() const override { return begins_with_drives() ? SystemDrive() : ""; }

 private:
  bool begins_with_drives() const { return root_.empty() && SystemSeparator() == '\\'; }

  const std::string root_;
  const ShadowCopyAccess shadow_copies_;
};

}  // namespace

std::unique_ptr<FileTree> NewSystemTree(std::string root, ShadowCopyAccess shadow_copies) {
  return std::make_unique<SystemTree>(std::move(root), std::move(shadow_copies));
}

}  // namespace hozen
