// KAPE targets: YAML of strangers, and regular expressions in it. What comes out of a mask is parts of patterns.
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/artifact/kape_mask.h"
#include "core/artifact/parse_kape.h"
#include "tests/fuzz/fuzz_target.h"

std::vector<std::string> HozenFuzzSeeds() {
  return {
      "Description: d\nAuthor: a\nTargets:\n    -\n        Name: n\n        Path: C:\\Users\\%user%\\x*\\\n"
      "        FileMask: 'regex:(a|b)[0-9].+\\.(db|db-wal)'\n        Recursive: true\n        MinSize: 4\n",
      "Targets:\n- {Name: n, Path: Other.tkape}\n- {Name: m, Path: 'Folder\\*'}\n",
      "Targets:\n- &a {Path: 'C:\\', FileMask: $Secure:$SDS, SaveAsFileName: x}\n- *a\n",
      "regex:^(?:a|b(c|d)?)[^x-z]{3}.*\\d\\[$"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto target = hozen::ParseKapeTarget(text, "folder/target.tkape"); target.ok()) {
    std::vector<hozen::KapeTarget> targets;
    targets.push_back(*std::move(target));
    if (hozen::LinkKapeTargets(std::move(targets)).size() != 1) abort();
  }
  const auto patterns = hozen::KapeMaskPatterns(text);
  if (patterns.ok() && patterns->size() > 256) abort();
  return 0;
}
