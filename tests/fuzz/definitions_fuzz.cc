// A file of artifact definitions from somewhere on the internet.
#include "core/artifact/definitions.h"
#include "tests/fuzz/fuzz_target.h"

std::vector<std::string> HozenFuzzSeeds() {
  return {
      R"(name: One
aliases: [Uno]
doc: First.
sources:
- type: FILE
  attributes: {paths: ['/etc/*', '%%users.homedir%%/.ssh/**2'], separator: '/'}
- type: COMMAND
  attributes: {cmd: /bin/ps, args: ['-ef']}
supported_os: [Linux]
---
name: Two
doc: Second.
sources:
- type: ARTIFACT_GROUP
  attributes: {names: [One, Two]}
supported_os: [Linux, Windows]
)",
      "name: A\ndoc: &x [a, b]\nsources: [*x, *x, {type: PATH, attributes: {paths: *x}}]\n",
  };
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hozen::ArtifactDefinitions definitions;
  if (!definitions.AddYaml({reinterpret_cast<const char*>(data), size}, "fuzz.yaml").ok()) return 0;
  for (const auto* definition : definitions.All()) {
    static_cast<void>(definitions.Resolve({definition->name}, "linux"));
    static_cast<void>(definitions.Resolve({definition->name}, "windows"));
    definitions.Similar(definition->name);
  }
  return 0;
}
