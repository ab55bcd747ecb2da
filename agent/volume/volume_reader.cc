#include "agent/volume/volume_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "agent/platform/child_process.h"
#include "agent/platform/shared_memory.h"
#include "agent/volume/channel.h"
#include "agent/volume/conversation.h"
#include "agent/volume/raw_questions.h"
#include "agent/volume/registry_question.h"
#include "agent/volume/run_messages.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxPartitions = 4096;
constexpr uint64_t kMaxListingBytes = uint64_t{4} << 30;
constexpr size_t kMaxMountPointBytes = 4096;
constexpr uint64_t kMaxDiskBytes = std::numeric_limits<int64_t>::max();
constexpr uint64_t kMaxSectorSizeBytes = 1 << 20;
constexpr uint32_t kSectorSizeBytes = 512;  // of a file whose bytes are a disk's

// Nothing that the child says is taken on trust: it has read the disk, and the disk may speak through it.
std::optional<v1::Partition> CheckedPartition(const std::string& bytes, uint64_t disk_size_bytes) {
  v1::Partition partition;
  if (!partition.ParseFromString(bytes)) return std::nullopt;
  partition.DiscardUnknownFields();
  if (partition.offset_bytes() > disk_size_bytes) return std::nullopt;
  if (partition.size_bytes() > disk_size_bytes - partition.offset_bytes()) return std::nullopt;
  if (!IsCleanText(partition.type()) || !IsCleanText(partition.file_system()) || !IsCleanText(partition.note()) ||
      !IsCleanText(partition.uuid())) {
    return std::nullopt;
  }
  // How it was cut is no matter of the child's.
  partition.clear_cut();
  partition.clear_cut_note();
  return partition;
}

class SandboxedVolumeReader : public VolumeReader {
 public:
  SandboxedVolumeReader(const VolumeReaderOptions& options, std::unique_ptr<ChildProcess> child,
                        std::unique_ptr<SharedMemory> shared)
      : options_(options),
        child_(std::move(child), {.answer_timeout = options.answer_timeout, .total_timeout = options.total_timeout}),
        shared_(std::move(shared)) {}

