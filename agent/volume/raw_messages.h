// Files that are read raw, in the payloads of the channel.
#ifndef HOZEN_AGENT_VOLUME_RAW_MESSAGES_H_
#define HOZEN_AGENT_VOLUME_RAW_MESSAGES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/volume/raw_file.h"
#include "proto/hozen/v1/raw_entry.pb.h"

namespace hozen {

struct AttributeQuery {
  RawFileId file;
  RawAttributeId attribute;
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;
};

// All thread-safe. The Take functions take one from the front; false where there are too few bytes, or it is none that
// an honest child sends: one may lie, because it has read the disk.
void AppendFile(const RawFileId& file, std::string& payload);
bool TakeFile(std::string_view& payload, RawFileId& file);

void AppendFolderOptions(const RawFolderOptions& options, std::string& payload);
bool TakeFolderOptions(std::string_view& payload, RawFolderOptions& options);

void AppendAttributeQuery(const AttributeQuery& query, std::string& payload);
bool TakeAttributeQuery(std::string_view& payload, AttributeQuery& query);

// The most bytes that AppendEntry may add; entries of more are told without their attributes.
inline constexpr size_t kMostEntryBytes = 60 << 10;
void AppendEntry(const v1::RawEntry& entry, std::string& payload);
// An entry of a folder has a name that is one part of a path; one that was asked for by its record has none.
enum class RawName { kNamed, kUnnamed };
bool TakeEntry(std::string_view& payload, RawName name, v1::RawEntry& entry);

void AppendFileSystem(const RawFileSystem& system, std::string& payload);
bool TakeFileSystem(std::string_view& payload, RawFileSystem& system);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_RAW_MESSAGES_H_
