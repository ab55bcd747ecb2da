// What a walk finds, as items: one for a name, and of files with streams beside their contents one for each.
#ifndef HOZEN_AGENT_ACQUIRE_WALK_ITEMS_H_
#define HOZEN_AGENT_ACQUIRE_WALK_ITEMS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "agent/acquire/borders.h"
#include "agent/acquire/file_tree.h"
#include "agent/acquire/item_sink.h"
#include "core/plan/glob.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Deeper than this no walk goes: every folder on the way stays open.
inline constexpr uint32_t kMaxWalkDepth = 512;

struct WalkOptions {
  uint32_t target_index = 0;
  std::string artifact;
  v1::Access access = v1::ACCESS_SYSTEM;  // what the tree that is walked is
  uint32_t depth = kMaxWalkDepth;
  bool contents = true;        // false: metadata only
  bool named_by_hand = false;  // what is named and is not there is an item that failed
  bool deleted = false;        // raw trees: also what was deleted
  bool all_attributes = false;
  const Glob* stream = nullptr;     // of "file:stream": this stream alone, which one part of it matches
  FileTree* detour = nullptr;       // raw: the way to what the system denies
  FileTree* as_shown_by = nullptr;  // the system: what it does not show of a raw walk's finds is hidden
  bool unseen_only = false;         // what is deleted or hidden; the rest was taken through the system
};

// Summed over the patterns of a target.
struct WalkTally {
  uint64_t matched = 0;
  uint64_t touched = 0;  // access times that may be new
  std::string first_touched;
};

// A name that a walk came to.
struct WalkedEntry {
  TreeEntry entry;
  std::string path;       // as the pattern says it
  std::string real_path;  // without symbolic links
  bool matched = false;
  bool listed = false;  // seen in the folder, not just asked for by name
  bool hidden = false;
};

v1::Item::Kind KindOf(FileType type);

// Of something that was there when it was looked at.
v1::Failure FailureToRead(const absl::Status& status);
// The system could not give it, and a look past the system might.
bool MayBeHadRaw(const v1::Failure& failure);

// Thread-compatible. Everything that it is given must outlive it. Errors are the sink's.
class WalkItems {
 public:
  WalkItems(const WalkOptions& options, const Borders& borders, ItemSink& sink, WalkTally& tally)
      : options_(options), borders_(borders), sink_(sink), tally_(tally) {}

  // A name that has no contents, or whose contents nobody wants.
  absl::Status Complete(const TreeFolder& folder, const WalkedEntry& walked);
  // Something that could not be had; metadata where it is known.
  absl::Status Failed(const std::string& path, v1::Item::Kind kind, v1::Failure failure,
                      const v1::FileMetadata* metadata);
  absl::Status Failed(const TreeFolder& folder, const WalkedEntry& walked, v1::Failure failure);
  // A regular file: its contents, then its streams.
  absl::Status File(TreeFolder& folder, const WalkedEntry& walked);
  // Those streams alone, of a file or a folder.
  absl::Status Streams(TreeFolder& folder, const WalkedEntry& walked);

  void Touched(const std::string& path, const std::string& real_path);

 private:
  v1::Item NewItem(const std::string& path, v1::Item::Kind kind) const;
  v1::Item ItemOf(const TreeFolder& folder, const WalkedEntry& walked, v1::Item::Kind kind) const;
  bool IsTaken(const v1::Item& item) const;
  absl::Status Contents(TreeFolder& folder, const WalkedEntry& walked);
  absl::Status Stream(TreeFolder& folder, const WalkedEntry& walked, const TreeStream& stream);
  bool Wants(const TreeStream& stream) const;
  bool AsksForNtfsItself() const;
  absl::Status StreamsOfVolume(const WalkedEntry& walked);

  const WalkOptions& options_;
  const Borders& borders_;
  ItemSink& sink_;
  WalkTally& tally_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_WALK_ITEMS_H_
