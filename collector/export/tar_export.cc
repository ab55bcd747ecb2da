#include "collector/export/tar_export.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "collector/export/archive_writer.h"
#include "collector/export/item_json.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/crypto/sha256.h"
#include "core/evidence/bundle.h"

namespace hozen {
namespace {

constexpr std::string_view kPosixRoot = "fs/$rootfs$";
constexpr std::string_view kWindowsRoot = "fs";
constexpr uint32_t kPermissionBits = 07777;

bool StandsOnAFileSystem(const v1::Item& item) {
  return item.kind() == v1::Item::KIND_FILE || item.kind() == v1::Item::KIND_DIRECTORY ||
         item.kind() == v1::Item::KIND_SYMBOLIC_LINK;
}

// Where acquire would have put it. Names keep their bytes; a part that would lead elsewhere, which no system has but a
// host may claim, is escaped.
std::string FileName(const v1::Item& item) {
  const bool posix = !item.path().empty() && item.path().front() == '/';
  std::string name(posix ? kPosixRoot : kWindowsRoot);
  for (const std::string_view part : PathParts(item.path())) {
    const bool leads_elsewhere = part == "." || part == "..";
    name += Concat("/", leads_elsewhere ? "%2E" + std::string(part.substr(1)) : std::string(part));
  }
  return name;
}

// What kind of entry an item becomes; none where there is nothing to write.
std::optional<ArchiveEntry::Kind> KindOf(const v1::Item& item) {
  if (item.has_stream()) return ArchiveEntry::Kind::kFile;
  if (item.kind() == v1::Item::KIND_DIRECTORY) return ArchiveEntry::Kind::kFolder;
  const bool is_link = item.kind() == v1::Item::KIND_SYMBOLIC_LINK;
  if (is_link && !item.file().link_target().empty()) return ArchiveEntry::Kind::kLink;
  return std::nullopt;
}

class TarExport {
 public:
  TarExport(StoredEvidence& evidence, const ItemFilter& filter, ArchiveWriter& tar)
      : evidence_(evidence), filter_(filter), tar_(tar), made_unix_ns_(evidence.manifest().finished_unix_ns()) {}

  absl::Status Run() {
    HOZEN_RETURN_IF_ERROR(AddLines(kBundleItemsEntry, [&](const OnLine& on_line) {
      return evidence_.ReadBody({.on_item = [&](uint64_t, const v1::Item& item) {
        return filter_.Takes(item) ? on_line(JsonLine(ItemJson(item, ""))) : absl::OkStatus();
      }});
    }));
    HOZEN_RETURN_IF_ERROR(AddLines(kBundleTargetsEntry, [&](const OnLine& on_line) {
      return evidence_.ReadBody(
          {.on_target = [&](const v1::TargetOutcome& outcome) { return on_line(JsonLine(TargetJson(outcome))); }});
    }));
    HOZEN_RETURN_IF_ERROR(evidence_.ReadItems([&](const v1::Item& item, const StoredEvidence::ReadStream& read) {
      return filter_.Takes(item) ? AddItem(item, read) : absl::OkStatus();
    }));
    return tar_.Close();
  }

 private:
  using OnLine = std::function<absl::Status(std::string_view)>;

  // Twice through it, because a tar tells an entry's size before its bytes.
  absl::Status AddLines(std::string_view name, const std::function<absl::Status(const OnLine&)>& lines) {
    uint64_t size_bytes = 0;
    HOZEN_RETURN_IF_ERROR(lines([&](std::string_view line) {
      size_bytes += line.size();
      return absl::OkStatus();
    }));
    HOZEN_RETURN_IF_ERROR(tar_.Begin(name, size_bytes, made_unix_ns_));
    return lines([&](std::string_view line) { return tar_.Write(line); });
  }

  absl::Status AddItem(const v1::Item& item, const StoredEvidence::ReadStream& read) {
    const std::optional<ArchiveEntry::Kind> kind = KindOf(item);
    if (!kind.has_value()) return absl::OkStatus();
    ArchiveEntry entry;
    entry.kind = *kind;
    entry.name = StandsOnAFileSystem(item) ? FileName(item) : BundleEntryName(item);
    if (!IsNew(item, entry.name)) return absl::OkStatus();
    entry.size_bytes = item.size_bytes();
    const v1::FileMetadata& file = item.file();
    entry.link_target = file.link_target();
    if (item.has_file()) entry.permissions = file.mode() & kPermissionBits;
    entry.uid = file.uid();
    entry.gid = file.gid();
    entry.accessed_unix_ns = file.accessed_unix_ns();
    entry.changed_unix_ns = file.changed_unix_ns();
    entry.born_unix_ns = file.born_unix_ns();
    entry.modified_unix_ns = file.modified_unix_ns() != 0 ? file.modified_unix_ns() : item.started_unix_ns();
    HOZEN_RETURN_IF_ERROR(tar_.Begin(entry));
    if (*kind != ArchiveEntry::Kind::kFile) return absl::OkStatus();
    EntrySink sink(tar_);
    return read(sink);
  }

  // The same file may have been asked for twice; where its bytes are others the second time, the name gets the item's
  // index.
  bool IsNew(const v1::Item& item, std::string& name) {
    const auto [known, added] = names_.try_emplace(Sha256::Of(name), Sha256::Of(item.sha256()));
    if (added) return true;
    if (!item.has_stream() || known->second == Sha256::Of(item.sha256())) return false;
    name += Concat(".item-", item.index());
    return true;
  }

  StoredEvidence& evidence_;
  const ItemFilter& filter_;
  ArchiveWriter& tar_;
  const int64_t made_unix_ns_;
  absl::flat_hash_map<Digest, Digest> names_;
};

}  // namespace

absl::Status ExportTar(StoredEvidence& evidence, const ItemFilter& filter, StreamSink& sink) {
  HOZEN_ASSIGN_OR_RETURN(
      const std::unique_ptr<ArchiveWriter> tar,
      ArchiveWriter::Create(ArchiveFormat::kTar, [&](std::string_view bytes) { return sink.Data(bytes); }));
  return TarExport(evidence, filter, *tar).Run();
}

}  // namespace hozen
