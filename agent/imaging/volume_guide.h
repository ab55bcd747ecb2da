// What the file systems of a disk say about it, as a guide for cutting.
#ifndef HOZEN_AGENT_IMAGING_VOLUME_GUIDE_H_
#define HOZEN_AGENT_IMAGING_VOLUME_GUIDE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/acquire/disk_guide.h"
#include "agent/volume/volume_reader.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// A reader for each volume and question: what one hostile file system does to its child is no concern of the next.
using StartVolumeReader = std::function<absl::StatusOr<std::unique_ptr<VolumeReader>>()>;

struct VolumeGuideOptions {
  uint64_t disk_size_bytes = 0;
  ByteRange range;                     // of the disk: what the stream is
  bool leave_out_free = false;         // what a file system says that nobody uses is not acquired
  size_t most_runs = size_t{1} << 19;  // held at a time, 32 bytes each, here and in the reader
};

// Thread-compatible.
class VolumeGuide : public DiskGuide {
 public:
  VolumeGuide(VolumeGuideOptions options, StartVolumeReader start_reader);

  // Asks every file system of the partitions and says in each how it will be cut, and why not by file.
  void Survey(google::protobuf::RepeatedPtrField<v1::Partition>& partitions);

  DiskZone Look(uint64_t from_bytes) override;
  std::vector<FileRun> Valuable() override;

 private:
  // Part of an answer, front to back.
  template <typename Run>
  struct Held {
    std::vector<Run> runs;
    size_t next = 0;
    uint64_t from_bytes = 0;
    uint64_t end_bytes = 0;
    bool Covers(uint64_t at) const { return at >= from_bytes && at < end_bytes; }
    // The runs up to `end`; what reaches further stays.
    std::vector<Run> TakeUntil(uint64_t end);
  };
  struct Volume {
    ByteRange range;
    uint64_t files_end_bytes = 0;  // of what its file system covers; its own beginning where it is cut by position
    Held<FileRun> files;
    Held<ByteRange> free;
    std::vector<FileRun> valuable;
  };

  void SurveyVolume(v1::Partition& partition, Volume& volume);
  absl::Status AskFiles(Volume& volume, uint64_t from_bytes);
  absl::Status AskFree(Volume& volume, uint64_t from_bytes);
  DiskZone LookAtDisk(uint64_t from_bytes);
  DiskZone LookAtVolume(Volume& volume, uint64_t from_bytes);
  // Partition tables lie before the first volume and behind the last one.
  void FindTables();

  const VolumeGuideOptions options_;
  const StartVolumeReader start_reader_;
  std::vector<Volume> volumes_;  // sorted, apart
  std::vector<FileRun> tables_;
  size_t held_runs_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_IMAGING_VOLUME_GUIDE_H_
