#include "agent/imaging/disk_contents.h"

#include <algorithm>
#include <utility>

#include "agent/platform/descriptor.h"
#include "agent/volume/container_detection.h"
#include "agent/volume/container_source.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

// Each is an open file here and in the child; a process has 1,024 where nobody gave it more.
constexpr uint32_t kMostFiles = 800;
// How far a gap in the numbers is looked over.
constexpr uint32_t kMostGap = 8;
// Of the child that reads a disk from its start to its end: as long as that takes. Each answer has its own limit.
constexpr absl::Duration kReadingTime = absl::Hours(24 * 60);
constexpr size_t kVhdSizeAt = 48;   // big endian, 8 bytes
constexpr size_t kEwfNumberAt = 9;  // little endian, 2 bytes

// None where they cannot be read: a file with a bad sector there is taken as it is, and the sector is what it lacks.
std::string BytesAt(const OpenedDisk& file, uint64_t offset_bytes, uint64_t size_bytes) {
  UniqueFd again = DuplicateDescriptor(file.fd.get());
  if (!again.valid()) return "";
  const std::unique_ptr<Source> source = NewFdSource(std::move(again), file.size_bytes);
  return source->Read(offset_bytes, size_bytes).value_or("");
}

// A fixed VHD is a disk and a footer that says how long the disk is. A partition that was carved out of one may have
// the footer and not the disk; that is a plain image.
bool IsFooterOf(std::string_view head, std::string_view tail, uint64_t tail_at) {
  if (head.substr(0, 8) == tail.substr(0, 8) || tail.size() < kVhdSizeAt + 8) return true;
  uint64_t size_bytes = 0;
  for (size_t i = 0; i < 8; ++i) size_bytes = size_bytes << 8 | static_cast<unsigned char>(tail[kVhdSizeAt + i]);
  return size_bytes == tail_at;
}

