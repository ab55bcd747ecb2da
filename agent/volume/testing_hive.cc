#include "agent/volume/testing_hive.h"

#include <cstddef>
#include <string_view>

#include "agent/volume/hive_logs.h"

namespace hozen {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kSegment = 16344;

std::string Number(uint64_t number, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i < 8 ? number >> (8 * i) : 0));
  return bytes;
}

// Cells of one bin, which begins with a header of 32 bytes.
class Bin {
 public:
  uint32_t Add(std::string data) {
    data.resize((data.size() + 4 + 7) / 8 * 8 - 4);
    const auto offset = static_cast<uint32_t>(32 + cells_.size());
    cells_ += Number(uint64_t{0} - (data.size() + 4), 4) + data;
    return offset;
  }

  uint32_t AddKey(const TestingKey& key, uint32_t parent) {
    std::vector<uint32_t> subkeys;
    for (const TestingKey& subkey : key.subkeys) subkeys.push_back(AddKey(subkey, parent));
    std::string values;
    for (const TestingValue& value : key.values) values += Number(AddValue(value), 4);
    const uint64_t none = 0xFFFFFFFF;
    const uint64_t subkey_list = subkeys.empty() ? none : AddList(key.list, subkeys);
    const uint64_t value_list = values.empty() ? none : Add(values);
    return Add("nk" + Number(key.utf16_name ? 0 : 0x20, 2) + Number(key.file_time, 8) + Number(0, 4) +
               Number(parent, 4) + Number(subkeys.size(), 4) + Number(0, 4) + Number(subkey_list, 4) + Number(none, 4) +
               Number(key.values.size(), 4) + Number(value_list, 4) + Number(none, 4) + Number(none, 4) +
               Number(0, 20) + Number(key.name.size(), 2) + Number(0, 2) + key.name);
  }

  std::string Bytes() const {
    std::string bytes = "hbin" + Number(0, 4) + Number(0, 4) + Number(0, 20) + cells_;
    const size_t free = (kPage - bytes.size() % kPage) % kPage;
    if (free > 0) bytes += Number(free, 4) + std::string(free - 4, '\0');
    bytes.replace(8, 4, Number(bytes.size(), 4));
    return bytes;
  }

 private:
  uint32_t AddList(const std::string& kind, const std::vector<uint32_t>& offsets) {
    if (kind == "ri") {
      const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>(offsets.size() / 2);
      const uint32_t first = AddList("lh", std::vector<uint32_t>(offsets.begin(), middle));
      const uint32_t second = AddList("lh", std::vector<uint32_t>(middle, offsets.end()));
      return Add("ri" + Number(2, 2) + Number(first, 4) + Number(second, 4));
    }
    std::string list = kind + Number(offsets.size(), 2);
    for (const uint32_t offset : offsets) list += Number(offset, 4) + (kind == "li" ? "" : Number(0, 4));
    return Add(list);
  }

  uint32_t AddValue(const TestingValue& value) {
    uint64_t size = value.data.size(), place = 0;
    std::string inline_data;
    if (size <= 4) {
      size |= 0x80000000;
      inline_data = value.data + std::string(4 - value.data.size(), '\0');
    } else {
      place = size > kSegment ? AddSegments(value.data) : Add(value.data);
    }
    return Add("vk" + Number(value.name.size(), 2) + Number(size, 4) +
               (inline_data.empty() ? Number(place, 4) : inline_data) + Number(value.type, 4) +
               Number(value.utf16_name ? 0 : 1, 2) + Number(0, 2) + value.name);
  }

  uint32_t AddSegments(const std::string& data) {
    std::string list;
    for (size_t at = 0; at < data.size(); at += kSegment) list += Number(Add(data.substr(at, kSegment)), 4);
    const uint64_t count = list.size() / 4;
    return Add("db" + Number(count, 2) + Number(Add(list), 4));
  }

  std::string cells_;
};

}  // namespace

std::string TestingHive(const TestingKey& root) {
  Bin bin;
  const uint32_t root_offset = bin.AddKey(root, 0);
  const std::string bins = bin.Bytes();
  std::string hive = "regf" + Number(7, 4) + Number(7, 4) + Number(root.file_time, 8) + Number(1, 4) + Number(5, 4) +
                     Number(0, 4) + Number(1, 4) + Number(root_offset, 4) + Number(bins.size(), 4) + Number(1, 4);
  hive.resize(kPage);
  FixHiveChecksum(hive);
  return hive + bins;
}

std::string TestingHiveLog(uint32_t first_sequence, const std::vector<std::string>& hives) {
  std::string log = hives.front().substr(0, 512);
  log.replace(4, 8, Number(first_sequence, 4) + Number(first_sequence, 4));
  log.replace(28, 4, Number(6, 4));
  FixHiveChecksum(log);
  for (const std::string& hive : hives) {
    const std::string bins = hive.substr(kPage);
    std::string body = Number(0, 4) + Number(bins.size(), 4) + bins;
    body.resize((40 + body.size() + 511) / 512 * 512 - 40);
    std::string head = "HvLE" + Number(40 + body.size(), 4) + Number(0, 4) + Number(first_sequence++, 4) +
                       Number(bins.size(), 4) + Number(1, 4) + Number(Marvin32(kHiveLogSeed, body), 8);
    log += head + Number(Marvin32(kHiveLogSeed, head), 8) + body;
  }
  return log;
}

void FixHiveChecksum(std::string& hive) {
  uint32_t sum = 0;
  for (size_t at = 0; at < 508; ++at) sum ^= uint32_t{static_cast<unsigned char>(hive[at])} << (8 * (at % 4));
  if (sum == 0xFFFFFFFF) sum = 0xFFFFFFFE;
  if (sum == 0) sum = 1;
  hive.replace(508, 4, Number(sum, 4));
}

}  // namespace hozen
