#include "agent/acquire/system_tree.h"

#include <utility>

#include "core/base/status_macros.h"

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
    entry.name = name;
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

class SystemTree final : public FileTree {
 public:
  explicit SystemTree(std::string root) : root_(std::move(root)) {}

  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenRoot() override {
    HOZEN_ASSIGN_OR_RETURN(OpenedFile opened, OpenRootFolder(root_));
    return std::make_unique<SystemFolder>(std::move(opened));
  }

 private:
  const std::string root_;
};

}  // namespace

std::unique_ptr<FileTree> NewSystemTree(std::string root) { return std::make_unique<SystemTree>(std::move(root)); }

}  // namespace hozen
