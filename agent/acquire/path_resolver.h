// The fixed part of a pattern: folders that were named, reached as people mean it, through symbolic links on the way
// (/var/run is /run), and never out of the root that was given.
#ifndef HOZEN_AGENT_ACQUIRE_PATH_RESOLVER_H_
#define HOZEN_AGENT_ACQUIRE_PATH_RESOLVER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/acquire/borders.h"
#include "core/base/unique_fd.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct ResolvedFolder {
  UniqueFd fd;
  v1::FileMetadata metadata;
  std::string real_path;  // "" for the root, else "/a/b"
  bool access_time_kept = true;
};

// The parts of a path: without empty ones and ".".
std::vector<std::string> PathParts(std::string_view path);

// Opens the folder that `parts` lead to; parts may be "..", links are followed (40 at most), each folder on the way is
// asked of `borders`. Without a value, `failure` says why: NOT_FOUND also where a part is no folder. Thread-safe.
std::optional<ResolvedFolder> ResolveFolder(const std::string& root, const std::vector<std::string>& parts,
                                            const Borders& borders, v1::Failure& failure);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_PATH_RESOLVER_H_
