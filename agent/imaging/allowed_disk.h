// Opening what a plan names as a disk: it may be any file, so the host's rules for files hold.
#ifndef HOZEN_AGENT_IMAGING_ALLOWED_DISK_H_
#define HOZEN_AGENT_IMAGING_ALLOWED_DISK_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/platform/disk.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

struct HostRules {
  std::vector<std::string> refused_paths;  // local policy's globs
  std::string state_folder;                // the agent's own
  std::string root;                        // prefix of every path that is opened; empty but in tests
};

// Thread-safe. Errors as OpenDisk; where the host refuses it, PermissionDenied and `refused` says why.
absl::StatusOr<OpenedDisk> OpenAllowedDisk(const std::string& path, const HostRules& rules,
                                           std::optional<v1::Failure>& refused);

// As an item has it.
v1::FileMetadata MetadataOf(const OpenedDisk& disk);

}  // namespace hozen

#endif  // HOZEN_AGENT_IMAGING_ALLOWED_DISK_H_
