// A reparse point of NTFS, from a disk that somebody else has written.
#include <cstdlib>

#include "agent/volume/reparse_target.h"
#include "tests/fuzz/fuzz_target.h"

std::vector<std::string> HozenFuzzSeeds() {
  const std::string name("\\\0?\0?\0\\\0D\0:\0", 12);
  return {
      std::string("\x03\0\0\xA0\x14\0\0\0\0\0\x0C\0\x0C\0\0\0", 16) + name,
      std::string("\x0C\0\0\xA0\x18\0\0\0\0\0\x0C\0\x0C\0\0\0\x01\0\0\0", 20) + name,
  };
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto target = hozen::ReparseTarget({reinterpret_cast<const char*>(data), size});
  // Two bytes of UTF-16 are three of WTF-8 at most.
  if (target.ok() && target->size() > size / 2 * 3) abort();
  return 0;
}
