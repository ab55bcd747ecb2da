// Where a disk is cut into chunks: along the files on it, so that the same files on another disk, laid out differently,
// give the same chunks; what belongs to no file is cut by position. Cutting decides how well chunks are shared, never
// what they hold: a wrong or hostile list of runs costs room, and no byte.
#ifndef HOZEN_CORE_CHUNK_CUTTER_H_
#define HOZEN_CORE_CHUNK_CUTTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/chunk/chunk.h"

namespace hozen {

// A run of a file on the disk. A file is cut at multiples of kMaxChunkSizeBytes of itself.
struct FileRun {
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;
  uint64_t file_offset_bytes = 0;  // where it stands in its file
  // 0: each of the file's chunks that it touches lies in it whole. Otherwise it is a piece of one chunk, together with
  // the other runs of this group.
  uint32_t group = 0;
  uint8_t rank = 0;  // what it tells a responder: 1 most, 255 least, 0 nothing that anyone asked for
};

struct ByteRange {
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;
};

// What is left behind the first `bytes`, which are fewer than it has.
inline void Advance(uint64_t bytes, FileRun& run) {
  run.offset_bytes += bytes;
  run.size_bytes -= bytes;
  run.file_offset_bytes += bytes;
}
inline void Advance(uint64_t bytes, ByteRange& range) {
  range.offset_bytes += bytes;
  range.size_bytes -= bytes;
}

// The next bytes of the disk and where they go.
struct CutPart {
  uint64_t size_bytes = 0;
  uint64_t chunk = 0;     // parts of one number make one chunk; no number is used again
  uint64_t position = 0;  // a chunk's parts stand in it in the order of their positions
  bool whole = true;      // the chunk is this part alone
  bool last = true;       // no further part of this chunk follows
  bool left_out = false;  // in a range that was to be left out: no chunk's
  uint8_t rank = 0;
};

// Thread-compatible. Goes through the disk once, front to back, zone by zone.
class Cutter {
 public:
  // A chunk whose parts lie further apart than this, in bytes or in parts, becomes several: nobody can hold its
  // beginning for so long.
  static constexpr uint64_t kMaxSpanBytes = uint64_t{64} << 20;
  static constexpr size_t kMaxSpanParts = 4096;

  explicit Cutter(uint64_t begin_bytes) : at_(begin_bytes), end_(begin_bytes) {}

  // What is known of the disk from where the last zone ended up to end_bytes: `runs` in any order; of those that
  // overlap, the one that begins first has the bytes. `left_out`, likewise, yields to runs. Only when Next gave
  // nullopt.
  void AddZone(uint64_t end_bytes, std::vector<FileRun> runs, std::vector<ByteRange> left_out);

  // The next part, at most kMaxChunkSizeBytes long unless it is left out; nullopt at the zone's end.
  std::optional<CutPart> Next();

  // Where the next part begins.
  uint64_t offset_bytes() const { return at_; }

 private:
  struct Place {
    uint64_t chunk = 0;  // 0: a whole chunk by itself
    bool whole = true;
    bool last = true;
  };
  void TrimRuns();
  void PlaceGroups();
  CutPart NextOfRun(const FileRun& run);
  CutPart NextOfGap(uint64_t gap_end);

  uint64_t at_;
  uint64_t end_;
  uint64_t next_chunk_ = 1;
  std::vector<FileRun> runs_;  // sorted, apart
  std::vector<Place> places_;  // of runs_ with a group
  size_t run_ = 0;
  std::vector<ByteRange> left_out_;  // sorted
  size_t left_out_at_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_CORE_CHUNK_CUTTER_H_
