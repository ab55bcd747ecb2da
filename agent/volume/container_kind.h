// The kinds of files that hold a disk.
#ifndef HOZEN_AGENT_VOLUME_CONTAINER_KIND_H_
#define HOZEN_AGENT_VOLUME_CONTAINER_KIND_H_

#include <cstdint>
#include <string_view>

namespace hozen {

// Numbers go over the channel to the child.
enum class ContainerKind : uint8_t {
  kPlain = 0,  // a device, or a file whose bytes are the disk's
  kSplit = 1,  // the same in pieces
  kEwf = 2,    // EnCase's E01, SMART's s01
  kVmdk = 3,   // in one file
  kVhd = 4,
  kQcow = 5,
  // A VMDK whose descriptor x.vmdk stands beside its extents:
  kVmdkFlat = 6,          // x-flat.vmdk
  kVmdkFlatPieces = 7,    // x-f001.vmdk, x-f002.vmdk, ...
  kVmdkSparsePieces = 8,  // x-s001.vmdk, x-s002.vmdk, ...
};
inline constexpr uint8_t kLastContainerKind = static_cast<uint8_t>(ContainerKind::kVmdkSparsePieces);

// As v1::DiskMetadata has it; empty for kPlain. Thread-safe.
constexpr std::string_view NameOf(ContainerKind kind) {
  switch (kind) {
    case ContainerKind::kSplit:
      return "split";
    case ContainerKind::kEwf:
      return "ewf";
    case ContainerKind::kVmdk:
    case ContainerKind::kVmdkFlat:
    case ContainerKind::kVmdkFlatPieces:
    case ContainerKind::kVmdkSparsePieces:
      return "vmdk";
    case ContainerKind::kVhd:
      return "vhd";
    case ContainerKind::kQcow:
      return "qcow";
    case ContainerKind::kPlain:
      break;
  }
  return "";
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_CONTAINER_KIND_H_
