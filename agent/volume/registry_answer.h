// A volume reader's answer to a question about a registry. The child's side only.
#ifndef HOZEN_AGENT_VOLUME_REGISTRY_ANSWER_H_
#define HOZEN_AGENT_VOLUME_REGISTRY_ANSWER_H_

#include <string_view>

#include "agent/volume/raw_files.h"

namespace hozen {

// Says the answer. False where that was not asked as agreed. Thread-compatible.
bool AnswerRegistry(std::string_view payload, RawFiles& files);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_REGISTRY_ANSWER_H_
