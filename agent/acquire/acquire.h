// One function per kind of target. Each walks or runs what its target names and gives every find to the sink; each
// returns the outcome for the manifest, or the error that the sink told it to stop with.
#ifndef HOZEN_AGENT_ACQUIRE_ACQUIRE_H_
#define HOZEN_AGENT_ACQUIRE_ACQUIRE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/acquire/item_sink.h"
#include "agent/acquire/tree_provider.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

struct AcquireOptions {
  uint32_t target_index = 0;
  uint32_t depth = 0;                      // the plan's; 0 = 512
  std::vector<std::string> refused_paths;  // local policy's globs: recorded as REFUSED_BY_POLICY, never opened
  std::string reader_executable;           // for the volume reader
  std::string state_folder;                // never collected
  std::string root;                        // prefix of every path that is opened; empty but in tests
  std::shared_ptr<TreeProvider> trees;     // beside the running system; may be null
  absl::Duration command_timeout = absl::Seconds(60);
  std::optional<int64_t> clock_offset_ns;  // this host's clock minus the collector's, where that is known
};

// Contents and metadata (FILE), metadata only (PATH), on the way that the target says (v1::Access). Patterns may hold
// %%users.homedir%% and the like; each variable is expanded from the host. Symbolic links are recorded, never
// followed below a pattern's fixed part; remote and pseudo file systems are entered only where the pattern's fixed
// part lies in them; FIFOs, sockets and devices are recorded, never opened.
absl::StatusOr<v1::TargetOutcome> AcquireFiles(const v1::Target& target, const AcquireOptions& options, ItemSink& sink);
absl::StatusOr<v1::TargetOutcome> AcquirePaths(const v1::Target& target, const AcquireOptions& options, ItemSink& sink);

// Metadata of everything below a folder, on each file system of this machine: one item of KIND_LISTING whose stream
// is a body file (core/evidence/body_line.h), made in one pass while it is read. What could not be looked at is told
// by the item's failure.
absl::StatusOr<v1::TargetOutcome> AcquireListing(const v1::Target& target, const AcquireOptions& options,
                                                 ItemSink& sink);

// Keys and values of the registry of a Windows, running or on an offline disk: an item for each hive that holds some.
absl::StatusOr<v1::TargetOutcome> AcquireRegistry(const v1::Target& target, const AcquireOptions& options,
                                                  ItemSink& sink);

// What WMI of a running Windows answers: an item of KIND_WMI for each query that the target's stands for. What has no
// such namespace or class has no item, and the outcome says so.
absl::StatusOr<v1::TargetOutcome> AcquireWmi(const v1::Target& target, const AcquireOptions& options, ItemSink& sink);

// Runs a command of the fixed list, exactly as listed, and takes its standard output.
absl::StatusOr<v1::TargetOutcome> AcquireCommand(const v1::Target& target, const AcquireOptions& options,
                                                 ItemSink& sink);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_ACQUIRE_H_
