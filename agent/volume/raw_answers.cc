#include "agent/volume/raw_answers.h"

#include <optional>
#include <string>

#include "agent/volume/child_voice.h"
#include "agent/volume/raw_messages.h"
#include "agent/volume/registry_answer.h"

namespace hozen {
namespace {

// Entries on their way, in as few messages as hold them.
class Batch {
 public:
  void Add(const v1::RawEntry& entry) {
    const size_t before = payload_.size();
    AppendEntry(entry, payload_);
    if (payload_.size() <= kMaxListingPieceBytes) return;
    Say(MessageType::kEntries, std::string_view(payload_).substr(0, before));
    payload_.erase(0, before);
  }

  void End(const absl::Status& status) {
    if (!payload_.empty()) Say(MessageType::kEntries, payload_);
    if (!status.ok()) return SayFailed(status);
    Say(MessageType::kEntriesEnd, "");
  }

 private:
  std::string payload_;
};

void SayEntry(const absl::StatusOr<v1::RawEntry>& entry) {
  if (!entry.ok()) return SayFailed(entry.status());
  std::string payload;
  AppendEntry(*entry, payload);
  Say(MessageType::kEntries, payload);
}

}  // namespace

bool RawAnswers::Knows(MessageType question) {
  switch (question) {
    case MessageType::kFolder:
    case MessageType::kFind:
    case MessageType::kDescribe:
    case MessageType::kAttribute:
    case MessageType::kFileSystem:
    case MessageType::kOrphans:
    case MessageType::kRegistry:
      return true;
    default:
      return false;
  }
}

bool RawAnswers::Answer(MessageType question, std::string_view payload) {
  switch (question) {
    case MessageType::kFolder:
      return Folder(payload);
    case MessageType::kFind:
      return Find(payload);
    case MessageType::kDescribe:
      return Describe(payload);
    case MessageType::kAttribute:
      return Attribute(payload);
    case MessageType::kFileSystem:
      return FileSystem(payload);
    case MessageType::kOrphans:
      return Orphans(payload);
    case MessageType::kRegistry:
      return AnswerRegistry(payload, files_);
    default:
      return false;
  }
}

bool RawAnswers::Folder(std::string_view payload) {
  RawFileId folder;
  RawFolderOptions options;
  if (!TakeFile(payload, folder) || !TakeFolderOptions(payload, options)) return false;
  Batch batch;
  batch.End(files_.ReadFolder(folder, options, [&](const v1::RawEntry& entry) { batch.Add(entry); }));
  return true;
}

bool RawAnswers::Find(std::string_view payload) {
  RawFileId folder;
  if (!TakeFile(payload, folder)) return false;
  SayEntry(files_.FindEntry(folder, payload));
  return true;
}

bool RawAnswers::Describe(std::string_view payload) {
  RawFileId file;
  if (!TakeFile(payload, file)) return false;
  SayEntry(files_.DescribeFile(file));
  return true;
}

bool RawAnswers::Attribute(std::string_view payload) {
  AttributeQuery query;
  if (!TakeAttributeQuery(payload, query) || query.size_bytes > shared_.size_bytes()) return false;
  const absl::StatusOr<size_t> size = files_.ReadAttribute(query.file, query.attribute, query.offset_bytes,
                                                           shared_.writable().subspan(0, query.size_bytes));
  if (!size.ok()) {
    SayFailed(size.status());
    return true;
  }
  std::string answer;
  AppendNumber(answer, *size);
  Say(MessageType::kBytes, answer);
  return true;
}

bool RawAnswers::FileSystem(std::string_view payload) {
  const std::optional<uint64_t> offset_bytes = TakeNumber(payload);
  if (!offset_bytes.has_value()) return false;
  const absl::StatusOr<RawFileSystem> system = files_.DescribeFileSystem(*offset_bytes);
  if (!system.ok()) {
    SayFailed(system.status());
    return true;
  }
  std::string answer;
  AppendFileSystem(*system, answer);
  Say(MessageType::kFileSystemIs, answer);
  return true;
}

bool RawAnswers::Orphans(std::string_view payload) {
  const std::optional<uint64_t> offset_bytes = TakeNumber(payload);
  RawFolderOptions options;
  if (!offset_bytes.has_value() || !TakeFolderOptions(payload, options)) return false;
  Batch batch;
  batch.End(files_.ReadOrphans(*offset_bytes, options, [&](const v1::RawEntry& entry) { batch.Add(entry); }));
  return true;
}

}  // namespace hozen
