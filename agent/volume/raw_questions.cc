#include "agent/volume/raw_questions.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMostNameBytes = 4096;

}  // namespace

absl::Status RawQuestions::ReadFolder(const RawFileId& folder, const RawFolderOptions& options,
                                      const OnEntries& on_entries) {
  std::string payload;
  AppendFile(folder, payload);
  AppendFolderOptions(options, payload);
  HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kFolder, payload));
  return TakeEntries(on_entries);
}

absl::StatusOr<v1::RawEntry> RawQuestions::FindEntry(const RawFileId& folder, std::string_view name) {
  if (name.size() > kMostNameBytes) return absl::NotFoundError("No file system has names that long");
  std::string payload;
  AppendFile(folder, payload);
  payload.append(name);
  HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kFind, payload));
  return TakeOneEntry(RawName::kNamed);
}

absl::StatusOr<v1::RawEntry> RawQuestions::DescribeFile(const RawFileId& file) {
  std::string payload;
  AppendFile(file, payload);
  HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kDescribe, payload));
  return TakeOneEntry(RawName::kUnnamed);
}

absl::StatusOr<size_t> RawQuestions::ReadAttribute(const RawFileId& file, const RawAttributeId& attribute,
                                                   uint64_t offset_bytes, absl::Span<char> buffer) {
  const uint64_t wanted = std::min(buffer.size(), shared_.size_bytes());
  std::string payload;
  AppendAttributeQuery({.file = file, .attribute = attribute, .offset_bytes = offset_bytes, .size_bytes = wanted},
                       payload);
  HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kAttribute, payload));
  HOZEN_ASSIGN_OR_RETURN(const Message answer, child_.Next());
  if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
  std::string_view text = answer.payload;
  const std::optional<uint64_t> size = TakeNumber(text);
  if (answer.type != MessageType::kBytes || !size.has_value() || *size > wanted || !text.empty()) {
    return child_.Broken("something else than the bytes of an attribute");
  }
  std::memcpy(buffer.data(), shared_.data(), static_cast<size_t>(*size));
  return static_cast<size_t>(*size);
}

absl::StatusOr<RawFileSystem> RawQuestions::DescribeFileSystem(uint64_t offset_bytes) {
  std::string payload;
  AppendNumber(payload, offset_bytes);
  HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kFileSystem, payload));
  HOZEN_ASSIGN_OR_RETURN(const Message answer, child_.Next());
  if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
  std::string_view text = answer.payload;
  RawFileSystem system;
  if (answer.type != MessageType::kFileSystemIs || !TakeFileSystem(text, system) || !text.empty()) {
    return child_.Broken("a file system that cannot be");
  }
  return system;
}

absl::Status RawQuestions::ReadOrphans(uint64_t offset_bytes, const RawFolderOptions& options,
                                       const OnEntries& on_entries) {
  std::string payload;
  AppendNumber(payload, offset_bytes);
  AppendFolderOptions(options, payload);
  HOZEN_RETURN_IF_ERROR(child_.Ask(MessageType::kOrphans, payload));
  return TakeEntries(on_entries);
}

absl::Status RawQuestions::TakeEntries(const OnEntries& on_entries) {
  while (true) {
    HOZEN_ASSIGN_OR_RETURN(const Message answer, child_.Next());
    if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
    if (answer.type == MessageType::kEntriesEnd) return absl::OkStatus();
    if (answer.type != MessageType::kEntries) return child_.Broken("something else than the files of a folder");
    std::vector<v1::RawEntry> entries;
    for (std::string_view rest = answer.payload; !rest.empty();) {
      if (!TakeEntry(rest, RawName::kNamed, entries.emplace_back())) return child_.Broken("a file that cannot be");
    }
    if (absl::Status status = on_entries(std::move(entries)); !status.ok()) {
      child_.Stop("in the middle of a folder");
      return status;
    }
  }
}

absl::StatusOr<v1::RawEntry> RawQuestions::TakeOneEntry(RawName name) {
  HOZEN_ASSIGN_OR_RETURN(const Message answer, child_.Next());
  if (answer.type == MessageType::kFailed) return FailureIn(answer.payload);
  std::string_view text = answer.payload;
  v1::RawEntry entry;
  if (answer.type != MessageType::kEntries || !TakeEntry(text, name, entry) || !text.empty()) {
    return child_.Broken("a file that cannot be");
  }
  return entry;
}

}  // namespace hozen
