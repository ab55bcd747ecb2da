// One pattern carried out: from its fixed part down, everything that matches goes to the sink.
#ifndef HOZEN_AGENT_ACQUIRE_PATH_WALK_H_
#define HOZEN_AGENT_ACQUIRE_PATH_WALK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "agent/acquire/borders.h"
#include "agent/acquire/item_sink.h"
#include "agent/acquire/path_resolver.h"
#include "agent/acquire/pattern_states.h"
#include "agent/platform/file_access.h"
#include "core/base/unique_fd.h"
#include "core/plan/glob.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Deeper than this no walk goes: every folder on the way stays open.
inline constexpr uint32_t kMaxWalkDepth = 512;

struct WalkOptions {
  uint32_t target_index = 0;
  std::string artifact;
  std::string root;
  uint32_t depth = kMaxWalkDepth;
  bool contents = true;        // false: metadata only
  bool named_by_hand = false;  // what is named and is not there is an item that failed
};

// Summed over the patterns of a target.
struct WalkTally {
  uint64_t matched = 0;
  uint64_t touched = 0;  // access times that may be new
  std::string first_touched;
};

// Thread-compatible; used once. Everything that it is given must outlive it.
class PathWalk {
 public:
  PathWalk(const Glob& glob, const WalkOptions& options, Borders& borders, ItemSink& sink, WalkTally& tally)
      : glob_(glob), options_(options), borders_(borders), sink_(sink), tally_(tally) {}

  // An error is the sink's.
  absl::Status Run();

 private:
  struct Folder {
    UniqueFd fd;
    std::string path;       // as the pattern says it; "" for the root
    std::string real_path;  // without symbolic links
    v1::FileMetadata metadata;
    uint32_t depth = 0;
  };
  // One name in a folder, as the pattern sees it.
  struct Entry {
    std::string name;
    std::string path;
    std::string real_path;
    FileType type = FileType::kUnknown;
    bool matched = false;
    bool listed = false;  // seen in the folder, not just asked for by name
  };

  absl::Status WalkFolder(const Folder& folder, const PatternStates& states);
  absl::Status WalkListed(const Folder& folder, const PatternStates& states);
  absl::Status Visit(const Folder& folder, const PatternStates& states, std::string name, FileType type, bool listed);
  absl::Status VisitFound(const Folder& folder, const PatternStates& next, const Entry& entry,
                          v1::FileMetadata metadata);
  absl::Status VisitFolder(const Folder& parent, const PatternStates& next, const Entry& entry,
                           v1::FileMetadata metadata);
  absl::Status RecordLink(const Folder& folder, const Entry& entry, v1::FileMetadata metadata);
  absl::Status FollowLink(std::string real_folder, std::string target);
  absl::Status TakeFile(int folder, const Entry& entry, v1::FileMetadata metadata);

  bool IsAncestor(const v1::FileMetadata& folder) const;
  bool CrossesIntoUnknown(const Folder& parent, const v1::FileMetadata& folder, const std::string& real_path) const;
  v1::Item NewItem(const std::string& path, v1::Item::Kind kind) const;
  absl::Status RecordComplete(const Entry& entry, v1::Item::Kind kind, v1::FileMetadata metadata);
  absl::Status RecordFailed(const std::string& path, v1::Item::Kind kind, v1::Failure failure,
                            const v1::FileMetadata* metadata);
  void Touched(const std::string& path, const std::string& real_path);

  const Glob& glob_;
  const WalkOptions& options_;
  Borders& borders_;
  ItemSink& sink_;
  WalkTally& tally_;
  std::vector<std::pair<uint64_t, uint64_t>> ancestors_;  // device and inode of the folders above
  size_t names_held_ = 0;                                 // in all folders under way
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_PATH_WALK_H_
