#include "agent/volume/volume_reader_main.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "agent/platform/child_process.h"
#include "agent/platform/sandbox.h"
#include "agent/platform/shared_memory.h"
#include "agent/volume/body_file.h"
#include "agent/volume/channel.h"
#include "agent/volume/child_voice.h"
#include "agent/volume/disk_image.h"
#include "agent/volume/disk_layout.h"
#include "agent/volume/file_runs.h"
#include "agent/volume/media.h"
#include "agent/volume/raw_answers.h"
#include "agent/volume/run_messages.h"
#include "agent/volume/volume_reader.h"

namespace hozen {
namespace {

constexpr int kExceptionThrown = 70;
constexpr size_t kMaxPartitionBytes = 8 << 10;
constexpr absl::Duration kSignOfLife = absl::Seconds(5);

class Reader {
 public:
  Reader(std::unique_ptr<Media> media, std::unique_ptr<SharedMemory> shared)
      : media_(std::move(media)), shared_(std::move(shared)), disk_(DiskImage::Create(*media_)) {
    if (disk_ != nullptr) raw_.emplace(*disk_, *shared_);
  }

  bool ok() const { return disk_ != nullptr; }

  void SayReady() {
    std::string payload;
    AppendNumber(payload, media_->size_bytes());
    AppendNumber(payload, media_->sector_size_bytes());
    Say(MessageType::kReady, payload);
  }

  // False where that was not asked as agreed.
  bool ReadBytes(uint64_t offset_bytes, uint64_t size_bytes) {
    if (size_bytes > shared_->size_bytes()) return false;
    const absl::StatusOr<size_t> size = media_->ReadAt(offset_bytes, shared_->writable().subspan(0, size_bytes));
    if (!size.ok()) {
      SayFailed(size.status());
    } else if (*size != size_bytes) {
      SayFailed(absl::DataLossError("the disk ended early"));
    } else {
      std::string payload;
      AppendNumber(payload, *size);
      Say(MessageType::kBytes, payload);
    }
    return true;
  }

  void Layout() {
    const std::string table = ReadDiskLayout(*disk_, [](const v1::Partition& partition) {
      const std::string bytes = partition.SerializeAsString();
      if (bytes.size() <= kMaxPartitionBytes) Say(MessageType::kPartition, bytes);
    });
    Say(MessageType::kLayoutEnd, table);
  }

  void List(uint64_t offset_bytes, std::string_view mount_point) {
    std::string piece;
    const auto flush = [&piece] {
      for (std::string_view rest = piece; !rest.empty();) {
        const std::string_view part = rest.substr(0, kMaxListingPieceBytes);
        Say(MessageType::kListingBytes, part);
        rest.remove_prefix(part.size());
      }
      piece.clear();
    };
    const absl::StatusOr<BodyFileEnd> end =
        WriteBodyFile(*disk_, offset_bytes, mount_point, [&](std::string_view line) {
          if (piece.size() + line.size() > kMaxListingPieceBytes) flush();
          piece.append(line);
        });
    flush();
    if (!end.ok()) return SayFailed(end.status());
    std::string payload;
    AppendNumber(payload, end->entries);
    AppendNumber(payload, end->errors);
    Say(MessageType::kListingEnd, payload);
  }

  template <typename Run>
  void Runs(const absl::StatusOr<FoundRuns<Run>>& found) {
    if (!found.ok()) return SayFailed(found.status());
    std::string payload;
    size_t in_message = 0;
    for (const Run& run : found->runs) {
      AppendRun(run, payload);
      if (++in_message < kMostRunsInMessage) continue;
      Say(MessageType::kRuns, payload);
      payload.clear();
      in_message = 0;
    }
    if (!payload.empty()) Say(MessageType::kRuns, payload);
    payload.clear();
    AppendNumber(payload, found->end_bytes);
    AppendNumber(payload, found->complete ? 1 : 0);
    Say(MessageType::kRunsEnd, payload);
  }

  DiskImage& disk() { return *disk_; }
  RawAnswers& raw() { return *raw_; }

 private:
  const std::unique_ptr<Media> media_;
  const std::unique_ptr<SharedMemory> shared_;
  const std::unique_ptr<DiskImage> disk_;
  std::optional<RawAnswers> raw_;
};

// A search for orphans on a big slow disk says nothing for minutes, and yet works.
class SignOfLife {
 public:
  void Show() {
    const absl::Time now = absl::Now();
    if (now - last_ < kSignOfLife) return;
    last_ = now;
    Say(MessageType::kStillReading, "");
  }

