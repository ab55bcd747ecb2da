// Which runs of a disk belong to which file, and which nobody uses, as libtsk sees it. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_FILE_RUNS_H_
#define HOZEN_AGENT_VOLUME_FILE_RUNS_H_

#include "absl/status/statusor.h"
#include "agent/volume/disk_image.h"
#include "agent/volume/found_runs.h"

namespace hozen {

// The runs of every allocated file and folder, and of the file system's own metadata. Memory is bounded by most_runs:
// where there are more, those that begin first. A rank is given by ValueRanks. NotFound where no file system is
// recognised; DataLoss where its files could not be gone through to the end.
absl::StatusOr<FoundRuns<FileRun>> FindFileRuns(DiskImage& disk, const RunQuery& query);

// What the file system says that nobody uses, in whole blocks; codes as above. `valuable_only` means nothing here.
absl::StatusOr<FoundRuns<ByteRange>> FindFreeRuns(DiskImage& disk, const RunQuery& query);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_FILE_RUNS_H_
