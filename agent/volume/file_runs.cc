#include "agent/volume/file_runs.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "agent/volume/file_system.h"
#include "agent/volume/value_ranks.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr uint64_t kChunk = kMaxChunkSizeBytes;
// Of one attribute: a hostile file system may give one file more pieces than the whole disk has blocks.
constexpr size_t kMostPiecesOfAFile = size_t{1} << 20;

// Keeps the runs that begin first, at most so many.
template <typename Run>
class Earliest {
 public:
  Earliest(const RunQuery& query, uint64_t end_bytes)
      : from_(query.from_bytes), most_(std::max<size_t>(query.most_runs, 1)), end_(end_bytes) {}

  void Add(Run run) {
    if (run.offset_bytes < from_) {
      // Its beginning was in an earlier answer.
      const uint64_t before = from_ - run.offset_bytes;
      if (run.size_bytes <= before) return;
      Advance(before, run);
    }
    if (run.offset_bytes >= end_) return;
    heap_.push_back(run);
    std::push_heap(heap_.begin(), heap_.end(), &Earlier);
    // All of one beginning go together, so that the next question starts behind them.
    while (heap_.size() > most_) {
      end_ = heap_.front().offset_bytes;
      complete_ = false;
      while (!heap_.empty() && heap_.front().offset_bytes >= end_) {
        std::pop_heap(heap_.begin(), heap_.end(), &Earlier);
        heap_.pop_back();
      }
    }
  }

  FoundRuns<Run> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), &Earlier);
    return {.runs = std::move(heap_), .end_bytes = end_, .complete = complete_};
  }

 private:
  static bool Earlier(const Run& a, const Run& b) { return a.offset_bytes < b.offset_bytes; }

  const uint64_t from_;
  const size_t most_;
  uint64_t end_;
  bool complete_ = true;
  std::vector<Run> heap_;
};

// Blocks of one file system as bytes of the disk. What a file system says may be anything, so every step is done
// without overflow.
class Blocks {
 public:
  Blocks(const TSK_FS_INFO& system, uint64_t disk_size_bytes)
      : base_(static_cast<uint64_t>(system.offset)), size_(system.block_size), disk_size_(disk_size_bytes) {}

  std::optional<ByteRange> ToDisk(uint64_t first, uint64_t count) const {
    const uint64_t room = (disk_size_ - std::min(base_, disk_size_)) / size_;
    if (count == 0 || first >= room) return std::nullopt;
    return ByteRange{.offset_bytes = base_ + first * size_, .size_bytes = std::min(count, room - first) * size_};
  }
  // Where a block of a file stands in it; files longer than any disk are not cut.
  std::optional<uint64_t> ToFile(uint64_t block) const {
    if (block > std::numeric_limits<int64_t>::max() / size_) return std::nullopt;
    return block * size_;
  }
  uint64_t base_bytes() const { return base_; }
  uint64_t size_bytes() const { return size_; }

 private:
  const uint64_t base_;
  const uint64_t size_;
  const uint64_t disk_size_;
};

struct FilePiece {
  uint64_t file_offset_bytes = 0;
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;
};

// Turns a file's pieces, in its order, into runs: whole chunks in one piece together, the others in groups.
class RunMaker {
 public:
  explicit RunMaker(Earliest<FileRun>& found) : found_(found) {}

  void Add(const std::vector<FilePiece>& pieces, uint8_t rank) {
    for (size_t i = 0; i < pieces.size(); ++i) {
      const FilePiece& piece = pieces[i];
      const uint64_t end = piece.file_offset_bytes + piece.size_bytes;
      uint64_t from = piece.file_offset_bytes;
      // The beginning belongs to the chunk of the piece before.
      if (i > 0 && LastByte(pieces[i - 1]) / kChunk == from / kChunk) {
        const uint64_t head_end = std::min(end, (from / kChunk + 1) * kChunk);
        Give(piece, from, head_end, group_, rank);
        from = head_end;
        if (from == end) continue;
      }
      uint64_t until = end;
      const bool shared = i + 1 < pieces.size() && pieces[i + 1].file_offset_bytes / kChunk == (end - 1) / kChunk;
      if (shared) until = std::max(from, (end - 1) / kChunk * kChunk);
      Give(piece, from, until, 0, rank);
      if (shared) Give(piece, until, end, ++group_, rank);
    }
  }

 private:
  static uint64_t LastByte(const FilePiece& piece) { return piece.file_offset_bytes + piece.size_bytes - 1; }

  void Give(const FilePiece& piece, uint64_t from, uint64_t until, uint32_t group, uint8_t rank) {
    if (from >= until) return;
    found_.Add({.offset_bytes = piece.offset_bytes + (from - piece.file_offset_bytes),
                .size_bytes = until - from,
                .file_offset_bytes = from,
                .group = group,
                .rank = rank});
  }