  absl::Status SetUp(const ContainerHandles& container, uint32_t sector_size_bytes) {
    std::string payload;
    AppendNumber(payload, options_.memory_bytes);
    AppendNumber(payload, static_cast<uint64_t>(std::max<int64_t>(absl::ToInt64Seconds(options_.total_timeout), 1)));
    AppendNumber(payload, sector_size_bytes);
    AppendNumber(payload, static_cast<uint64_t>(container.kind));
    AppendNumber(payload, shared_->size_bytes());
    for (const uint64_t size_bytes : container.sizes_bytes) AppendNumber(payload, size_bytes);
    HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kSetup, payload));
    HOZEN_ASSIGN_OR_RETURN(const Message answer, child_.Next());
    if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
    if (answer.type != MessageType::kReady) return child_.Broken("something else than that it is ready");
    return TakeSizes(answer.payload);
  }

  uint64_t disk_size_bytes() const override { return disk_size_bytes_; }
  uint32_t sector_size_bytes() const override { return sector_size_bytes_; }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (offset_bytes >= disk_size_bytes_) return 0;
    const uint64_t wanted =
        std::min({uint64_t{buffer.size()}, uint64_t{kMostReadBytes}, disk_size_bytes_ - offset_bytes});
    std::string payload;
    AppendNumber(payload, offset_bytes);
    AppendNumber(payload, wanted);
    HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kReadBytes, payload));
    HOZEN_ASSIGN_OR_RETURN(const Message answer, child_.Next());
    if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
    std::string_view text = answer.payload;
    const std::optional<uint64_t> size = TakeNumber(text);
    if (answer.type != MessageType::kBytes || size != wanted || !text.empty()) {
      return child_.Broken("something else than the bytes that were asked for");
    }
    std::memcpy(buffer.data(), shared_->data(), wanted);
    return wanted;
  }

  absl::StatusOr<DiskLayout> ReadLayout() override {
    HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kLayout, ""));
    DiskLayout layout;
    while (true) {
      HOZEN_ASSIGN_OR_RETURN(Message answer, child_.Next());
      switch (answer.type) {
        case MessageType::kPartition: {
          std::optional<v1::Partition> partition = CheckedPartition(answer.payload, disk_size_bytes_);
          if (!partition.has_value()) return child_.Broken("a partition that cannot be");
          if (layout.partitions.size() == kMaxPartitions) return child_.Broken("too many partitions");
          layout.partitions.push_back(*std::move(partition));
          break;
        }
        case MessageType::kLayoutEnd:
          if (!IsCleanText(answer.payload)) return child_.Broken("a partition table without a name");
          layout.partition_table = std::move(answer.payload);
          return layout;
        case MessageType::kFailed:
          return FailureIn(answer.payload);
        default:
          return child_.Broken("something else than a layout");
      }
    }
  }

  absl::StatusOr<ListingEnd> List(uint64_t offset_bytes, std::string_view mount_point,
                                  const std::function<absl::Status(std::string_view)>& on_bytes) override {
    if (mount_point.size() > kMaxMountPointBytes) {
      return absl::InvalidArgumentError(
          Concat("Listing a file system: its mount point is longer than ", kMaxMountPointBytes, " bytes"));
    }
    std::string payload;
    AppendNumber(payload, offset_bytes);
    payload.append(mount_point);
    HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kListing, payload));
    uint64_t total_bytes = 0;
    while (true) {
      HOZEN_ASSIGN_OR_RETURN(const Message answer, child_.Next());
      switch (answer.type) {
        case MessageType::kListingBytes:
          total_bytes += answer.payload.size();
          if (answer.payload.size() > kMaxListingPieceBytes || total_bytes > kMaxListingBytes) {
            return child_.Broken("more of a listing than there can be");
          }
          if (absl::Status status = on_bytes(answer.payload); !status.ok()) {
            child_.Stop("in the middle of a listing");
            return status;
          }
          break;
        case MessageType::kListingEnd:
          return EndOf(answer.payload);
        case MessageType::kFailed:
          return FailureIn(answer.payload);
        default:
          return child_.Broken("something else than a listing");
      }
    }
  }

  absl::StatusOr<FoundRuns<FileRun>> FindFileRuns(const RunQuery& query) override {
    return FindRuns<FileRun>(MessageType::kFileRuns, query);
  }
  absl::StatusOr<FoundRuns<ByteRange>> FindFreeRuns(const RunQuery& query) override {
    return FindRuns<ByteRange>(MessageType::kFreeRuns, query);
  }

  absl::Status ReadFolder(const RawFileId& folder, const RawFolderOptions& options,
                          const OnRawEntries& on_entries) override {
    return raw_.ReadFolder(folder, options, on_entries);
  }
  absl::StatusOr<v1::RawEntry> FindEntry(const RawFileId& folder, std::string_view name) override {
    return raw_.FindEntry(folder, name);
  }
  absl::StatusOr<v1::RawEntry> DescribeFile(const RawFileId& file) override { return raw_.DescribeFile(file); }
  absl::StatusOr<size_t> ReadAttribute(const RawFileId& file, const RawAttributeId& attribute, uint64_t offset_bytes,
                                       absl::Span<char> buffer) override {
    return raw_.ReadAttribute(file, attribute, offset_bytes, buffer);
  }
  absl::StatusOr<RawFileSystem> DescribeFileSystem(uint64_t offset_bytes) override {
    return raw_.DescribeFileSystem(offset_bytes);
  }
  absl::Status ReadOrphans(uint64_t offset_bytes, const RawFolderOptions& options,
                           const OnRawEntries& on_entries) override {
    return raw_.ReadOrphans(offset_bytes, options, on_entries);
  }
  absl::StatusOr<RegistryEnd> ReadRegistry(const RegistryQuery& query, const OnRegistryKey& on_key) override {
    return AskRegistry(child_, query, on_key);
  }

 private:
  template <typename Run>
  absl::StatusOr<FoundRuns<Run>> FindRuns(MessageType question, const RunQuery& query) {
    std::string payload;
    AppendQuery(query, payload);
    HOZEN_RETURN_IF_ERROR(child_.Ask(question, payload));
    FoundRuns<Run> found;
    while (true) {
      HOZEN_ASSIGN_OR_RETURN(const Message answer, child_.Next());
      if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
      if (answer.type == MessageType::kRunsEnd) {
        std::string_view rest = answer.payload;
        const std::optional<uint64_t> end = TakeNumber(rest);
        const std::optional<uint64_t> complete = TakeNumber(rest);
        if (!complete.has_value() || !rest.empty() || *end > disk_size_bytes_) {
          return child_.Broken("an end of runs that is none");
        }
        found.end_bytes = *end;
        found.complete = *complete != 0;
        return found;
      }
      if (answer.type != MessageType::kRuns) return child_.Broken("something else than runs");
      HOZEN_RETURN_IF_ERROR(TakeRuns(answer.payload, query, found.runs));
    }
  }

  template <typename Run>
  absl::Status TakeRuns(std::string_view payload, const RunQuery& query, std::vector<Run>& runs) {
    while (!payload.empty()) {
      Run run;
      if (!TakeRun(payload, run)) return child_.Broken("half a run");
      const uint64_t least = runs.empty() ? query.from_bytes : runs.back().offset_bytes;
      if (runs.size() >= query.most_runs || run.offset_bytes < least || run.offset_bytes >= disk_size_bytes_ ||
          run.size_bytes > disk_size_bytes_ - run.offset_bytes) {
        return child_.Broken("runs that cannot be");
      }
      runs.push_back(run);
    }
    return absl::OkStatus();
  }

  absl::Status TakeSizes(std::string_view payload) {
    const std::optional<uint64_t> disk_size_bytes = TakeNumber(payload);
    const std::optional<uint64_t> sector_size_bytes = TakeNumber(payload);
    if (!sector_size_bytes.has_value() || !payload.empty() || *disk_size_bytes > kMaxDiskBytes ||
        *sector_size_bytes == 0 || *sector_size_bytes > kMaxSectorSizeBytes) {
      return child_.Broken("a disk that cannot be");
    }
    disk_size_bytes_ = *disk_size_bytes;
    sector_size_bytes_ = static_cast<uint32_t>(*sector_size_bytes);
    return absl::OkStatus();
  }

  absl::StatusOr<ListingEnd> EndOf(std::string_view payload) {
    const std::optional<uint64_t> entries = TakeNumber(payload);
    const std::optional<uint64_t> errors = TakeNumber(payload);
    if (!errors.has_value() || !payload.empty()) return child_.Broken("an end of a listing that is none");
    return ListingEnd{.entries = *entries, .errors = *errors};
  }

  const VolumeReaderOptions options_;
  Conversation child_;
  const std::unique_ptr<SharedMemory> shared_;
  RawQuestions raw_{child_, *shared_};
  uint64_t disk_size_bytes_ = 0;
  uint32_t sector_size_bytes_ = 0;
};