 private:
  absl::Time last_ = absl::Now();
};

int Serve(Reader& reader) {
  while (true) {
    const absl::StatusOr<Message> request = ReceiveMessage(kChildSocket, absl::InfiniteFuture());
    if (!request.ok()) return absl::IsUnavailable(request.status()) ? 0 : kAgentGone;
    std::string_view payload = request->payload;
    if (request->type == MessageType::kLayout) {
      reader.Layout();
    } else if (request->type == MessageType::kListing) {
      const std::optional<uint64_t> offset_bytes = TakeNumber(payload);
      if (!offset_bytes.has_value()) return kBadStart;
      reader.List(*offset_bytes, payload);
    } else if (request->type == MessageType::kFileRuns || request->type == MessageType::kFreeRuns) {
      RunQuery query;
      if (!TakeQuery(payload, query)) return kBadStart;
      if (request->type == MessageType::kFileRuns) {
        reader.Runs(FindFileRuns(reader.disk(), query));
      } else {
        reader.Runs(FindFreeRuns(reader.disk(), query));
      }
    } else if (request->type == MessageType::kReadBytes) {
      const std::optional<uint64_t> offset_bytes = TakeNumber(payload);
      const std::optional<uint64_t> size_bytes = TakeNumber(payload);
      if (!size_bytes.has_value() || !reader.ReadBytes(*offset_bytes, *size_bytes)) return kBadStart;
    } else if (RawAnswers::Knows(request->type)) {
      if (!reader.raw().Answer(request->type, payload)) return kBadStart;
    } else {
      return kBadStart;
    }
  }
}

int Run() {
  if (!AdoptChildHandles()) return kBadStart;
  const absl::StatusOr<Message> setup = ReceiveMessage(kChildSocket, absl::InfiniteFuture());
  if (!setup.ok() || setup->type != MessageType::kSetup) return kBadStart;
  std::string_view payload = setup->payload;
  const std::optional<uint64_t> memory_bytes = TakeNumber(payload);
  const std::optional<uint64_t> cpu_seconds = TakeNumber(payload);
  const std::optional<uint64_t> sector_size_bytes = TakeNumber(payload);
  const std::optional<uint64_t> kind = TakeNumber(payload);
  const std::optional<uint64_t> shared_bytes = TakeNumber(payload);
  if (!shared_bytes.has_value() || *kind > kLastContainerKind) return kBadStart;
  std::vector<MediaFile> files;
  std::vector<int> kept = {0, 1, 2, kChildSocket};
  while (const std::optional<uint64_t> size_bytes = TakeNumber(payload)) {
    kept.push_back(kChildHandle + static_cast<int>(files.size()));
    files.push_back({.fd = kept.back(), .size_bytes = *size_bytes});
  }
  absl::StatusOr<std::unique_ptr<SharedMemory>> shared =
      SharedMemory::Attach(kChildHandle + static_cast<int>(files.size()), *shared_bytes);
  if (!shared.ok()) return kBadStart;
  UseUtc();  // FAT's times have no zone
  const absl::Status sandboxed =
      EnterSandbox({.kept_descriptors = kept, .memory_bytes = *memory_bytes, .cpu_seconds = *cpu_seconds});
  if (!sandboxed.ok()) {
    SayFailed(sandboxed);
    return kBadStart;
  }
  // From here on bytes of the disk are touched.
  SignOfLife life;
  absl::StatusOr<std::unique_ptr<Media>> media = OpenMedia(
      static_cast<ContainerKind>(*kind), files, static_cast<uint32_t>(*sector_size_bytes), [&life] { life.Show(); });
  if (!media.ok()) {
    SayFailed(media.status());
    return kBadStart;
  }
  Reader reader(*std::move(media), *std::move(shared));
  if (!reader.ok()) {
    SayFailed(absl::InvalidArgumentError("libtsk does not take a disk of this size or sector size"));
    return kBadStart;
  }
  reader.SayReady();
  return Serve(reader);
}

}  // namespace

int VolumeReaderMain() {
  // libtsk's C++ parts throw, and under the memory limit anything may.
  try {
    _exit(Run());
  } catch (...) {
    _exit(kExceptionThrown);
  }
}

}  // namespace hozen
