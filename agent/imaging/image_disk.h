// A whole disk as an item: its partitions and file systems as libtsk's child sees them, a listing of each file system
// where the plan asks for it, and every sector in order.
#ifndef HOZEN_AGENT_IMAGING_IMAGE_DISK_H_
#define HOZEN_AGENT_IMAGING_IMAGE_DISK_H_

#include "absl/status/statusor.h"
#include "agent/acquire/acquire.h"
#include "agent/acquire/item_sink.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// The disk may be a block device, a regular file, or the first file of a container (E01, VMDK, VHD, qcow2, split): then
// the item is the disk in it. A container that cannot be read as one is an Item with STATE_FAILED that says what to do.
// One that is not there, is a folder or cannot be opened is an Item with STATE_FAILED; so is what local policy refuses
// and what lies in the agent's own state folder. A volume reader that dies is a note in the disk's metadata; the disk
// is taken all the same.
absl::StatusOr<v1::TargetOutcome> ImageDisk(const v1::Target& target, const AcquireOptions& options, ItemSink& sink);

}  // namespace hozen

#endif  // HOZEN_AGENT_IMAGING_IMAGE_DISK_H_
