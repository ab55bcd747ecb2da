// A registry hive and its log: whatever they say, walking it ends and hands on records that are as short as promised.
#include <cstdlib>
#include <string>

#include "agent/volume/registry_hive.h"
#include "agent/volume/testing_hive.h"
#include "core/base/testing_utf16.h"
#include "tests/fuzz/fuzz_target.h"

std::vector<std::string> HozenFuzzSeeds() {
  const hozen::TestingKey root = {
      .name = "R",
      .subkeys = {{.name = "A",
                   .subkeys = {{.name = "B"}, {.name = "C"}},
                   .values = {{.name = "v", .data = "abc"}},
                   .list = "ri"},
                  {.name = hozen::Utf16(u"D"), .subkeys = {{.name = "E"}}, .list = "li", .utf16_name = true}},
      .values = {{.name = "", .type = 7, .data = "0123456789"}},
      .list = "lh"};
  const std::string hive = hozen::TestingHive(root);
  std::string dirty = hive;
  dirty[4] = 8;
  hozen::FixHiveChecksum(dirty);
  return {hive, dirty, hozen::TestingHiveLog(7, {hive}),
          hozen::TestingHive({.name = "R", .values = {{.name = "big", .type = 3, .data = std::string(20'000, 'x')}}})};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The first half of a long input is the hive, and all of it its log; a short one is both.
  const std::string log(reinterpret_cast<const char*>(data), size);
  const std::string hive = log.substr(0, size > (24 << 10) ? size / 2 : size);
  for (const char* const pattern : {"\\", "\\**", "\\A\\*"}) {
    uint64_t handed_on = 0;
    const auto end =
        hozen::WalkHive({.hive = hive, .logs = {log}}, pattern, {}, [&](const hozen::v1::RegistryKey& key) {
          if (key.ByteSizeLong() > hozen::kMaxRegistryKeyBytes) abort();
          handed_on += key.continued() ? 0 : 1;
          return absl::OkStatus();
        });
    if (end.ok() && end->keys > handed_on) abort();
  }
  return 0;
}
