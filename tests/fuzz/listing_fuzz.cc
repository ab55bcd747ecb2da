// A listing of a file system, as an agent that is hostile may have written it: the same entries however it is cut.
#include <cstdlib>

#include "collector/search/listing_reader.h"
#include "tests/fuzz/fuzz_target.h"

std::vector<std::string> HozenFuzzSeeds() {
  return {
      "0|/etc/passwd|131|r/rrw-r--r--|0|42|1853|1700000001|1700000002|1700000003|1700000004\n"
      "0|/a|b ($FILE_NAME) (deleted)|67-128-1|r/rrwsr-Sr-t|0|0|-1|1|2|3|0\n",
      "0|/link -> ../to (deleted-realloc)|9|l/lrwxrwxrwx|0|0|5|1|2|3|4\nnonsense\n0|/x|1|d/d---------|0|0|0|0|0|0|0",
  };
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto entries_of = [&bytes](size_t piece) {
    std::vector<hozen::SearchEntry> entries;
    uint64_t last = 0;
    hozen::ListingReader reader(0, [&](hozen::SearchEntry entry, uint64_t behind_byte) {
      if (entry.path.empty() || behind_byte <= last || behind_byte > bytes.size()) std::abort();
      last = behind_byte;
      entries.push_back(std::move(entry));
      return absl::OkStatus();
    });
    for (size_t at = 0; at < bytes.size(); at += piece) {
      if (!reader.Feed(bytes.substr(at, piece)).ok()) std::abort();
    }
    if (!reader.Finish().ok()) std::abort();
    return std::make_pair(entries, reader.malformed());
  };
  if (entries_of(1) != entries_of(bytes.size() + 1)) std::abort();
  return 0;
}
