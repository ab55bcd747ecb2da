// The child's side of VolumeReader.
#ifndef HOZEN_AGENT_VOLUME_VOLUME_READER_MAIN_H_
#define HOZEN_AGENT_VOLUME_VOLUME_READER_MAIN_H_

namespace hozen {

// All that a volume reader does: called from main before anything else is set up, in the process that VolumeReader
// started. The result is the exit status.
int VolumeReaderMain();

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_VOLUME_READER_MAIN_H_
