#include "agent/volume/conversation.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMaxTextBytes = 2048;
// A child that has closed its end is about to end; then its own status is what it died of, not our signal.
constexpr absl::Duration kGrace = absl::Seconds(2);

}  // namespace

Conversation::Conversation(std::unique_ptr<ChildProcess> child, const Limits& limits)
    : child_(std::move(child)), limits_(limits), end_of_life_(absl::Now() + limits.total_timeout) {}

absl::Status Conversation::Ask(MessageType type, std::string_view payload) {
  if (!ended_.ok()) return ended_;
  const absl::Status status = SendMessage(child_->socket(), type, payload, Deadline());
  return status.ok() ? status : Ended(status);
}

absl::StatusOr<Message> Conversation::Next() {
  while (ended_.ok()) {
    absl::StatusOr<Message> message = ReceiveMessage(child_->socket(), Deadline());
    if (!message.ok()) return Ended(message.status());
    if (message->type != MessageType::kStillReading) return message;
    if (absl::Now() >= end_of_life_) return Ended(absl::DeadlineExceededError(""));
  }
  return ended_;
}

absl::Status Conversation::Broken(std::string_view what) {
  return End(Concat("answered with ", what, " and was stopped"), absl::ZeroDuration());
}

void Conversation::Stop(std::string_view what) {
  // Whoever asks afterwards learns how it ended.
  const absl::Status stopped = End(Concat("was stopped ", what), absl::ZeroDuration());
  static_cast<void>(stopped);
}

absl::Time Conversation::Deadline() const { return std::min(end_of_life_, absl::Now() + limits_.answer_timeout); }

absl::Status Conversation::Ended(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) return Broken("a message that no honest one sends");
  if (!absl::IsDeadlineExceeded(status)) return End("ended", kGrace);
  if (absl::Now() >= end_of_life_) {
    return End(Concat("was at work for ", absl::FormatDuration(limits_.total_timeout), ", its limit, and was stopped"),
               absl::ZeroDuration());
  }
  return End(Concat("gave no answer for ", absl::FormatDuration(limits_.answer_timeout), " and was stopped"),
             absl::ZeroDuration());
}

absl::Status Conversation::End(std::string_view what, absl::Duration grace) {
  const std::string how = child_->Finish(grace);
  ended_ = absl::AbortedError(Concat("The volume reader ", what, ": ", how));
  return ended_;
}

absl::Status FailureIn(std::string_view payload) {
  const std::optional<uint64_t> code = TakeNumber(payload);
  const std::string text = Concat("The volume reader says: ", Printable(payload.substr(0, kMaxTextBytes)));
  if (code == static_cast<uint64_t>(absl::StatusCode::kNotFound)) return absl::NotFoundError(text);
  if (code == static_cast<uint64_t>(absl::StatusCode::kInvalidArgument)) return absl::InvalidArgumentError(text);
  return absl::DataLossError(text);
}

bool IsCleanText(std::string_view text) {
  return text.size() <= kMaxTextBytes && IsValidUtf8(text) &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

}  // namespace hozen
