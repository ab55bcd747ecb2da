#include "agent/acquire/system_tree.h"

#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "agent/platform/drives.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

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
    TreeEntry entry;
    HOZEN_ASSIGN_OR_RETURN(entry.metadata, StatEntry(opened_.fd.get(), name));
    HOZEN_ASSIGN_OR_RETURN(entry.name, EntryName(opened_.fd.get(), name));
    entry.type = FileTypeOf(*entry.metadata);
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

  absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry&, const TreeStream&) override {
    return absl::UnimplementedError("this system's files have one stream");
  }

  std::unique_ptr<TreeReader> List(bool /*deleted*/) override {
    return std::make_unique<SystemReader>(opened_.fd.get());
  }

 private:
  const OpenedFile opened_;
};

class DriveReader final : public TreeReader {
 public:
  absl::StatusOr<std::vector<TreeEntry>> Next() override {
    std::vector<TreeEntry> entries;
    if (std::exchange(done_, true)) return entries;
    for (std::string& drive : ListDrives()) {
      TreeEntry& entry = entries.emplace_back();
      entry.name = std::move(drive);
      entry.type = FileType::kFolder;
    }
    return entries;
  }

  bool in_stable_order() const override { return true; }

 private:
  bool done_ = false;
};

// Where paths begin that begin with a drive. It stands on no disk.
class DrivesFolder final : public TreeFolder {
 public:
  DrivesFolder() { metadata_.set_mode(kModeFolder | 0555); }

  const v1::FileMetadata& metadata() const override { return metadata_; }
  bool access_time_kept() const override { return true; }
  v1::Access access() const override { return v1::ACCESS_SYSTEM; }

  absl::StatusOr<TreeEntry> Find(const std::string& name) override {
    for (std::string& drive : ListDrives()) {
      if (!absl::EqualsIgnoreCase(drive, name)) continue;
      HOZEN_ASSIGN_OR_RETURN(const OpenedFile opened, OpenRootFolder(drive));
      TreeEntry entry;
      entry.name = std::move(drive);
      entry.type = FileType::kFolder;
      entry.metadata = opened.metadata;
      return entry;
    }
    return ErrnoStatus(ENOENT, Printable(name));
  }

  absl::StatusOr<LinkTarget> ReadLink(const TreeEntry& entry) override { return NoFile(entry); }

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenFolder(const TreeEntry& entry) override {
    HOZEN_ASSIGN_OR_RETURN(OpenedFile opened, OpenRootFolder(entry.name));
    return std::make_unique<SystemFolder>(std::move(opened));
  }

  absl::StatusOr<OpenedContents> OpenFile(const TreeEntry& entry) override { return NoFile(entry); }

  absl::StatusOr<std::unique_ptr<Source>> OpenStream(const TreeEntry& entry, const TreeStream&) override {
    return NoFile(entry);
  }

  std::unique_ptr<TreeReader> List(bool /*deleted*/) override { return std::make_unique<DriveReader>(); }

 private:
  static absl::Status NoFile(const TreeEntry& entry) {
    return absl::FailedPreconditionError(Printable(entry.name) + ": it is a drive");
  }

  v1::FileMetadata metadata_;
};

class SystemTree final : public FileTree {
 public:
  explicit SystemTree(std::string root) : root_(std::move(root)) {}

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() override {
    if (begins_with_drives()) return std::make_unique<DrivesFolder>();
    HOZEN_ASSIGN_OR_RETURN(OpenedFile opened, OpenRootFolder(root_));
    return std::make_unique<SystemFolder>(std::move(opened));
  }

  char separator() const override { return SystemSeparator(); }
  bool ignores_case() const override { return SystemSeparator() == '\\'; }
  std::string drive() const override { return begins_with_drives() ? SystemDrive() : ""; }

 private:
  bool begins_with_drives() const { return root_.empty() && SystemSeparator() == '\\'; }

  const std::string root_;
};

}  // namespace

std::unique_ptr<FileTree> NewSystemTree(std::string root) { return std::make_unique<SystemTree>(std::move(root)); }

}  // namespace hozen
