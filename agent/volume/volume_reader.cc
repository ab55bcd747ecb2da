#include "agent/volume/volume_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "agent/platform/child_process.h"
#include "agent/platform/shared_memory.h"
#include "agent/volume/channel.h"
#include "agent/volume/run_messages.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMaxPartitions = 4096;
constexpr size_t kMaxTextBytes = 2048;
constexpr uint64_t kMaxListingBytes = uint64_t{4} << 30;
constexpr size_t kMaxMountPointBytes = 4096;
constexpr uint64_t kMaxDiskBytes = std::numeric_limits<int64_t>::max();
constexpr uint64_t kMaxSectorSizeBytes = 1 << 20;
constexpr uint32_t kSectorSizeBytes = 512;  // of a file whose bytes are a disk's
// A child that has closed its end is about to end; then its own status is what it died of, not our signal.
constexpr absl::Duration kGrace = absl::Seconds(2);

bool IsCleanText(const std::string& text) {
  return text.size() <= kMaxTextBytes && IsValidUtf8(text) &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

// Nothing that the child says is taken on trust: it has read the disk, and the disk may speak through it.
std::optional<v1::Partition> CheckedPartition(const std::string& bytes, uint64_t disk_size_bytes) {
  v1::Partition partition;
  if (!partition.ParseFromString(bytes)) return std::nullopt;
  partition.DiscardUnknownFields();
  if (partition.offset_bytes() > disk_size_bytes) return std::nullopt;
  if (partition.size_bytes() > disk_size_bytes - partition.offset_bytes()) return std::nullopt;
  if (!IsCleanText(partition.type()) || !IsCleanText(partition.file_system()) || !IsCleanText(partition.note())) {
    return std::nullopt;
  }
  return partition;
}

// Only what a child may have to say; its words, not its choice of what happens to us.
absl::Status FailureIn(std::string_view payload) {
  const std::optional<uint64_t> code = TakeNumber(payload);
  const std::string text = Concat("The volume reader says: ", Printable(payload.substr(0, kMaxTextBytes)));
  if (code == static_cast<uint64_t>(absl::StatusCode::kNotFound)) return absl::NotFoundError(text);
  if (code == static_cast<uint64_t>(absl::StatusCode::kInvalidArgument)) return absl::InvalidArgumentError(text);
  return absl::DataLossError(text);
}

class SandboxedVolumeReader : public VolumeReader {
 public:
  // `shared` is null where the disk's bytes need not come through the child.
  SandboxedVolumeReader(const VolumeReaderOptions& options, std::unique_ptr<ChildProcess> child,
                        std::unique_ptr<SharedMemory> shared)
      : options_(options),
        child_(std::move(child)),
        shared_(std::move(shared)),
        end_of_life_(absl::Now() + options.total_timeout) {}

  absl::Status SetUp(const ContainerHandles& container, uint32_t sector_size_bytes) {
    std::string payload;
    AppendNumber(payload, options_.memory_bytes);
    AppendNumber(payload, static_cast<uint64_t>(std::max<int64_t>(absl::ToInt64Seconds(options_.total_timeout), 1)));
    AppendNumber(payload, sector_size_bytes);
    AppendNumber(payload, static_cast<uint64_t>(container.kind));
    AppendNumber(payload, shared_ == nullptr ? 0 : shared_->size_bytes());
    for (const uint64_t size_bytes : container.sizes_bytes) AppendNumber(payload, size_bytes);
    HOZEN_RETURN_IF_ERROR(Ask(MessageType::kSetup, payload));
    HOZEN_ASSIGN_OR_RETURN(const Message answer, Next());
    if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
    if (answer.type != MessageType::kReady) return Broken("something else than that it is ready");
    return TakeSizes(answer.payload);
  }

  uint64_t disk_size_bytes() const override { return disk_size_bytes_; }
  uint32_t sector_size_bytes() const override { return sector_size_bytes_; }

  absl::StatusOr<size_t> ReadAt(uint64_t offset_bytes, absl::Span<char> buffer) override {
    if (shared_ == nullptr) return absl::FailedPreconditionError("This volume reader hands no bytes over");
    if (offset_bytes >= disk_size_bytes_) return 0;
    const uint64_t wanted =
        std::min({uint64_t{buffer.size()}, uint64_t{kMostReadBytes}, disk_size_bytes_ - offset_bytes});
    std::string payload;
    AppendNumber(payload, offset_bytes);
    AppendNumber(payload, wanted);
    HOZEN_RETURN_IF_ERROR(Ask(MessageType::kReadBytes, payload));
    HOZEN_ASSIGN_OR_RETURN(const Message answer, Next());
    if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
    std::string_view text = answer.payload;
    const std::optional<uint64_t> size = TakeNumber(text);
    if (answer.type != MessageType::kBytes || size != wanted || !text.empty()) {
      return Broken("something else than the bytes that were asked for");
    }
    std::memcpy(buffer.data(), shared_->data(), wanted);
    return wanted;
  }

  absl::StatusOr<DiskLayout> ReadLayout() override {
    HOZEN_RETURN_IF_ERROR(Ask(MessageType::kLayout, ""));
    DiskLayout layout;
    while (true) {
      HOZEN_ASSIGN_OR_RETURN(Message answer, Next());
      switch (answer.type) {
        case MessageType::kPartition: {
          std::optional<v1::Partition> partition = CheckedPartition(answer.payload, disk_size_bytes_);
          if (!partition.has_value()) return Broken("a partition that cannot be");
          if (layout.partitions.size() == kMaxPartitions) return Broken("too many partitions");
          layout.partitions.push_back(*std::move(partition));
          break;
        }
        case MessageType::kLayoutEnd:
          if (!IsCleanText(answer.payload)) return Broken("a partition table without a name");
          layout.partition_table = std::move(answer.payload);
          return layout;
        case MessageType::kFailed:
          return FailureIn(answer.payload);
        default:
          return Broken("something else than a layout");
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
    HOZEN_RETURN_IF_ERROR(Ask(MessageType::kListing, payload));
    uint64_t total_bytes = 0;
    while (true) {
      HOZEN_ASSIGN_OR_RETURN(const Message answer, Next());
      switch (answer.type) {
        case MessageType::kListingBytes:
          total_bytes += answer.payload.size();
          if (answer.payload.size() > kMaxListingPieceBytes || total_bytes > kMaxListingBytes) {
            return Broken("more of a listing than there can be");
          }
          if (absl::Status status = on_bytes(answer.payload); !status.ok()) {
            ended_ = End("was stopped in the middle of a listing", absl::ZeroDuration());
            return status;
          }
          break;
        case MessageType::kListingEnd:
          return EndOf(answer.payload);
        case MessageType::kFailed:
          return FailureIn(answer.payload);
        default:
          return Broken("something else than a listing");
      }
    }
  }

  absl::StatusOr<FoundRuns<FileRun>> FindFileRuns(const RunQuery& query) override {
    return FindRuns<FileRun>(MessageType::kFileRuns, query);
  }
  absl::StatusOr<FoundRuns<ByteRange>> FindFreeRuns(const RunQuery& query) override {
    return FindRuns<ByteRange>(MessageType::kFreeRuns, query);
  }

 private:
  template <typename Run>
  absl::StatusOr<FoundRuns<Run>> FindRuns(MessageType question, const RunQuery& query) {
    std::string payload;
    AppendQuery(query, payload);
    HOZEN_RETURN_IF_ERROR(Ask(question, payload));
    FoundRuns<Run> found;
    while (true) {
      HOZEN_ASSIGN_OR_RETURN(const Message answer, Next());
      if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
      if (answer.type == MessageType::kRunsEnd) {
        std::string_view rest = answer.payload;
        const std::optional<uint64_t> end = TakeNumber(rest);
        const std::optional<uint64_t> complete = TakeNumber(rest);
        if (!complete.has_value() || !rest.empty() || *end > disk_size_bytes_) {
          return Broken("an end of runs that is none");
        }
        found.end_bytes = *end;
        found.complete = *complete != 0;
        return found;
      }
      if (answer.type != MessageType::kRuns) return Broken("something else than runs");
      HOZEN_RETURN_IF_ERROR(TakeRuns(answer.payload, query, found.runs));
    }
  }

  template <typename Run>
  absl::Status TakeRuns(std::string_view payload, const RunQuery& query, std::vector<Run>& runs) {
    while (!payload.empty()) {
      Run run;
      if (!TakeRun(payload, run)) return Broken("half a run");
      const uint64_t least = runs.empty() ? query.from_bytes : runs.back().offset_bytes;
      if (runs.size() >= query.most_runs || run.offset_bytes < least || run.offset_bytes >= disk_size_bytes_ ||
          run.size_bytes > disk_size_bytes_ - run.offset_bytes) {
        return Broken("runs that cannot be");
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
      return Broken("a disk that cannot be");
    }
    disk_size_bytes_ = *disk_size_bytes;
    sector_size_bytes_ = static_cast<uint32_t>(*sector_size_bytes);
    return absl::OkStatus();
  }

  absl::StatusOr<ListingEnd> EndOf(std::string_view payload) {
    const std::optional<uint64_t> entries = TakeNumber(payload);
    const std::optional<uint64_t> errors = TakeNumber(payload);
    if (!errors.has_value() || !payload.empty()) return Broken("an end of a listing that is none");
    return ListingEnd{.entries = *entries, .errors = *errors};
  }

  absl::Time Deadline() const { return std::min(end_of_life_, absl::Now() + options_.answer_timeout); }

  absl::Status Ask(MessageType type, std::string_view payload) {
    if (!ended_.ok()) return ended_;
    const absl::Status status = SendMessage(child_->socket(), type, payload, Deadline());
    return status.ok() ? status : Ended(status);
  }

  // The next message that is part of an answer.
  absl::StatusOr<Message> Next() {
    while (ended_.ok()) {
      absl::StatusOr<Message> message = ReceiveMessage(child_->socket(), Deadline());
      if (!message.ok()) return Ended(message.status());
      if (message->type != MessageType::kStillReading) return message;
      if (absl::Now() >= end_of_life_) return Ended(absl::DeadlineExceededError(""));
    }
    return ended_;
  }

  absl::Status Ended(const absl::Status& status) {
    if (absl::IsInvalidArgument(status)) return Broken("a message that no honest one sends");
    if (!absl::IsDeadlineExceeded(status)) return End("ended", kGrace);
    if (absl::Now() >= end_of_life_) {
      return End(
          Concat("was at work for ", absl::FormatDuration(options_.total_timeout), ", its limit, and was stopped"),
          absl::ZeroDuration());
    }
    return End(Concat("gave no answer for ", absl::FormatDuration(options_.answer_timeout), " and was stopped"),
               absl::ZeroDuration());
  }

  absl::Status Broken(std::string_view what) {
    return End(Concat("answered with ", what, " and was stopped"), absl::ZeroDuration());
  }

  absl::Status End(std::string_view what, absl::Duration grace) {
    const std::string how = child_->Finish(grace);
    ended_ = absl::AbortedError(Concat("The volume reader ", what, ": ", how));
    return ended_;
  }

  const VolumeReaderOptions options_;
  const std::unique_ptr<ChildProcess> child_;
  const std::unique_ptr<SharedMemory> shared_;
  const absl::Time end_of_life_;
  uint64_t disk_size_bytes_ = 0;
  uint32_t sector_size_bytes_ = 0;
  absl::Status ended_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VolumeReader>> VolumeReader::Start(const VolumeReaderOptions& options, int disk,
                                                                  uint64_t disk_size_bytes,
                                                                  uint32_t sector_size_bytes) {
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> child,
                         StartChild({.executable = options.executable, .arguments = {"volume-reader"}}, {disk}));
  auto reader = std::make_unique<SandboxedVolumeReader>(options, std::move(child), nullptr);
  HOZEN_RETURN_IF_ERROR(reader->SetUp({.sizes_bytes = {disk_size_bytes}}, sector_size_bytes));
  if (reader->disk_size_bytes() != disk_size_bytes)
    return absl::AbortedError("The volume reader changed the disk's size");
  return reader;
}

absl::StatusOr<std::unique_ptr<VolumeReader>> VolumeReader::StartOnContainer(const VolumeReaderOptions& options,
                                                                             const ContainerHandles& container) {
  if (container.handles.empty() || container.handles.size() != container.sizes_bytes.size()) {
    return absl::InvalidArgumentError("Starting a volume reader: a container has files, and each a size");
  }
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<SharedMemory> shared, SharedMemory::Create(kMostReadBytes));
  std::vector<int> handles = container.handles;
  handles.push_back(shared->handle());
  HOZEN_ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> child,
                         StartChild({.executable = options.executable, .arguments = {"volume-reader"}}, handles));
  auto reader = std::make_unique<SandboxedVolumeReader>(options, std::move(child), std::move(shared));
  HOZEN_RETURN_IF_ERROR(reader->SetUp(container, kSectorSizeBytes));
  return reader;
}

}  // namespace hozen
