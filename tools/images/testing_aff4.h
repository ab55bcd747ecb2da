// Small AFF4s as other tools write them: for tests of the reader, with everything that can be different.
#ifndef HOZEN_TOOLS_IMAGES_TESTING_AFF4_H_
#define HOZEN_TOOLS_IMAGES_TESTING_AFF4_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hozen {

struct TestingMember {
  std::string name;
  std::string bytes;
  bool deflated = false;
};

// Without ZIP64, which ours always has.
std::string TestingZip(const std::vector<TestingMember>& members, std::string_view comment = "");

struct TestingAff4 {
  struct Run {
    uint64_t at = 0;
    uint64_t size_bytes = 0;
    uint64_t target_at = 0;
    uint32_t target = 0;
  };

  TestingAff4();

  std::string stream;  // bytes; the last chunk is a short one
  uint32_t chunk_bytes = 512;
  uint32_t chunks_in_bevy = 4;
  int window_bits = 15;  // zlib's: 15 for RFC 1950, -15 for RFC 1951, 0 for chunks as they are
  std::string method = "aff4:compressionMethod <https://www.ietf.org/rfc/rfc1950.txt> ;";
  std::string gaps = "aff4:Zero";
  std::vector<std::string> targets;
  std::vector<Run> runs;
  uint64_t image_bytes = 8192;

  // What an image of this has.
  std::string Expected() const;
  // In the order of the file.
  std::vector<TestingMember> Members() const;
  std::string Zip() const { return TestingZip(Members()); }
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_IMAGES_TESTING_AFF4_H_
