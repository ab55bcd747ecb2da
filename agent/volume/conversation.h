// The agent's side of talking with a volume reader: questions, the pieces of their answers, and how it ends.
#ifndef HOZEN_AGENT_VOLUME_CONVERSATION_H_
#define HOZEN_AGENT_VOLUME_CONVERSATION_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/platform/child_process.h"
#include "agent/volume/channel.h"

namespace hozen {

// Thread-compatible. Once the child died, did not answer in time or was stopped, every call is Aborted with how it
// ended.
class Conversation {
 public:
  struct Limits {
    absl::Duration answer_timeout;  // for the next piece of an answer
    absl::Duration total_timeout;   // of the child's life
  };
  Conversation(std::unique_ptr<ChildProcess> child, const Limits& limits);

  absl::Status Ask(MessageType type, std::string_view payload);

  // The next message that is part of an answer.
  absl::StatusOr<Message> Next();

  // Ends a child that says what cannot be; the text goes on "answered with ...".
  absl::Status Broken(std::string_view what);

  // Ends a child in the middle of an answer, because its asker wants no more of it.
  void Stop(std::string_view what);

 private:
  absl::Time Deadline() const;
  absl::Status Ended(const absl::Status& status);
  absl::Status End(std::string_view what, absl::Duration grace);

  const std::unique_ptr<ChildProcess> child_;
  const Limits limits_;
  const absl::Time end_of_life_;
  absl::Status ended_;
};

// What a kFailed says. Only what a child may have to say; its words, not its choice of what happens to us.
absl::Status FailureIn(std::string_view payload);

// UTF-8 without control characters, of at most 2 KiB.
bool IsCleanText(std::string_view text);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_CONVERSATION_H_
