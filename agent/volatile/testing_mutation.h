// Bytes as chance may damage them, for tests of what parses.
#ifndef HOZEN_AGENT_VOLATILE_TESTING_MUTATION_H_
#define HOZEN_AGENT_VOLATILE_TESTING_MUTATION_H_

#include <functional>
#include <random>
#include <string>
#include <string_view>

namespace hozen {

// Thread-compatible. Calls `parse` with `rounds` damaged copies of `sample`, always the same ones.
inline void WithMutations(std::string_view sample, int rounds, const std::function<void(std::string_view)>& parse) {
  std::mt19937 random(20261125);
  for (int round = 0; round < rounds; ++round) {
    std::string bytes(sample);
    for (uint32_t changes = 1 + random() % 4; changes > 0; --changes) {
      const size_t at = bytes.empty() ? 0 : random() % bytes.size();
      switch (random() % 5) {
        case 0:
          if (!bytes.empty()) bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 16);
          break;
        case 2:
          bytes.insert(at, std::string(1 + random() % 16, static_cast<char>(random())));
          break;
        case 3:
          bytes.resize(at);
          break;
        default:
          bytes.insert(at, bytes.substr(random() % (bytes.size() + 1), random() % 64));
          break;
      }
    }
    parse(bytes);
  }
}

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_TESTING_MUTATION_H_
