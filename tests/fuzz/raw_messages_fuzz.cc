// What a volume reader says of files, as one that a hostile disk speaks through may say it: what is taken is a name
// that leads nowhere else, and sizes that can be.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/volume/raw_messages.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

hozen::v1::RawEntry Entry(const std::string& name) {
  hozen::v1::RawEntry entry;
  entry.set_name(name);
  entry.set_allocation(hozen::v1::ALLOCATION_DELETED);
  entry.mutable_file()->set_size_bytes(12);
  entry.mutable_file()->set_link_target("elsewhere");
  hozen::v1::RawAttribute& attribute = *entry.add_attributes();
  attribute.set_size_bytes(12);
  attribute.mutable_attribute()->set_type(128);
  attribute.mutable_attribute()->set_name("stream");
  attribute.mutable_attribute()->set_skipped_bytes(4);
  entry.set_problem("something");
  return entry;
}

void CheckName(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 4096) std::abort();
  for (const char c : name) {
    if (c == '/' || c == '\0') std::abort();
  }
}

}  // namespace

std::vector<std::string> HozenFuzzSeeds() {
  std::string entries;
  hozen::AppendEntry(Entry("name"), entries);
  hozen::AppendEntry(Entry("another"), entries);
  std::string unnamed;
  hozen::AppendEntry(Entry(""), unnamed);
  std::string system;
  hozen::AppendFileSystem(
      {.type = "ntfs", .block_size_bytes = 4096, .ignores_case = true, .label = "DATA", .uuid = "01"}, system);
  std::string query;
  hozen::AppendAttributeQuery({.file = {}, .attribute = {.type = 128, .id = 3}, .offset_bytes = 7, .size_bytes = 9},
                              query);
  return {entries, unnamed, system, query};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const hozen::RawName named : {hozen::RawName::kNamed, hozen::RawName::kUnnamed}) {
    std::string_view rest = bytes;
    hozen::v1::RawEntry entry;
    while (!rest.empty() && hozen::TakeEntry(rest, named, entry)) {
      if (named == hozen::RawName::kNamed) CheckName(entry.name());
      for (const hozen::v1::RawAttribute& attribute : entry.attributes()) {
        if (attribute.attribute().skipped_bytes() > attribute.size_bytes()) std::abort();
      }
    }
  }
  std::string_view rest = bytes;
  hozen::RawFileSystem system;
  if (hozen::TakeFileSystem(rest, system) && system.block_size_bytes == 0) std::abort();
  rest = bytes;
  hozen::AttributeQuery query;
  hozen::TakeAttributeQuery(rest, query);
  return 0;
}
