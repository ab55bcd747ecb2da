// Where a symbolic link or a junction leads, as parts of a path in its tree.
#ifndef HOZEN_AGENT_ACQUIRE_LINK_WAY_H_
#define HOZEN_AGENT_ACQUIRE_LINK_WAY_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/acquire/borders.h"
#include "agent/acquire/file_tree.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct LinkWay {
  enum class Start {
    kFolder,  // the one that the link lies in
    kDrive,   // the root of the drive that it lies on; the root where there are no drives
    kRoot,    // where paths begin; the first part is a drive or a device where there are such
  };
  Start start = Start::kFolder;
  std::vector<std::string> parts;  // may be ".."
};

// `target` as the link has it, of Windows also with what only the system writes: "\??\D:\Users", "\??\Volume{...}\".
// Without a value, `failure` says why nothing is followed: CAUSE_REMOTE_FILE_SYSTEM where it leads to another machine,
// CAUSE_NOT_SUPPORTED where it leads to a volume that this tree does not have. Asks the tree's root whether a drive is
// there, and of one that `borders` knows as another machine's not even that. Thread-compatible.
std::optional<LinkWay> WayOfLink(FileTree& tree, const Borders& borders, std::string_view target, v1::Failure& failure);

// The same from where paths begin, of a link in this folder.
std::vector<std::string> PartsFromRoot(LinkWay way, std::string_view real_folder, char separator);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_LINK_WAY_H_
