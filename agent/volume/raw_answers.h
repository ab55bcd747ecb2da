// A volume reader's answers to questions about files that are read raw. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_RAW_ANSWERS_H_
#define HOZEN_AGENT_VOLUME_RAW_ANSWERS_H_

#include <string_view>

#include "agent/platform/shared_memory.h"
#include "agent/volume/channel.h"
#include "agent/volume/raw_files.h"

namespace hozen {

// Thread-compatible. Borrows both.
class RawAnswers {
 public:
  RawAnswers(DiskImage& disk, SharedMemory& shared) : files_(disk), shared_(shared) {}

  // Whether it is one of these questions.
  static bool Knows(MessageType question);

  // Says the answer. False where that was not asked as agreed.
  bool Answer(MessageType question, std::string_view payload);

 private:
  bool Folder(std::string_view payload);
  bool Find(std::string_view payload);
  bool Describe(std::string_view payload);
  bool Attribute(std::string_view payload);
  bool FileSystem(std::string_view payload);
  bool Orphans(std::string_view payload);

  RawFiles files_;
  SharedMemory& shared_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_RAW_ANSWERS_H_
