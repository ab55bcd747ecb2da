// What Windows had written to a hive's logs and not yet to the hive. The child's side only; thread-safe.
#ifndef HOZEN_AGENT_VOLUME_HIVE_LOGS_H_
#define HOZEN_AGENT_VOLUME_HIVE_LOGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// Brings a dirty hive up to date in memory, as Windows does when it loads one: log entries whose hashes are right, in
// the order of their sequence, from the hive's own on, up to the first that is missing (the new format); or the log
// that was written for this very state (the old one). `hive` grows to at most most_bytes. How many entries were
// applied; 0 for a hive that is not dirty, which is not touched, and where no log fits.
uint64_t ReplayHiveLogs(const std::vector<std::string>& logs, size_t most_bytes, std::string& hive);

// The hash of log entries. For tests.
uint64_t Marvin32(uint64_t seed, std::string_view bytes);
inline constexpr uint64_t kHiveLogSeed = 0xC5554E7A884DEF82;

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_HIVE_LOGS_H_
