// A path pattern out of a plan, against a path that a host's user may have chosen.
#include "core/plan/glob.h"
#include "tests/fuzz/fuzz_target.h"

std::vector<std::string> HozenFuzzSeeds() {
  return {
      std::string("/etc/**/*.conf\0/etc/a/b/c.conf", 30),
      std::string("/var/log/[!a-c]*/**3/x?\0/var/log/d/e/f/xy", 40),
      std::string("/**/a*a*a*a*a*b/**\0/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 48),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t cut = bytes.find('\0');
  const std::string_view pattern = bytes.substr(0, cut);
  const std::string_view path = cut == std::string_view::npos ? "/" : bytes.substr(cut + 1);
  for (const char separator : {'/', '\\'}) {
    const auto glob = hozen::Glob::Parse(pattern, separator, separator == '\\');
    if (!glob.ok()) continue;
    glob->Matches(path);
    for (size_t part = 0; part < glob->parts().size(); ++part) {
      if (glob->parts()[part].kind != hozen::Glob::Part::Kind::kRecursive) glob->MatchesPart(part, path);
    }
  }
  hozen::MatchesLoosely(pattern, path);
  return 0;
}
