// What every fuzz target defines.
#ifndef HOZEN_TESTS_FUZZ_FUZZ_TARGET_H_
#define HOZEN_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Parses `data`; ends the process where a promise about hostile input is broken. As libFuzzer wants it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Well-formed inputs to start from.
std::vector<std::string> HozenFuzzSeeds();

#endif  // HOZEN_TESTS_FUZZ_FUZZ_TARGET_H_