  Earliest<FileRun>& found_;
  uint32_t group_ = 0;
};

struct Walk {
  const RunQuery* query;
  const Blocks* blocks;
  const ValueRanks* ranks;
  RunMaker* maker;
  std::vector<FilePiece> pieces;  // kept for its memory
};

// A piece that goes on where the last one ended, in the file and on the disk, is the same piece.
void AddPiece(const FilePiece& piece, std::vector<FilePiece>& pieces) {
  if (!pieces.empty()) {
    FilePiece& last = pieces.back();
    const uint64_t last_end = last.file_offset_bytes + last.size_bytes;
    if (piece.file_offset_bytes < last_end) return;  // a list that contradicts itself
    if (piece.file_offset_bytes == last_end && piece.offset_bytes == last.offset_bytes + last.size_bytes) {
      last.size_bytes += piece.size_bytes;
      return;
    }
  }
  pieces.push_back(piece);
}

// Blocks that hold the list of a file's blocks. libtsk 4.11.1 gives a block of an extent tree the length of a whole
// block in blocks, and so a mebibyte and more that is other files'.
bool IsListOfBlocks(const TSK_FS_ATTR& attribute) {
  return attribute.type == TSK_FS_ATTR_TYPE_UNIX_INDIR || attribute.type == TSK_FS_ATTR_TYPE_UNIX_EXTENT;
}

void AddAttribute(const TSK_FS_ATTR& attribute, uint8_t rank, Walk& walk) {
  if ((attribute.flags & TSK_FS_ATTR_NONRES) == 0 || IsListOfBlocks(attribute)) return;
  walk.pieces.clear();
  constexpr int kNotOnDisk = TSK_FS_ATTR_RUN_FLAG_SPARSE | TSK_FS_ATTR_RUN_FLAG_FILLER;
  size_t seen = 0;
  for (const TSK_FS_ATTR_RUN* run = attribute.nrd.run; run != nullptr && seen < kMostPiecesOfAFile;
       run = run->next, ++seen) {
    if ((run->flags & kNotOnDisk) != 0) continue;
    const std::optional<ByteRange> range = walk.blocks->ToDisk(run->addr, run->len);
    const std::optional<uint64_t> file_offset = walk.blocks->ToFile(run->offset);
    if (!range.has_value() || !file_offset.has_value()) continue;
    AddPiece({.file_offset_bytes = *file_offset, .offset_bytes = range->offset_bytes, .size_bytes = range->size_bytes},
             walk.pieces);
  }
  walk.maker->Add(walk.pieces, rank);
}

uint8_t RankOf(const TSK_FS_META& meta, const ValueRanks& ranks) {
  if (meta.type == TSK_FS_META_TYPE_DIR) return kMetadataRank;
  const auto found = ranks.find(meta.addr);
  return found == ranks.end() ? 0 : found->second;
}

TSK_WALK_RET_ENUM VisitFile(TSK_FS_FILE* file, void* context) {
  Walk& walk = *static_cast<Walk*>(context);
  if (file->meta == nullptr || file->meta->type == TSK_FS_META_TYPE_VIRT ||
      file->meta->type == TSK_FS_META_TYPE_VIRT_DIR) {
    return TSK_WALK_CONT;
  }
  const uint8_t rank = RankOf(*file->meta, *walk.ranks);
  if (rank == 0 && walk.query->valuable_only) return TSK_WALK_CONT;
  const int count = tsk_fs_file_attr_getsize(file);
  for (int i = 0; i < count; ++i) {
    if (const TSK_FS_ATTR* attribute = tsk_fs_file_attr_get_idx(file, i)) AddAttribute(*attribute, rank, walk);
  }
  return TSK_WALK_CONT;
}

// Collects blocks that follow each other.
struct BlockWalk {
  const Blocks* blocks;
  std::function<void(const ByteRange&)> on_range;
  uint64_t first = 0;
  uint64_t count = 0;

  void Flush() {
    if (const std::optional<ByteRange> range = blocks->ToDisk(first, count)) on_range(*range);
    count = 0;
  }
};

TSK_WALK_RET_ENUM VisitBlock(const TSK_FS_BLOCK* block, void* context) {
  BlockWalk& walk = *static_cast<BlockWalk*>(context);
  if (walk.count > 0 && block->addr == walk.first + walk.count) {
    ++walk.count;
    return TSK_WALK_CONT;
  }
  walk.Flush();
  walk.first = block->addr;
  walk.count = 1;
  return TSK_WALK_CONT;
}

