#include "agent/volume/registry_question.h"

#include <optional>
#include <string>
#include <string_view>

#include "agent/volume/channel.h"
#include "agent/volume/raw_messages.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMostQuestionBytes = 16 << 10;
constexpr size_t kMostPathBytes = 256 << 10;
constexpr uint64_t kMostAnswerBytes = uint64_t{4} << 30;

bool CanBe(const v1::RegistryKey& key) {
  if (key.path().size() > kMostPathBytes || !IsCleanText(key.problem())) return false;
  for (const v1::RegistryValue& value : key.values()) {
    if (value.data().size() > kMaxRegistryValueBytes || value.data().size() > value.size_bytes() ||
        !IsCleanText(value.problem())) {
      return false;
    }
  }
  return true;
}

// Records out of pieces.
class Records {
 public:
  Records(Conversation& child, const OnRegistryKey& on_key) : child_(child), on_key_(on_key) {}

  absl::Status Take(std::string_view piece) {
    answer_bytes_ += piece.size();
    if (answer_bytes_ > kMostAnswerBytes) return child_.Broken("more of a registry than there can be");
    held_ += piece;
    std::string_view rest = held_;
    while (true) {
      std::string_view record = rest;
      const std::optional<uint64_t> size = TakeNumber(record);
      if (!size.has_value()) break;
      if (*size > kMaxRegistryKeyBytes) return child_.Broken("a key that is too long");
      if (*size > record.size()) break;
      HOZEN_RETURN_IF_ERROR(HandOn(record.substr(0, static_cast<size_t>(*size))));
      rest = record.substr(static_cast<size_t>(*size));
    }
    held_.erase(0, held_.size() - rest.size());
    return absl::OkStatus();
  }

  absl::StatusOr<RegistryEnd> End(std::string_view payload) {
    const std::optional<uint64_t> keys = TakeNumber(payload);
    const std::optional<uint64_t> errors = TakeNumber(payload);
    const std::optional<uint64_t> dirty = TakeNumber(payload);
    const std::optional<uint64_t> log_entries = TakeNumber(payload);
    if (!log_entries.has_value() || !payload.empty() || !held_.empty() || *keys > records_) {
      return child_.Broken("an end of a registry that is none");
    }
    return RegistryEnd{.keys = *keys, .errors = *errors, .dirty = *dirty != 0, .log_entries = *log_entries};
  }

 private:
  absl::Status HandOn(std::string_view record) {
    v1::RegistryKey key;
    if (!key.ParseFromArray(record.data(), static_cast<int>(record.size())) || !CanBe(key)) {
      return child_.Broken("a key that cannot be");
    }
    key.DiscardUnknownFields();
    ++records_;
    absl::Status status = on_key_(key);
    if (!status.ok()) child_.Stop("in the middle of a registry");
    return status;
  }

  Conversation& child_;
  const OnRegistryKey& on_key_;
  std::string held_;
  uint64_t records_ = 0;
  uint64_t answer_bytes_ = 0;
};

}  // namespace

absl::StatusOr<RegistryEnd> AskRegistry(Conversation& child, const RegistryQuery& query, const OnRegistryKey& on_key) {
  if (query.logs.size() > kMaxHiveLogs) return absl::InvalidArgumentError("Reading a registry: a hive has three logs");
  const std::string value = query.value.value_or("");
  std::string payload;
  AppendAttributeQuery({.file = query.hive, .attribute = query.attribute}, payload);
  AppendNumber(payload, query.logs.size());
  for (const RawFileId& log : query.logs) AppendFile(log, payload);
  AppendNumber(payload, query.value.has_value() ? 1 : 0);
  AppendNumber(payload, value.size());
  payload += value + query.key;
  if (payload.size() > kMostQuestionBytes) {
    return absl::InvalidArgumentError("Reading a registry: the key or the value's name is too long");
  }
  HOZEN_RETURN_IF_ERROR(child.Ask(MessageType::kRegistry, payload));
  Records records(child, on_key);
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const Message answer, child.Next());
    if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
    if (answer.type == MessageType::kHiveEnd) return records.End(answer.payload);
    if (answer.type != MessageType::kHiveBytes) return child.Broken("something else than a registry");
    HOZEN_RETURN_IF_ERROR(records.Take(answer.payload));
  }
}

}  // namespace hozen
