#include "collector/custody/custody_log.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "collector/custody/custody_entry.h"
#include "collector/custody/tile_edge.h"
#include "collector/custody/tiles.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/merkle.h"

namespace hozen {
namespace {

constexpr uint64_t kMaxCheckpointBytes = 64 << 10;
constexpr uint64_t kMaxBundleBytes = kTileWidth * (kMaxLogEntryBytes + 2);
constexpr uint64_t kFullCheckEntries = 65'536;  // logs up to here are read whole when they are opened
constexpr size_t kCachedTiles = 64;
constexpr unsigned kFileMode = 0600;
constexpr unsigned kFolderMode = 0700;
constexpr char kCheckpointName[] = "checkpoint";

using std::filesystem::path;

// Whoever asked for something that is to be logged gets to read this.
absl::Status AppendFailed(const absl::Status& status) {
  if (!absl::IsResourceExhausted(status)) return WithContext(status, "appending to the custody log");
  Log(Severity::kError, Concat("no room for a custody entry error=", status.message()));
  return absl::ResourceExhaustedError(
      "the collector's disk is full, and what is not in the custody log is not done: free some room on the "
      "collector's disk, and try again");
}

class FileCustodyLog : public CustodyLog {
 public:
  FileCustodyLog(path folder, std::string origin, PrivateKey key, const Clock& clock)
      : folder_(std::move(folder)), origin_(std::move(origin)), key_(std::move(key)), clock_(clock) {}

  // Once, before anything else.
  absl::Status Load();

  absl::StatusOr<uint64_t> Append(const CustodyEvent& event) override;
  uint64_t size() const override;
  absl::StatusOr<std::string> Entry(uint64_t index) override;
  absl::StatusOr<std::string> SignedCheckpoint() override;
  absl::StatusOr<v1::CustodyProof> Prove(uint64_t index) override;
  absl::StatusOr<Consistency> ProveConsistency(uint64_t old_size) override;

 private:
  // The log as its checkpoint has it.
  struct Head {
    TileEdge edge;
    std::string bundle;  // the last, partial one
    Digest root;
    std::string checkpoint;
  };

  absl::Status CreateLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status LoadEdgeLocked(const Checkpoint& checkpoint) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ReadEveryEntryLocked(const Checkpoint& checkpoint) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RemoveUnacknowledged(uint64_t tree_size) const;
  void RemovePartialTiles(uint64_t tree_size) const;

