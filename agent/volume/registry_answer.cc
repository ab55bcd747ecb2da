#include "agent/volume/registry_answer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "agent/volume/channel.h"
#include "agent/volume/child_voice.h"
#include "agent/volume/raw_messages.h"
#include "agent/volume/registry_hive.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kReadBytes = 1 << 20;

bool TakeQuery(std::string_view payload, RegistryQuery& query) {
  AttributeQuery attribute;
  if (!TakeAttributeQuery(payload, attribute)) return false;
  query.hive = attribute.file;
  query.attribute = attribute.attribute;
  const std::optional<uint64_t> logs = TakeNumber(payload);
  if (!logs.has_value() || *logs > kMaxHiveLogs) return false;
  for (uint64_t i = 0; i < *logs; ++i) {
    if (!TakeFile(payload, query.logs.emplace_back())) return false;
  }
  const std::optional<uint64_t> has_value = TakeNumber(payload);
  const std::optional<uint64_t> value_bytes = TakeNumber(payload);
  if (!value_bytes.has_value() || *value_bytes > payload.size()) return false;
  if (*has_value != 0) query.value = std::string(payload.substr(0, static_cast<size_t>(*value_bytes)));
  query.key = std::string(payload.substr(static_cast<size_t>(*value_bytes)));
  return true;
}

// So that a long file is not copied while it grows; only a hint.
uint64_t LikelySize(const RawFileId& file, const RawAttributeId& attribute, RawFiles& files) {
  const absl::StatusOr<v1::RawEntry> entry = files.DescribeFile(file);
  uint64_t size_bytes = 0;
  if (!entry.ok()) return size_bytes;
  const bool any = attribute.type == 0 && attribute.id == 0;
  for (const v1::RawAttribute& one : entry->attributes()) {
    const bool is_meant = any || (one.attribute().type() == attribute.type && one.attribute().id() == attribute.id);
    if (is_meant) size_bytes = std::max(size_bytes, one.size_bytes());
  }
  return size_bytes;
}

absl::StatusOr<std::string> ReadWhole(const RawFileId& file, const RawAttributeId& attribute, uint64_t most_bytes,
                                      RawFiles& files) {
  std::string bytes;
  bytes.reserve(std::min(LikelySize(file, attribute, files), most_bytes) + kReadBytes);
  while (bytes.size() <= most_bytes) {
    const size_t before = bytes.size();
    bytes.resize(before + kReadBytes);
    HOZEN_ASSIGN_OR_RETURN(const size_t read,
                           files.ReadAttribute(file, attribute, before, absl::MakeSpan(&bytes[before], kReadBytes)));
    bytes.resize(before + read);
    if (read < kReadBytes) return bytes;
  }
  return absl::DataLossError(Concat("it is longer than ", most_bytes >> 20, " MiB"));
}

absl::StatusOr<HiveFiles> ReadHiveFiles(const RegistryQuery& query, RawFiles& files) {
  HiveFiles read;
  HOZEN_ASSIGN_OR_RETURN(read.hive, ReadWhole(query.hive, query.attribute, kMaxHiveBytes, files));
  for (const RawFileId& log : query.logs) {
    // Without it less can be replayed, which the end says.
    absl::StatusOr<std::string> bytes = ReadWhole(log, {}, kMaxHiveLogBytes, files);
    if (bytes.ok()) read.logs.push_back(*std::move(bytes));
  }
  return read;
}

// Records, each preceded by its length, in pieces that do not care where one ends.
class Pieces {
 public:
  void Add(const v1::RegistryKey& key) {
    const std::string record = key.SerializeAsString();
    AppendNumber(held_, record.size());
    held_ += record;
    if (held_.size() >= kMaxListingPieceBytes) Flush();
  }

  void Flush() {
    for (std::string_view rest = held_; !rest.empty();) {
      const std::string_view piece = rest.substr(0, kMaxListingPieceBytes);
      Say(MessageType::kHiveBytes, piece);
      rest.remove_prefix(piece.size());
    }
    held_.clear();
  }

 private:
  std::string held_;
};

}  // namespace

bool AnswerRegistry(std::string_view payload, RawFiles& files) {
  RegistryQuery query;
  if (!TakeQuery(payload, query)) return false;
  absl::StatusOr<HiveFiles> hive = ReadHiveFiles(query, files);
  if (!hive.ok()) {
    SayFailed(hive.status());
    return true;
  }
  Pieces pieces;
  const absl::StatusOr<RegistryEnd> end =
      WalkHive(*std::move(hive), query.key, query.value, [&pieces](const v1::RegistryKey& key) {
        pieces.Add(key);
        return absl::OkStatus();
      });
  pieces.Flush();
  if (!end.ok()) {
    SayFailed(end.status());
    return true;
  }
  std::string answer;
  AppendNumber(answer, end->keys);
  AppendNumber(answer, end->errors);
  AppendNumber(answer, end->dirty ? 1 : 0);
  AppendNumber(answer, end->log_entries);
  Say(MessageType::kHiveEnd, answer);
  return true;
}

}  // namespace hozen
