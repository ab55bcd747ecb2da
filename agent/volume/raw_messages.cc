#include "agent/volume/raw_messages.h"

#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "agent/volume/channel.h"
#include "agent/volume/conversation.h"

namespace hozen {
namespace {

constexpr size_t kMostNameBytes = 4096;
constexpr size_t kMostAttributes = 8192;
constexpr uint64_t kMostBytes = std::numeric_limits<int64_t>::max();
constexpr uint32_t kMostAttributeId = 0xFFFF;
constexpr uint64_t kMostBlockBytes = uint64_t{1} << 30;

bool Take(std::string_view& payload, uint64_t& number) {
  const std::optional<uint64_t> taken = TakeNumber(payload);
  if (taken.has_value()) number = *taken;
  return taken.has_value();
}

bool Take(std::string_view& payload, uint32_t& number) {
  const std::optional<uint64_t> taken = TakeNumber(payload);
  if (!taken.has_value() || *taken > std::numeric_limits<uint32_t>::max()) return false;
  number = static_cast<uint32_t>(*taken);
  return true;
}

void AppendBytes(std::string_view bytes, std::string& payload) {
  AppendNumber(payload, bytes.size());
  payload.append(bytes);
}

bool TakeBytes(std::string_view& payload, std::string_view& bytes) {
  uint64_t size = 0;
  if (!Take(payload, size) || size > payload.size()) return false;
  bytes = payload.substr(0, static_cast<size_t>(size));
  payload.remove_prefix(bytes.size());
  return true;
}

bool TakeText(std::string_view& payload, std::string& text) {
  std::string_view bytes;
  if (!TakeBytes(payload, bytes) || !IsCleanText(bytes)) return false;
  text = bytes;
  return true;
}

bool IsPartOfAPath(std::string_view name) {
  return !name.empty() && name.size() <= kMostNameBytes && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

// A child is the same program as its agent, so it has no fields that the agent does not know.
// Asking costs less than dropping what is not known.
bool IsKnown(const google::protobuf::Message& message) {
  return message.GetReflection()->GetUnknownFields(message).empty();
}

bool CanBe(const v1::RawAttribute& attribute) {
  const v1::AttributeMetadata& metadata = attribute.attribute();
  return IsKnown(attribute) && IsKnown(metadata) && metadata.id() <= kMostAttributeId &&
         metadata.name().size() <= kMostNameBytes && attribute.size_bytes() <= kMostBytes &&
         attribute.overwritten_bytes() <= kMostBytes && metadata.skipped_bytes() <= attribute.size_bytes();
}

bool CanBe(const v1::RawEntry& entry) {
  if (entry.allocation() != v1::ALLOCATION_ALLOCATED && entry.allocation() != v1::ALLOCATION_DELETED &&
      entry.allocation() != v1::ALLOCATION_REALLOCATED) {
    return false;
  }
  const v1::FileMetadata& file = entry.file();
  return IsKnown(entry) && IsKnown(file) && file.size_bytes() <= kMostBytes && file.allocated_bytes() <= kMostBytes &&
         file.link_target().size() <= kMostNameBytes && entry.attributes_size() <= static_cast<int>(kMostAttributes) &&
         std::all_of(entry.attributes().begin(), entry.attributes().end(),
                     [](const v1::RawAttribute& attribute) { return CanBe(attribute); }) &&
         IsCleanText(entry.problem());
}

}  // namespace

void AppendFile(const RawFileId& file, std::string& payload) {
  AppendNumber(payload, file.file_system_offset_bytes);
  AppendNumber(payload, file.address);
}

bool TakeFile(std::string_view& payload, RawFileId& file) {
  return Take(payload, file.file_system_offset_bytes) && Take(payload, file.address);
}

void AppendFolderOptions(const RawFolderOptions& options, std::string& payload) {
  AppendNumber(payload, options.deleted ? 1 : 0);
  AppendNumber(payload, options.first);
  AppendNumber(payload, options.most);
}

bool TakeFolderOptions(std::string_view& payload, RawFolderOptions& options) {
  uint64_t deleted = 0;
  if (!Take(payload, deleted) || !Take(payload, options.first) || !Take(payload, options.most)) return false;
  options.deleted = deleted != 0;
  return true;
}

void AppendAttributeQuery(const AttributeQuery& query, std::string& payload) {
  AppendFile(query.file, payload);
  AppendNumber(payload, query.attribute.type);
  AppendNumber(payload, query.attribute.id);
  AppendNumber(payload, query.offset_bytes);
  AppendNumber(payload, query.size_bytes);
}

bool TakeAttributeQuery(std::string_view& payload, AttributeQuery& query) {
  return TakeFile(payload, query.file) && Take(payload, query.attribute.type) && Take(payload, query.attribute.id) &&
         Take(payload, query.offset_bytes) && Take(payload, query.size_bytes);
}

void AppendEntry(const v1::RawEntry& entry, std::string& payload) {
  const size_t size = entry.ByteSizeLong();
  if (size > kMostEntryBytes - sizeof(uint64_t)) {
    v1::RawEntry bare = entry;
    bare.clear_attributes();
    bare.set_problem("it has more to tell than one message holds");
    return AppendEntry(bare, payload);
  }
  AppendNumber(payload, size);
  entry.AppendToString(&payload);
}

bool TakeEntry(std::string_view& payload, RawName name, v1::RawEntry& entry) {
  std::string_view bytes;
  if (!TakeBytes(payload, bytes) || !entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  const bool name_fits = name == RawName::kUnnamed ? entry.name().empty() : IsPartOfAPath(entry.name());
  return name_fits && CanBe(entry);
}

void AppendFileSystem(const RawFileSystem& system, std::string& payload) {
  AppendNumber(payload, system.block_size_bytes);
  AppendNumber(payload, system.ignores_case ? 1 : 0);
  for (const std::string* text : {&system.type, &system.label, &system.uuid}) AppendBytes(*text, payload);
}

bool TakeFileSystem(std::string_view& payload, RawFileSystem& system) {
  uint64_t ignores_case = 0;
  if (!Take(payload, system.block_size_bytes) || !Take(payload, ignores_case) || system.block_size_bytes == 0 ||
      system.block_size_bytes > kMostBlockBytes) {
    return false;
  }
  system.ignores_case = ignores_case != 0;
  return TakeText(payload, system.type) && TakeText(payload, system.label) && TakeText(payload, system.uuid);
}

}  // namespace hozen
