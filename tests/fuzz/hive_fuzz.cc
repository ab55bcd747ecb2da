// A registry hive, and the log of one: whatever they say, walking ends and hands on records that are as short as
// promised.
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/volume/hive_logs.h"
#include "agent/volume/registry_hive.h"
#include "agent/volume/testing_hive.h"
#include "core/base/testing_utf16.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr size_t kEntry = 512;  // where the first of a log begins
constexpr size_t kEntryHeaderBytes = 40;

std::string Number(uint64_t number, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
  return bytes;
}

std::string SmallHive() {
  return hozen::TestingHive(
      {.name = "R",
       .subkeys = {{.name = "A",
                    .subkeys = {{.name = "B"}, {.name = "C"}},
                    .values = {{.name = "v", .data = "abc"}},
                    .list = "ri"},
                   {.name = hozen::Utf16(u"D"), .subkeys = {{.name = "E"}}, .list = "li", .utf16_name = true}},
       .values = {{.name = "", .type = 7, .data = "0123456789"}},
       .list = "lh"});
}

std::string DirtyHive() {
  std::string hive = SmallHive();
  hive[4] = 8;
  hozen::FixHiveChecksum(hive);
  return hive;
}

// Mutations would seldom get past its hashes, so they are made right again.
std::string WithRightHashes(std::string log) {
  if (log.size() < kEntry + kEntryHeaderBytes) return log;
  hozen::FixHiveChecksum(log);
  uint64_t size = 0;
  for (size_t i = 4; i > 0; --i) size = size << 8 | static_cast<unsigned char>(log[kEntry + 3 + i]);
  if (size < kEntryHeaderBytes || size > log.size() - kEntry) return log;
  const std::string_view entry = std::string_view(log).substr(kEntry, size);
  const std::string body_hash = Number(hozen::Marvin32(hozen::kHiveLogSeed, entry.substr(kEntryHeaderBytes)), 8);
  log.replace(kEntry + 24, 8, body_hash);
  const std::string_view header = std::string_view(log).substr(kEntry, 32);
  log.replace(kEntry + 32, 8, Number(hozen::Marvin32(hozen::kHiveLogSeed, header), 8));
  return log;
}

void Walk(const std::string& hive, const std::string& log, const char* pattern) {
  uint64_t handed_on = 0;
  const auto end = hozen::WalkHive({.hive = hive, .logs = {log}}, pattern, {}, [&](const hozen::v1::RegistryKey& key) {
    if (key.ByteSizeLong() > hozen::kMaxRegistryKeyBytes) abort();
    handed_on += key.continued() ? 0 : 1;
    return absl::OkStatus();
  });
  if (end.ok() && end->keys > handed_on) abort();
}

}  // namespace

std::vector<std::string> HozenFuzzSeeds() {
  std::string old_log = SmallHive().substr(0, kEntry);
  old_log[28] = 1;
  hozen::FixHiveChecksum(old_log);
  old_log += std::string("DIRT\xff") + std::string(507, '\0') + SmallHive().substr(4096);
  return {SmallHive(), DirtyHive(), hozen::TestingHiveLog(7, {SmallHive(), SmallHive()}), old_log,
          hozen::TestingHive({.name = "R", .values = {{.name = "big", .type = 3, .data = std::string(20'000, 'x')}}})};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const dirty = new std::string(DirtyHive());
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const char* const pattern : {"\\", "\\**", "\\A\\*"}) Walk(bytes, bytes, pattern);
  Walk(*dirty, bytes, "\\**");
  Walk(*dirty, WithRightHashes(bytes), "\\**");
  return 0;
}