absl::Status CheckFirstOfEwf(const std::string& path, std::string_view head) {
  if (head.size() < kEwfNumberAt + 2) return absl::DataLossError("the E01 is cut off within its header");
  const uint32_t number = static_cast<unsigned char>(head[kEwfNumberAt]) |
                          static_cast<uint32_t>(static_cast<unsigned char>(head[kEwfNumberAt + 1])) << 8;
  if (number == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Concat(Printable(path), " is segment ", number, " of an E01; name the first one, which ends in .E01"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiskContents>> DiskContents::Open(const std::string& path, bool as_is,
                                                                 VolumeReaderOptions options, const OpenFile& open) {
  std::unique_ptr<DiskContents> contents(new DiskContents(std::move(options)));
  HOZEN_ASSIGN_OR_RETURN(contents->file_, open(path));
  contents->fd_ = contents->file_.fd.get();
  contents->first_size_bytes_ = contents->file_.size_bytes;
  contents->size_bytes_ = contents->file_.size_bytes;
  contents->sector_size_bytes_ = contents->file_.sector_size_bytes;
  if (as_is || contents->file_.is_block_device) return contents;
  HOZEN_RETURN_IF_ERROR(contents->Detect(path, open));
  if (contents->kind_ == ContainerKind::kPlain) return contents;
  HOZEN_RETURN_IF_ERROR(contents->OpenParts(path, open));
  // What it is can only the child know.
  HOZEN_ASSIGN_OR_RETURN(const std::unique_ptr<VolumeReader> reader, contents->StartReader());
  contents->size_bytes_ = reader->disk_size_bytes();
  contents->sector_size_bytes_ = reader->sector_size_bytes();
  return contents;
}

absl::Status DiskContents::Detect(const std::string& path, const OpenFile& open) {
  const std::string head = BytesAt(file_, 0, kDetectionHeadBytes);
  const uint64_t tail_at = file_.size_bytes - std::min(file_.size_bytes, kDetectionTailBytes);
  const std::string tail = BytesAt(file_, tail_at, kDetectionTailBytes);
  HOZEN_ASSIGN_OR_RETURN(kind_, DetectContainer(head, tail));
  if (kind_ == ContainerKind::kVhd && !IsFooterOf(head, tail, tail_at)) kind_ = ContainerKind::kPlain;
  if (kind_ == ContainerKind::kEwf) return CheckFirstOfEwf(path, head);
  if (kind_ == ContainerKind::kVmdkFlat) return FindExtents(path, open);
  if (kind_ != ContainerKind::kPlain) return absl::OkStatus();
  // No mark, but a name: the first piece of a split image, if there is a second.
  const std::string second = PartName(ContainerKind::kSplit, path, 2);
  if (second.empty()) return absl::OkStatus();
  const absl::Status there = open(second).status();
  if (absl::IsNotFound(there)) return absl::OkStatus();
  kind_ = ContainerKind::kSplit;
  return there;
}

// Of a VMDK whose descriptor this is. Its text is a stranger's and is left to the child; the names are VMware's.
absl::Status DiskContents::FindExtents(const std::string& path, const OpenFile& open) {
  constexpr ContainerKind kKinds[] = {ContainerKind::kVmdkFlat, ContainerKind::kVmdkFlatPieces,
                                      ContainerKind::kVmdkSparsePieces};
  for (const ContainerKind kind : kKinds) {
    const std::string name = PartName(kind, path, 2);
    const absl::Status there = name.empty() ? absl::NotFoundError("") : open(name).status();
    if (absl::IsNotFound(there)) continue;
    kind_ = kind;
    return there;
  }
  return absl::NotFoundError(Concat(Printable(path),
                                    " is the descriptor of a VMDK, and none of its extents (-flat.vmdk, -f001.vmdk, "
                                    "-s001.vmdk) is beside it"));
}

absl::Status DiskContents::OpenParts(const std::string& path, const OpenFile& open) {
  for (uint32_t number = 2;; ++number) {
    const std::string name = PartName(kind_, path, number);
    if (name.empty()) return absl::OkStatus();
    absl::StatusOr<OpenedDisk> part = open(name);
    if (absl::IsNotFound(part.status())) {
      for (uint32_t later = number + 1; later <= number + kMostGap; ++later) {
        const std::string later_name = PartName(kind_, path, later);
        if (later_name.empty() || absl::IsNotFound(open(later_name).status())) continue;
        return absl::NotFoundError(Concat(Printable(name), " is missing, and ", Printable(later_name), " is there"));
      }
      return absl::OkStatus();
    }
    if (!part.ok()) return part.status();
    if (part->is_block_device) return absl::InvalidArgumentError(Concat(Printable(name), " is a device, and no part"));
    if (number > kMostFiles) {
      return absl::InvalidArgumentError(
          Concat("the container has more than ", kMostFiles, " files; join them into larger ones first"));
    }
    // All but the last are as long as the first: one that is not was cut off when it was copied.
    const uint64_t before = parts_.empty() ? first_size_bytes_ : parts_.back().size_bytes;
    if (kind_ == ContainerKind::kSplit && (before != first_size_bytes_ || part->size_bytes > first_size_bytes_)) {
      return absl::DataLossError(Concat("the pieces up to ", Printable(name),
                                        " are not of one size: one was cut off, or they do not belong together"));
    }
    AddFile(*std::move(part));
  }
}

void DiskContents::AddFile(OpenedDisk file) {
  file_.size_bytes += file.size_bytes;
  file_.modified_unix_ns = std::max(file_.modified_unix_ns, file.modified_unix_ns);
  file_.changed_unix_ns = std::max(file_.changed_unix_ns, file.changed_unix_ns);
  parts_.push_back(std::move(file));
}

ContainerHandles DiskContents::Handles() const {
  ContainerHandles container = {.kind = kind_, .handles = {file_.fd.get()}, .sizes_bytes = {first_size_bytes_}};
  for (const OpenedDisk& part : parts_) {
    container.handles.push_back(part.fd.get());
    container.sizes_bytes.push_back(part.size_bytes);
  }
  return container;
}

absl::StatusOr<std::unique_ptr<VolumeReader>> DiskContents::StartReader() const {
  if (kind_ != ContainerKind::kPlain) return VolumeReader::StartOnContainer(options_, Handles());
  return VolumeReader::Start(options_, fd_, size_bytes_, sector_size_bytes_);
}

std::unique_ptr<Source> DiskContents::TakeSource() {
  if (kind_ == ContainerKind::kPlain) return NewFdSource(std::move(file_.fd), size_bytes_);
  ContainerSourceOptions options = {.reader = options_};
  options.reader.total_timeout = kReadingTime;
  return std::make_unique<ContainerSource>(std::move(options), Handles(), size_bytes_);
}

}  // namespace hozen