absl::Status WalkBlocks(TSK_FS_INFO& system, uint64_t first, int flags, BlockWalk& walk) {
  if (first > system.last_block) return absl::OkStatus();
  tsk_error_reset();
  const uint8_t failed = tsk_fs_block_walk(
      &system, std::max<TSK_DADDR_T>(first, system.first_block), system.last_block,
      static_cast<TSK_FS_BLOCK_WALK_FLAG_ENUM>(flags | TSK_FS_BLOCK_WALK_FLAG_AONLY), &VisitBlock, &walk);
  walk.Flush();
  return failed == 0 ? absl::OkStatus() : absl::DataLossError(Concat("Going through its blocks: ", LastLibtskError()));
}

// Where a file system keeps its tables outside files: they are cut like one file that lies where they lie.
bool HasMetadataBlocks(const TSK_FS_INFO& system) {
  return TSK_FS_TYPE_ISEXT(system.ftype) || TSK_FS_TYPE_ISFFS(system.ftype) || TSK_FS_TYPE_ISFAT(system.ftype);
}

uint64_t EndOf(const TSK_FS_INFO& system, const Blocks& blocks, uint64_t disk_size_bytes) {
  const std::optional<ByteRange> all = blocks.ToDisk(0, system.block_count);
  return all.has_value() ? all->offset_bytes + all->size_bytes : disk_size_bytes;
}

}  // namespace

absl::StatusOr<FoundRuns<FileRun>> FindFileRuns(DiskImage& disk, const RunQuery& query) {
  absl::StatusOr<FileSystem> opened = OpenFileSystem(disk, query.offset_bytes);
  if (!opened.ok()) return opened.status();
  TSK_FS_INFO& system = **opened;
  const Blocks blocks(system, disk.size_bytes());
  Earliest<FileRun> found(query, EndOf(system, blocks, disk.size_bytes()));
  RunMaker maker(found);
  const ValueRanks ranks = FindValuableFiles(system);
  Walk walk = {.query = &query, .blocks = &blocks, .ranks = &ranks, .maker = &maker, .pieces = {}};
  tsk_error_reset();
  constexpr int kFlags = TSK_FS_META_FLAG_ALLOC | TSK_FS_META_FLAG_USED;
  // The last number is libtsk's own folder for orphans, which need not be looked for here.
  const TSK_INUM_T last = system.last_inum > system.first_inum ? system.last_inum - 1 : system.last_inum;
  if (tsk_fs_meta_walk(&system, system.first_inum, last, static_cast<TSK_FS_META_FLAG_ENUM>(kFlags), &VisitFile,
                       &walk) != 0) {
    return absl::DataLossError(Concat("Going through its files: ", LastLibtskError()));
  }
  if (HasMetadataBlocks(system)) {
    std::vector<FilePiece> tables;
    BlockWalk tables_walk = {.blocks = &blocks, .on_range = [&](const ByteRange& range) {
                               tables.push_back({.file_offset_bytes = range.offset_bytes - blocks.base_bytes(),
                                                 .offset_bytes = range.offset_bytes,
                                                 .size_bytes = range.size_bytes});
                               // Each by itself: tables that lie apart have nothing to do with each other.
                               maker.Add(tables, kMetadataRank);
                               tables.clear();
                             }};
    const absl::Status walked =
        WalkBlocks(system, 0, TSK_FS_BLOCK_WALK_FLAG_ALLOC | TSK_FS_BLOCK_WALK_FLAG_META, tables_walk);
    if (!walked.ok()) return walked;
  }
  return found.Take();
}

absl::StatusOr<FoundRuns<ByteRange>> FindFreeRuns(DiskImage& disk, const RunQuery& query) {
  absl::StatusOr<FileSystem> opened = OpenFileSystem(disk, query.offset_bytes);
  if (!opened.ok()) return opened.status();
  TSK_FS_INFO& system = **opened;
  const Blocks blocks(system, disk.size_bytes());
  Earliest<ByteRange> found(query, EndOf(system, blocks, disk.size_bytes()));
  BlockWalk walk = {.blocks = &blocks, .on_range = [&](const ByteRange& range) { found.Add(range); }};
  const uint64_t before = query.from_bytes - std::min(query.from_bytes, blocks.base_bytes());
  const absl::Status walked =
      WalkBlocks(system, before / blocks.size_bytes(),
                 TSK_FS_BLOCK_WALK_FLAG_UNALLOC | TSK_FS_BLOCK_WALK_FLAG_META | TSK_FS_BLOCK_WALK_FLAG_CONT, walk);
  if (!walked.ok()) return walked;
  return found.Take();
}

}  // namespace hozen
