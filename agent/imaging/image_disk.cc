#include "agent/imaging/image_disk.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/acquire/pushed_source.h"
#include "agent/imaging/allowed_disk.h"
#include "agent/imaging/disk_contents.h"
#include "agent/imaging/volume_guide.h"
#include "agent/volume/volume_reader.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

constexpr std::string_view kMountPoint = "/";
constexpr char kLinearOrder[] = "linear";
constexpr char kValueOrder[] = "value";
constexpr char kWholeScope[] = "all";
constexpr char kAllocatedScope[] = "allocated";
constexpr std::string_view kAsItIs = "raw";

// What libtsk makes of the disk; where it fails, one partition with a note that says so.
void FillLayout(const DiskContents& disk, v1::DiskMetadata& metadata) {
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = disk.StartReader();
  absl::StatusOr<DiskLayout> layout = reader.ok() ? (*reader)->ReadLayout() : reader.status();
  if (layout.ok()) {
    metadata.set_partition_table(layout->partition_table);
    for (v1::Partition& partition : layout->partitions) *metadata.add_partitions() = std::move(partition);
    return;
  }
  v1::Partition& whole = *metadata.add_partitions();
  whole.set_size_bytes(disk.size_bytes());
  whole.set_type("whole disk");
  whole.set_note(MakeFailure(v1::CAUSE_READER_DIED,
                             Concat("the partitions could not be read: ", StdView(layout.status().message())))
                     .detail());
}

absl::Status List(VolumeReader& reader, uint64_t offset_bytes, const PushedSource::Push& push) {
  HOZEN_ASSIGN_OR_RETURN(const VolumeReader::ListingEnd end, reader.List(offset_bytes, kMountPoint, push));
  if (end.errors == 0) return absl::OkStatus();
  return absl::UnknownError(Concat(end.errors, " of the file system's entries could not be read"));
}

absl::Status TakeListing(const DiskContents& disk, const v1::Partition& partition, const std::string& disk_path,
                         const AcquireOptions& options, ItemSink& sink) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_LISTING);
  item.set_path(Concat(disk_path, "/partition-", partition.number(), ".bodyfile"));
  if (sink.AlreadyTaken(options.target_index, item.path())) return absl::OkStatus();
  // A reader for each: what one hostile file system does to its child is no concern of the next.
  absl::StatusOr<std::unique_ptr<VolumeReader>> reader = disk.StartReader();
  if (!reader.ok()) {
    item.set_state(v1::Item::STATE_FAILED);
    *item.mutable_failure() = FailureOf(reader.status());
    return sink.Record(std::move(item));
  }
  PushedSource source([&](const PushedSource::Push& push) { return List(**reader, partition.offset_bytes(), push); });
  return sink.Take(std::move(item), source, /*until_end=*/true);
}

// Which part of the disk the stream is. NotFound where there is no such part.
absl::StatusOr<ByteRange> RangeOf(const v1::Target::Disk& target, v1::DiskMetadata& metadata) {
  ByteRange range = {.offset_bytes = 0, .size_bytes = metadata.size_bytes()};
  if (target.partition() != 0) {
    const auto& partitions = metadata.partitions();
    const auto found = std::find_if(partitions.begin(), partitions.end(), [&target](const v1::Partition& partition) {
      return partition.number() == target.partition();
    });
    if (found == partitions.end() || found->size_bytes() == 0) {
      return absl::NotFoundError(Concat("the disk has no partition ", target.partition(), "; it has ",
                                        partitions.size(), " (hozen items ID --json lists them)"));
    }
    range = {.offset_bytes = found->offset_bytes(), .size_bytes = found->size_bytes()};
  } else if (target.range_size_bytes() != 0) {
    if (target.range_offset_bytes() >= metadata.size_bytes() ||
        target.range_size_bytes() > metadata.size_bytes() - target.range_offset_bytes()) {
      return absl::NotFoundError(Concat("the range of ", target.range_size_bytes(), " bytes at ",
                                        target.range_offset_bytes(), " leads out of the disk, which has ",
                                        metadata.size_bytes(), " bytes"));
    }
    range = {.offset_bytes = target.range_offset_bytes(), .size_bytes = target.range_size_bytes()};
  } else {
    return range;
  }
  metadata.set_range_offset_bytes(range.offset_bytes);
  metadata.set_range_size_bytes(range.size_bytes);
  return range;
}

void NoteAccessTime(const std::string& path, ItemSink& sink) {
  v1::Trace trace;
  trace.set_path(path);
  trace.set_what("its access time may be new");
  sink.NoteTrace(std::move(trace));
}

