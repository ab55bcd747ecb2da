// Small registry hives for tests, as Windows lays them out.
#ifndef HOZEN_AGENT_VOLUME_TESTING_HIVE_H_
#define HOZEN_AGENT_VOLUME_TESTING_HIVE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace hozen {

struct TestingValue {
  std::string name;  // bytes of Latin-1, or of UTF-16 where utf16_name
  uint32_t type = 1;
  std::string data;
  bool utf16_name = false;
};

struct TestingKey {
  std::string name;
  std::vector<TestingKey> subkeys;
  std::vector<TestingValue> values;
  std::string list = "lf";  // li, lf, lh, or ri over two of lh
  uint64_t file_time = 132'000'000'000'000'000;
  bool utf16_name = false;
};

// Whole, clean, of version 1.5.
std::string TestingHive(const TestingKey& root);

// A log of the new format with one entry for each hive, which makes the hive that it is applied to that one.
std::string TestingHiveLog(uint32_t first_sequence, const std::vector<std::string>& hives);

// After something in its first page was changed.
void FixHiveChecksum(std::string& hive);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_TESTING_HIVE_H_
