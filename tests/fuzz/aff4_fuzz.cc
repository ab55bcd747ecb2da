// A file that is said to be an AFF4: an analyst may have got it from anybody.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/bytes/source.h"
#include "tests/fuzz/fuzz_target.h"
#include "tools/images/aff4_source.h"
#include "tools/images/testing_aff4.h"
#include "tools/images/turtle.h"

std::vector<std::string> HozenFuzzSeeds() {
  hozen::TestingAff4 plain;
  plain.window_bits = 0;
  plain.method = "";
  return {hozen::TestingAff4().Zip(), plain.Zip(), plain.Members().back().bytes};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)hozen::ParseTurtle(bytes, [&](const hozen::Triple& triple) {
    if (triple.object.size() > std::max(size, hozen::kLongestIriBytes)) abort();
    return absl::OkStatus();
  });
  const auto source = hozen::OpenAff4(hozen::NewMemorySource(std::string(bytes)));
  if (!source.ok()) return 0;
  const uint64_t image_bytes = (*source)->size_bytes();
  std::string buffer(16 << 10, '\0');
  for (const uint64_t offset : {uint64_t{0}, uint64_t{1700}, image_bytes / 2,
                                image_bytes - std::min<uint64_t>(image_bytes, 9), image_bytes, ~uint64_t{0}}) {
    const auto read = (*source)->ReadAt(offset, absl::MakeSpan(buffer.data(), buffer.size()));
    const uint64_t most = offset >= image_bytes ? 0 : std::min<uint64_t>(buffer.size(), image_bytes - offset);
    if (read.ok() && *read != most) abort();
  }
  return 0;
}
