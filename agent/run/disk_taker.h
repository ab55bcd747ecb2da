// Reads a disk front to back into the pipeline, cut along the files that a guide knows of.
//
// In the order "value" it first sends ahead what tells a responder most. The way front to back then comes to those
// bytes again: it is what the map and the hash are made of, and where they are still the same nothing is sent a second
// time. If the plan ends before the disk does, they are what is still taken of the rest.
#ifndef HOZEN_AGENT_RUN_DISK_TAKER_H_
#define HOZEN_AGENT_RUN_DISK_TAKER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/acquire/disk_guide.h"
#include "agent/run/ending.h"
#include "agent/run/limits.h"
#include "agent/run/piece_reader.h"
#include "agent/run/stream_pipeline.h"
#include "core/base/clock.h"
#include "core/bytes/source.h"
#include "core/chunk/cutter.h"

namespace hozen {

struct DiskTakerOptions {
  uint64_t begin_bytes = 0;                                    // where an earlier run has left off
  uint64_t most_bytes = std::numeric_limits<uint64_t>::max();  // so many may be taken
  std::string limit_detail;                                    // what to say where they have been
  uint32_t sector_size_bytes = 512;
  bool valuable_first = false;
};

// For one disk; thread-compatible.
class DiskTaker {
 public:
  // All must outlive it. `on_read` is told of every byte of the stream that was gone past.
  DiskTaker(DiskTakerOptions options, Source& source, DiskGuide& guide, StreamPipeline& pipeline, Pace& pace,
            Ending& ending, const Clock& clock, std::function<void(uint64_t)> on_read);

  // Between the pipeline's Begin and End. OK where the disk was gone through to its end. Otherwise why collecting ends;
  // `cut` is then why the stream did, unless the agent just stops.
  absl::Status Take(std::optional<v1::Failure>& cut);

 private:
  absl::Status SendValuableAhead();
  absl::Status SendRankAhead(std::vector<FileRun> runs);
  // One chunk out of pieces of the disk.
  absl::Status SendChunk(const std::vector<ByteRange>& pieces);

  // To the disk's end, or until something ends it.
  absl::Status ReadOn();
  std::optional<CutPart> NextPart();
  bool IsLeftOut(const CutPart& part) const { return part.left_out || (only_valuable_ && part.rank == 0); }
  // Fills planned_ with what is to be read at once; false where the next part is not to be read or there is none.
  bool Plan();
  absl::Status TakePlanned();
  absl::Status PassOver(const CutPart& part);
  void TurnToValuable();
  absl::Status PassOverRest();
  absl::Status PassHoles();
  absl::Status AddPiece(Piece piece, std::vector<CutPart> parts);
  std::vector<CutPart> TakeParts(uint64_t size_bytes);
  // Before it reads on: limits and time. `early_` is set where this is the moment to turn to what must still be taken.
  absl::Status MayGoOn(uint64_t& size_bytes);
  absl::Duration TimeForValuable() const;

  const DiskTakerOptions options_;
  Source& source_;
  DiskGuide& guide_;
  StreamPipeline& pipeline_;
  Pace& pace_;
  Ending& ending_;
  const Clock& clock_;
  const std::function<void(uint64_t)> on_read_;

  PieceReader reader_;
  Cutter cutter_;
  std::deque<CutPart> given_back_;  // taken from the cutter, and not read after all
  std::optional<CutPart> next_;     // not planned yet
  std::deque<CutPart> planned_;
  uint64_t planned_bytes_ = 0;

  uint64_t taken_bytes_ = 0;
  uint64_t valuable_left_ = 0;  // bytes with a rank that lie ahead
  bool only_valuable_ = false;
  std::optional<v1::Failure> early_;
  const absl::Duration began_;
  const absl::Duration most_reserve_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_DISK_TAKER_H_