absl::Status Image(const v1::Target::Disk& target, const AcquireOptions& options, ItemSink& sink, uint64_t& matched) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_DISK);
  item.set_path(target.path());
  if (sink.AlreadyTaken(options.target_index, target.path())) return absl::OkStatus();
  const HostRules rules = {
      .refused_paths = options.refused_paths, .state_folder = options.state_folder, .root = options.root};
  std::optional<v1::Failure> refused;
  VolumeReaderOptions reader_options;
  reader_options.executable = options.reader_executable;
  const absl::StatusOr<std::unique_ptr<DiskContents>> opened =
      DiskContents::Open(target.path(), target.container() == kAsItIs, reader_options, [&](const std::string& path) {
        absl::StatusOr<OpenedDisk> file = OpenAllowedDisk(path, rules, refused);
        if (file.ok() && !file->access_time_kept) NoteAccessTime(path, sink);
        return file;
      });
  ++matched;
  if (!opened.ok()) {
    item.set_state(v1::Item::STATE_FAILED);
    *item.mutable_failure() = refused.has_value() ? *std::move(refused) : FailureOf(opened.status());
    if (absl::IsAborted(opened.status())) item.mutable_failure()->set_cause(v1::CAUSE_READER_DIED);
    return sink.Record(std::move(item));
  }
  DiskContents& disk = **opened;
  *item.mutable_file() = MetadataOf(disk.file());
  v1::DiskMetadata& metadata = *item.mutable_disk();
  metadata.set_device_path(target.path());
  metadata.set_size_bytes(disk.size_bytes());
  metadata.set_sector_size_bytes(disk.sector_size_bytes());
  metadata.set_model(MakeFailure(v1::CAUSE_UNSPECIFIED, disk.file().model).detail());
  metadata.set_serial(MakeFailure(v1::CAUSE_UNSPECIFIED, disk.file().serial).detail());
  metadata.set_order(target.order().empty() ? kLinearOrder : target.order());
  metadata.set_scope(target.scope().empty() ? kWholeScope : target.scope());
  metadata.set_container(std::string(disk.container()));
  FillLayout(disk, metadata);
  HOZEN_RETURN_IF_ERROR(sink.Poll());

  VolumeGuideOptions guide_options;
  guide_options.disk_size_bytes = disk.size_bytes();
  guide_options.leave_out_free = target.scope() == kAllocatedScope;
  const absl::StatusOr<ByteRange> range = RangeOf(target, metadata);
  if (!range.ok()) {
    item.set_state(v1::Item::STATE_FAILED);
    *item.mutable_failure() = MakeFailure(v1::CAUSE_NOT_FOUND, StdView(range.status().message()));
    return sink.Record(std::move(item));
  }
  guide_options.range = *range;
  VolumeGuide guide(guide_options, [&disk] { return disk.StartReader(); });
  guide.Survey(*metadata.mutable_partitions());
  HOZEN_RETURN_IF_ERROR(sink.Poll());

  // First what is small and tells a responder most, then the sectors.
  if (target.listing()) {
    for (const v1::Partition& partition : item.disk().partitions()) {
      // One that is not looked into is not in the image.
      if (partition.file_system().empty() || partition.cut().empty()) continue;
      ++matched;
      HOZEN_RETURN_IF_ERROR(TakeListing(disk, partition, target.path(), options, sink));
    }
  }
  const std::unique_ptr<Source> source = NewRangeSource(disk.TakeSource(), range->offset_bytes, range->size_bytes);
  return sink.TakeDisk(std::move(item), *source, guide);
}

}  // namespace

absl::StatusOr<v1::TargetOutcome> ImageDisk(const v1::Target& target, const AcquireOptions& options, ItemSink& sink) {
  v1::TargetOutcome outcome;
  outcome.set_target_index(options.target_index);
  outcome.set_artifact(target.artifact());
  outcome.set_pattern(target.disk().path());
  const std::string& order = target.disk().order();
  const std::string& scope = target.disk().scope();
  if (!order.empty() && order != kLinearOrder && order != kValueOrder) {
    *outcome.mutable_failure() =
        MakeFailure(v1::CAUSE_NOT_SUPPORTED, Concat("this agent does not read disks in the order \"", order, "\""));
    return outcome;
  }
  if (!scope.empty() && scope != kWholeScope && scope != kAllocatedScope) {
    *outcome.mutable_failure() =
        MakeFailure(v1::CAUSE_NOT_SUPPORTED, Concat("this agent does not know the scope \"", scope, "\" of disks"));
    return outcome;
  }
  if (target.disk().container() != kAsItIs && !target.disk().container().empty()) {
    *outcome.mutable_failure() =
        MakeFailure(v1::CAUSE_NOT_SUPPORTED,
                    Concat("this agent knows no container \"", Printable(target.disk().container()),
                           "\": it is \"raw\" for a file's bytes as they are, or nothing to have E01, VMDK, "
                           "VHD, qcow2 and split images recognised"));
    return outcome;
  }
  uint64_t matched = 0;
  HOZEN_RETURN_IF_ERROR(Image(target.disk(), options, sink, matched));
  outcome.set_matched_items(matched);
  return outcome;
}

}  // namespace hozen