  absl::Status WriteTile(int level, uint64_t number, uint64_t width, std::string_view bytes) const;
  absl::StatusOr<std::string> ReadTile(int level, uint64_t number, uint64_t width) const;
  absl::StatusOr<Head> WriteEntryLocked(std::string_view entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::StatusOr<std::string> EntryLocked(uint64_t index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Digest> SubtreeLocked(int tree_level, uint64_t index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  SubtreeHash SubtreesLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return [this](int tree_level, uint64_t index)
               ABSL_NO_THREAD_SAFETY_ANALYSIS { return SubtreeLocked(tree_level, index); };
  }

  const path folder_;
  const std::string origin_;
  const PrivateKey key_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  Head head_ ABSL_GUARDED_BY(mutex_);
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);  // set once nobody can say what the checkpoint on the disk is
  std::map<std::pair<int, uint64_t>, std::vector<Digest>> tiles_ ABSL_GUARDED_BY(mutex_);  // full ones, read before
  std::optional<std::pair<uint64_t, std::string>> bundle_ ABSL_GUARDED_BY(mutex_);         // a full one, read last
};

absl::Status FileCustodyLog::Load() {
  absl::MutexLock lock(&mutex_);
  HOZEN_RETURN_IF_ERROR(MakeFolders(folder_, kFolderMode));
  absl::StatusOr<std::string> note = ReadWholeFile(folder_ / kCheckpointName, kMaxCheckpointBytes);
  if (absl::IsNotFound(note.status())) return CreateLocked();
  HOZEN_RETURN_IF_ERROR(note.status());
  absl::StatusOr<Checkpoint> checkpoint = VerifyCheckpoint(*note, origin_, key_.public_key());
  if (!checkpoint.ok()) {
    return absl::DataLossError(Concat((folder_ / kCheckpointName).string(), ": ", checkpoint.status().message()));
  }
  RemoveUnacknowledged(checkpoint->tree_size);
  HOZEN_RETURN_IF_ERROR(LoadEdgeLocked(*checkpoint));
  head_.root = checkpoint->root;
  head_.checkpoint = *std::move(note);
  RemovePartialTiles(checkpoint->tree_size);
  return absl::OkStatus();
}

absl::Status FileCustodyLog::CreateLocked() {
  // The checkpoint is the first file of a log, so tiles without one are a log that has lost it.
  std::error_code error;
  if (std::filesystem::exists(folder_ / "tile", error) || error) {
    return absl::DataLossError(
        Concat(folder_.string(), " holds a custody log without its checkpoint; bring it back from a backup"));
  }
  head_.root = EmptyTreeHash();
  HOZEN_ASSIGN_OR_RETURN(head_.checkpoint,
                         SignCheckpoint({.origin = origin_, .tree_size = 0, .root = head_.root}, key_));
  return WriteFileAtomically(folder_ / kCheckpointName, head_.checkpoint, kFileMode);
}

absl::Status FileCustodyLog::LoadEdgeLocked(const Checkpoint& checkpoint) {
  const uint64_t size = checkpoint.tree_size;
  if (size <= kFullCheckEntries) return ReadEveryEntryLocked(checkpoint);
  auto read = [this](int level, uint64_t number, uint64_t width) -> absl::StatusOr<std::vector<Digest>> {
    HOZEN_ASSIGN_OR_RETURN(const std::string bytes, ReadTile(level, number, width));
    return DecodeTile(bytes, width);
  };
  absl::StatusOr<TileEdge> edge = TileEdge::Load(size, read);
  // A tile that is gone can be made again; anything else that is wrong shows as well when everything is read.
  if (!edge.ok()) return ReadEveryEntryLocked(checkpoint);
  const absl::StatusOr<Digest> root = edge->Root();
  if (!root.ok() || *root != checkpoint.root) return ReadEveryEntryLocked(checkpoint);
  std::string bundle;
  if (const uint64_t width = size % kTileWidth; width > 0) {
    HOZEN_ASSIGN_OR_RETURN(bundle, ReadTile(kEntriesLevel, size / kTileWidth, width));
    HOZEN_ASSIGN_OR_RETURN(const auto entries, DecodeBundle(bundle, width));
    for (uint64_t i = 0; i < width; ++i) {
      if (LeafHash(entries[i]) != edge->level(0)[i]) {
        return absl::DataLossError(Concat("custody entry ", size - width + i, " in ", folder_.string(),
                                          " is not the one that its tile and checkpoint stand for"));
      }
    }
  }
  head_.edge = *std::move(edge);
  head_.bundle = std::move(bundle);
  return absl::OkStatus();
}

absl::Status FileCustodyLog::ReadEveryEntryLocked(const Checkpoint& checkpoint) {
  TileEdge edge;
  std::string bundle;
  std::vector<std::pair<path, std::string>> missing;
  const uint64_t size = checkpoint.tree_size;
  auto compare = [&](int level, uint64_t number, const std::vector<Digest>& hashes) -> absl::Status {
    const bool last = number == HashesOnLevel(level, size) / kTileWidth;
    if (hashes.size() < (last ? HashesOnLevel(level, size) % kTileWidth : kTileWidth)) return absl::OkStatus();
    const path file = TilePath(level, number, hashes.size());
    const absl::StatusOr<std::string> bytes = ReadTile(level, number, hashes.size());
    if (absl::IsNotFound(bytes.status())) {
      missing.emplace_back(file, EncodeTile(hashes));
      return absl::OkStatus();
    }
    HOZEN_RETURN_IF_ERROR(bytes.status());
    if (*bytes == EncodeTile(hashes)) return absl::OkStatus();
    return absl::DataLossError(
        Concat((folder_ / file).string(), " does not agree with the log's entries; bring it back from a backup"));
  };
  while (edge.tree_size() < size) {
    const uint64_t number = edge.tree_size() / kTileWidth;
    const uint64_t width = std::min(kTileWidth, size - edge.tree_size());
    absl::StatusOr<std::string> bytes = ReadTile(kEntriesLevel, number, width);
    if (absl::IsNotFound(bytes.status())) return absl::DataLossError(bytes.status().message());
    HOZEN_RETURN_IF_ERROR(bytes.status());
    const absl::StatusOr<std::vector<std::string_view>> entries = DecodeBundle(*bytes, width);
    const std::string file = (folder_ / TilePath(kEntriesLevel, number, width)).string();
    HOZEN_RETURN_IF_ERROR(WithContext(entries.status(), file));
    for (const std::string_view entry : *entries) HOZEN_RETURN_IF_ERROR(edge.Append(LeafHash(entry), compare));
    if (width < kTileWidth) bundle = *std::move(bytes);
  }
  HOZEN_ASSIGN_OR_RETURN(const Digest root, edge.Root());
  if (root != checkpoint.root) {
    return absl::DataLossError(Concat("the custody entries in ", folder_.string(),
                                      " are not those that the checkpoint was signed for; bring them back from a "
                                      "backup"));
  }
  for (const auto& [file, bytes] : missing) {
    Log(Severity::kWarning, Concat("a tile of the custody log is made again file=", (folder_ / file).string()));
    HOZEN_RETURN_IF_ERROR(MakeFolders((folder_ / file).parent_path(), kFolderMode));
    HOZEN_RETURN_IF_ERROR(WriteFileAtomically(folder_ / file, bytes, kFileMode));
  }
  head_.edge = std::move(edge);
  head_.bundle = std::move(bundle);
  return absl::OkStatus();
}

void FileCustodyLog::RemoveUnacknowledged(uint64_t tree_size) const {
  // One entry is written at a time, so what stands behind the checkpoint is one hash wider on each level at most.
  for (int level = kEntriesLevel; level == kEntriesLevel || HashesOnLevel(level, tree_size + 1) > 0; ++level) {
    const uint64_t hashes = HashesOnLevel(level, tree_size);
    const path file = folder_ / TilePath(level, hashes / kTileWidth, hashes % kTileWidth + 1);
    std::error_code error;
    if (std::filesystem::remove(file, error)) {
      Log(Severity::kWarning, Concat("an entry that was never acknowledged is taken back file=", file.string()));
    }
  }
}

void FileCustodyLog::RemovePartialTiles(uint64_t tree_size) const {
  for (int level = kEntriesLevel; level == kEntriesLevel || HashesOnLevel(level, tree_size) > 0; ++level) {
    const uint64_t hashes = HashesOnLevel(level, tree_size);
    if (hashes == 0 || hashes % kTileWidth != 0) continue;
    std::error_code ignored;  // they are only in the way
    std::filesystem::remove_all(folder_ / PartialTilesPath(level, hashes / kTileWidth - 1), ignored);
  }
}

absl::Status FileCustodyLog::WriteTile(int level, uint64_t number, uint64_t width, std::string_view bytes) const {
  const path file = folder_ / TilePath(level, number, width);
  HOZEN_RETURN_IF_ERROR(MakeFolders(file.parent_path(), kFolderMode));
  return WriteFileAtomically(file, bytes, kFileMode);
}

absl::StatusOr<std::string> FileCustodyLog::ReadTile(int level, uint64_t number, uint64_t width) const {
  return ReadWholeFile(folder_ / TilePath(level, number, width),
                       level == kEntriesLevel ? kMaxBundleBytes : kTileWidth * Digest::kSizeBytes);
}

absl::StatusOr<uint64_t> FileCustodyLog::Append(const CustodyEvent& event) {
  absl::MutexLock lock(&mutex_);
  HOZEN_RETURN_IF_ERROR(broken_);
  const uint64_t index = head_.edge.tree_size();
  HOZEN_ASSIGN_OR_RETURN(const std::string entry, EncodeCustodyEntry(event, index, clock_.Now()));
  absl::StatusOr<Head> next = WriteEntryLocked(entry);
  if (!next.ok()) return AppendFailed(next.status());
  const absl::Status written = WriteFileAtomically(folder_ / kCheckpointName, next->checkpoint, kFileMode);
  if (!written.ok()) {
    // The new checkpoint may be in place and only its folder not synced. Another entry under this index would then be
    // a second history, so the disk decides which it is.
    const absl::StatusOr<std::string> standing = ReadWholeFile(folder_ / kCheckpointName, kMaxCheckpointBytes);
    if (standing.ok() && *standing == next->checkpoint) {
      head_ = *std::move(next);
    } else if (!standing.ok() || *standing != head_.checkpoint) {
      broken_ = absl::UnavailableError(Concat("the custody log in ", folder_.string(),
                                              " cannot be written; look at the disk and start the collector again"));
    }
    return AppendFailed(written);
  }
  head_ = *std::move(next);
  RemovePartialTiles(index + 1);
  return index;
}

absl::StatusOr<FileCustodyLog::Head> FileCustodyLog::WriteEntryLocked(std::string_view entry) {
  const uint64_t index = head_.edge.tree_size();
  Head next = head_;
  AppendEntry(entry, next.bundle);
  HOZEN_RETURN_IF_ERROR(WriteTile(kEntriesLevel, index / kTileWidth, index % kTileWidth + 1, next.bundle));
  if ((index + 1) % kTileWidth == 0) next.bundle.clear();
  auto write = [this](int level, uint64_t number, const std::vector<Digest>& hashes) {
    return WriteTile(level, number, hashes.size(), EncodeTile(hashes));
  };
  HOZEN_RETURN_IF_ERROR(next.edge.Append(LeafHash(entry), write));
  HOZEN_ASSIGN_OR_RETURN(next.root, next.edge.Root());
  HOZEN_ASSIGN_OR_RETURN(next.checkpoint,
                         SignCheckpoint({.origin = origin_, .tree_size = index + 1, .root = next.root}, key_));
  return next;
}

uint64_t FileCustodyLog::size() const {
  absl::MutexLock lock(&mutex_);
  return head_.edge.tree_size();
}

absl::StatusOr<std::string> FileCustodyLog::SignedCheckpoint() {
  absl::MutexLock lock(&mutex_);
  return head_.checkpoint;
}

absl::StatusOr<std::string> FileCustodyLog::Entry(uint64_t index) {
  absl::MutexLock lock(&mutex_);
  return EntryLocked(index);
}

absl::StatusOr<std::string> FileCustodyLog::EntryLocked(uint64_t index) {
  const uint64_t size = head_.edge.tree_size();
  if (index >= size) {
    return absl::NotFoundError(Concat("the custody log has ", size, " entries; there is no entry ", index));
  }
  const uint64_t number = index / kTileWidth;
  const bool full = number < size / kTileWidth;
  if (full && (!bundle_ || bundle_->first != number)) {
    absl::StatusOr<std::string> bytes = ReadTile(kEntriesLevel, number, kTileWidth);
    if (absl::IsNotFound(bytes.status())) return absl::DataLossError(bytes.status().message());
    HOZEN_RETURN_IF_ERROR(bytes.status());
    bundle_.emplace(number, *std::move(bytes));
  }
  const std::string& bundle = full ? bundle_->second : head_.bundle;
  const auto entries = DecodeBundle(bundle, full ? kTileWidth : size % kTileWidth);
  HOZEN_RETURN_IF_ERROR(WithContext(entries.status(), Concat("custody entry ", index)));
  const std::string_view entry = (*entries)[index % kTileWidth];
  HOZEN_ASSIGN_OR_RETURN(const Digest leaf, SubtreeLocked(0, index));
  if (LeafHash(entry) != leaf) {
    return absl::DataLossError(
        Concat("custody entry ", index, " in ", folder_.string(), " is not the one that its tile stands for"));
  }
  return std::string(entry);
}

absl::StatusOr<Digest> FileCustodyLog::SubtreeLocked(int tree_level, uint64_t index) {
  const int level = tree_level / kTileHeight;
  const uint64_t count = uint64_t{1} << (tree_level % kTileHeight);
  const uint64_t number = index * count / kTileWidth;
  const uint64_t first = index * count % kTileWidth;
  if (number >= HashesOnLevel(level, head_.edge.tree_size()) / kTileWidth) {
    const std::vector<Digest>& tile = head_.edge.level(level);
    if (first + count > tile.size()) return absl::InternalError("a subtree was asked for that the tree has not");
    return SubtreeRoot(tile, first, count);
  }
  auto found = tiles_.find({level, number});
  if (found == tiles_.end()) {
    const absl::StatusOr<std::string> bytes = ReadTile(level, number, kTileWidth);
    if (absl::IsNotFound(bytes.status())) return absl::DataLossError(bytes.status().message());
    HOZEN_RETURN_IF_ERROR(bytes.status());
    absl::StatusOr<std::vector<Digest>> hashes = DecodeTile(*bytes, kTileWidth);
    HOZEN_RETURN_IF_ERROR(WithContext(hashes.status(), TilePath(level, number, kTileWidth).string()));
    if (tiles_.size() >= kCachedTiles) tiles_.clear();
    found = tiles_.emplace(std::pair(level, number), *std::move(hashes)).first;
  }
  return SubtreeRoot(found->second, first, count);
}

absl::StatusOr<v1::CustodyProof> FileCustodyLog::Prove(uint64_t index) {
  absl::MutexLock lock(&mutex_);
  const uint64_t size = head_.edge.tree_size();
  HOZEN_ASSIGN_OR_RETURN(std::string entry, EntryLocked(index));
  HOZEN_ASSIGN_OR_RETURN(const std::vector<Digest> hashes, InclusionPath(index, size, SubtreesLocked()));
  HOZEN_RETURN_IF_ERROR(
      WithContext(VerifyInclusion(LeafHash(entry), index, size, hashes, head_.root),
                  Concat("custody entry ", index, " in ", folder_.string(), " cannot be proved: a tile is damaged")));
  v1::CustodyProof proof;
  proof.set_leaf_index(index);
  proof.set_entry(std::move(entry));
  proof.set_tree_size(size);
  for (const Digest& hash : hashes) proof.add_inclusion_path(std::string(hash.bytes()));
  proof.set_checkpoint(head_.checkpoint);
  return proof;
}

absl::StatusOr<CustodyLog::Consistency> FileCustodyLog::ProveConsistency(uint64_t old_size) {
  absl::MutexLock lock(&mutex_);
  const uint64_t size = head_.edge.tree_size();
  Consistency consistency{.checkpoint = head_.checkpoint, .path = {}};
  // Every tree continues the empty one, and itself.
  if (old_size == 0 || old_size == size) return consistency;
  if (old_size > size) {
    return absl::InvalidArgumentError(Concat("the custody log has ", size, " entries, not ", old_size,
                                             ": the older checkpoint is of another log or this one was cut"));
  }
  HOZEN_ASSIGN_OR_RETURN(const std::vector<Digest> hashes, ConsistencyPath(old_size, size, SubtreesLocked()));
  HOZEN_ASSIGN_OR_RETURN(const Digest old_root, RootHash(old_size, SubtreesLocked()));
  HOZEN_RETURN_IF_ERROR(WithContext(VerifyConsistency(old_size, old_root, size, head_.root, hashes),
                                    Concat("the custody log in ", folder_.string(), ": a tile is damaged")));
  for (const Digest& hash : hashes) consistency.path.emplace_back(hash.bytes());
  return consistency;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CustodyLog>> CustodyLog::Open(const path& folder, std::string origin, PrivateKey key,
                                                             const Clock& clock) {
  auto log = std::make_unique<FileCustodyLog>(folder, std::move(origin), std::move(key), clock);
  HOZEN_RETURN_IF_ERROR(WithContext(log->Load(), "opening the custody log"));
  return log;
}

}  // namespace hozen
