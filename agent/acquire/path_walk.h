// One pattern carried out: from its fixed part down, everything that matches goes to the sink.
#ifndef HOZEN_AGENT_ACQUIRE_PATH_WALK_H_
#define HOZEN_AGENT_ACQUIRE_PATH_WALK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "agent/acquire/borders.h"
#include "agent/acquire/file_tree.h"
#include "agent/acquire/item_sink.h"
#include "agent/acquire/path_resolver.h"
#include "agent/acquire/walk_items.h"
#include "core/plan/glob.h"
#include "core/plan/pattern_states.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Thread-compatible; used once. Everything that it is given must outlive it.
class PathWalk {
 public:
  PathWalk(FileTree& tree, const Glob& glob, const WalkOptions& options, Borders& borders, ItemSink& sink,
           WalkTally& tally)
      : tree_(tree),
        glob_(glob),
        options_(options),
        borders_(borders),
        sink_(sink),
        items_(options, borders, sink, tally) {}

  // An error is the sink's.
  absl::Status Run();

 private:
  struct Folder {
    std::unique_ptr<TreeFolder> handle;
    std::string path;       // as the pattern says it; "" for the root
    std::string real_path;  // without symbolic links
    uint32_t depth = 0;
    bool hidden = false;  // the system does not show it, or one above it
    // The same folder as the system shows it, once somebody asked; of options.as_shown_by.
    std::optional<std::unique_ptr<TreeFolder>> shown;
  };

  absl::Status WalkFolder(Folder& folder, const PatternStates& states);
  absl::Status WalkListed(Folder& folder, const PatternStates& states);
  absl::Status Visit(Folder& folder, const PatternStates& states, TreeEntry entry, bool listed);
  // Metadata of what is only a name so far, and whether the running system shows it. False where it is dealt with.
  absl::StatusOr<bool> Describe(Folder& folder, const PatternStates& next, WalkedEntry& walked);
  absl::Status VisitFound(Folder& folder, const PatternStates& next, WalkedEntry& walked);
  absl::Status VisitFolder(Folder& parent, const PatternStates& next, WalkedEntry& walked);
  // As hozen::ResolveFolder; past the system where that denies it and there is another way.
  std::optional<ResolvedFolder> ResolveOrDetour(const std::vector<std::string>& parts, v1::Failure& failure);
  absl::Status EnterLink(Folder& parent, const PatternStates& next, const WalkedEntry& walked);
  absl::StatusOr<std::unique_ptr<TreeFolder>> OpenOrDetour(Folder& parent, const WalkedEntry& walked);
  absl::Status TakeOtherwise(const Folder& folder, const PatternStates& next, WalkedEntry walked, bool hidden,
                             v1::Failure failure);
  absl::Status RecordLink(Folder& folder, WalkedEntry& walked);
  absl::Status FollowLink(std::string real_folder, std::string target);

  bool IsHidden(Folder& folder, const WalkedEntry& walked);
  bool IsSeenOtherwise(const WalkedEntry& walked) const;
  bool IsAncestor(const v1::FileMetadata& folder) const;
  bool WasEntered(const Folder& parent, const v1::FileMetadata& folder);
  bool CrossesIntoUnknown(const Folder& parent, const v1::FileMetadata& folder, const std::string& real_path) const;

  FileTree& tree_;
  const Glob& glob_;
  const WalkOptions& options_;
  Borders& borders_;
  ItemSink& sink_;
  WalkItems items_;
  std::vector<std::pair<uint64_t, uint64_t>> ancestors_;  // device and inode of the folders above
  // Of the volume that is walked, by inode. No sound one has a folder in two places, but one made to hurt may have a
  // few in so many that no walk ends.
  absl::flat_hash_set<uint64_t> entered_;
  bool answered_ = false;  // something matched, or a failure says why nothing may have
  size_t names_held_ = 0;  // in all folders under way
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_PATH_WALK_H_