absl::StatusOr<std::unique_ptr<SandboxedVolumeReader>> StartReader(const VolumeReaderOptions& options,
                                                                   const ContainerHandles& container,
                                                                   uint32_t sector_size_bytes) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SharedMemory> shared, SharedMemory::Create(VolumeReader::kMostReadBytes));
  std::vector<int> handles = container.handles;
  handles.push_back(shared->handle());
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> child,
                         StartChild({.executable = options.executable, .arguments = {"volume-reader"}}, handles));
  auto reader = std::make_unique<SandboxedVolumeReader>(options, std::move(child), std::move(shared));
  HOZEN_RETURN_IF_ERROR(reader->SetUp(container, sector_size_bytes));
  return reader;
}

}  // namespace

absl::StatusOr<std::unique_ptr<VolumeReader>> VolumeReader::Start(const VolumeReaderOptions& options, int disk,
                                                                  uint64_t disk_size_bytes,
                                                                  uint32_t sector_size_bytes) {
  HOZEN_ASSIGN_OR_RETURN(
      auto reader, StartReader(options, {.handles = {disk}, .sizes_bytes = {disk_size_bytes}}, sector_size_bytes));
  if (reader->disk_size_bytes() != disk_size_bytes)
    return absl::AbortedError("The volume reader changed the disk's size");
  return reader;
}

absl::StatusOr<std::unique_ptr<VolumeReader>> VolumeReader::StartOnContainer(const VolumeReaderOptions& options,
                                                                             const ContainerHandles& container) {
  if (container.handles.empty() || container.handles.size() != container.sizes_bytes.size()) {
    return absl::InvalidArgumentError("Starting a volume reader: a container has files, and each a size");
  }
  HOZEN_ASSIGN_OR_RETURN(auto reader, StartReader(options, container, kSectorSizeBytes));
  return reader;
}

}  // namespace hozen
