#include "agent/raw/raw_entries.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/concat.h"

namespace hozen {
namespace {

constexpr uint32_t kData = 128;

// https://flatcap.github.io/linux-ntfs/ntfs/attributes/
std::string TypeName(uint32_t type) {
  constexpr std::pair<uint32_t, std::string_view> kNames[] = {{16, "$STANDARD_INFORMATION"},
                                                              {32, "$ATTRIBUTE_LIST"},
                                                              {48, "$FILE_NAME"},
                                                              {64, "$OBJECT_ID"},
                                                              {80, "$SECURITY_DESCRIPTOR"},
                                                              {96, "$VOLUME_NAME"},
                                                              {112, "$VOLUME_INFORMATION"},
                                                              {kData, "$DATA"},
                                                              {144, "$INDEX_ROOT"},
                                                              {160, "$INDEX_ALLOCATION"},
                                                              {176, "$BITMAP"},
                                                              {192, "$REPARSE_POINT"},
                                                              {208, "$EA_INFORMATION"},
                                                              {224, "$EA"},
                                                              {256, "$LOGGED_UTILITY_STREAM"}};
  const auto* found =
      std::find_if(std::begin(kNames), std::end(kNames), [&](const auto& n) { return n.first == type; });
  return found == std::end(kNames) ? Concat("$", type) : std::string(found->second);
}

bool IsNtfs(const v1::RawAttribute& attribute) { return attribute.attribute().type() >= 16; }

// Of file systems without attributes the first; FAT's deleted files may have another, a second guess at what they held.
bool IsContents(const v1::RawAttribute& attribute) {
  if (!IsNtfs(attribute)) return attribute.attribute().id() == 0;
  return attribute.attribute().type() == kData && attribute.attribute().name().empty();
}

}  // namespace

TreeEntry TreeEntryOf(const v1::RawEntry& entry, uint64_t device) {
  TreeEntry tree_entry;
  tree_entry.name = entry.name();
  tree_entry.allocation = entry.allocation();
  tree_entry.problem = entry.problem();
  if (!entry.has_file()) {
    tree_entry.named_record = entry.named_record();
    tree_entry.named_sequence = entry.named_sequence();
    if (tree_entry.problem.empty()) tree_entry.problem = "its record cannot be read";
    return tree_entry;
  }
  tree_entry.metadata = entry.file();
  tree_entry.metadata->set_device(device);
  tree_entry.type = FileTypeOf(*tree_entry.metadata);
  tree_entry.has_contents = tree_entry.type == FileType::kRegular &&
                            std::any_of(entry.attributes().begin(), entry.attributes().end(), IsContents);
  for (const v1::RawAttribute& attribute : entry.attributes()) {
    if (IsContents(attribute)) {
      tree_entry.overwritten_bytes = attribute.overwritten_bytes();
      continue;
    }
    TreeStream stream;
    stream.attribute = attribute.attribute();
    stream.size_bytes = attribute.size_bytes();
    stream.overwritten_bytes = attribute.overwritten_bytes();
    stream.is_data = attribute.attribute().type() == kData || !IsNtfs(attribute);
    stream.name = stream.is_data ? attribute.attribute().name()
                                 : Concat(attribute.attribute().name(), ":", TypeName(attribute.attribute().type()));
    tree_entry.streams.push_back(std::move(stream));
  }
  return tree_entry;
}

}  // namespace hozen
