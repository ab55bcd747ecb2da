// The people of this host, as its own files name them. No directory service is asked: it may be slow, or the
// attacker's.
#ifndef HOZEN_AGENT_PLATFORM_USERS_H_
#define HOZEN_AGENT_PLATFORM_USERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hozen {

struct LocalUser {
  std::string name;
  uint32_t uid = 0;
  std::string home;  // as written in the file; it need not exist
};

// From the text of passwd(5), in its order; malformed lines are skipped. Pure.
std::vector<LocalUser> ParsePasswd(std::string_view text);

// Where these people's homes are said to be, each once, sorted, and without what is no absolute path; "/" is a home of
// root alone.
std::vector<std::string> HomesSaid(const std::vector<LocalUser>& users);

// Thread-safe. From <root>/etc/passwd, in its order; malformed lines are skipped. Errors as ReadWholeFile.
absl::StatusOr<std::vector<LocalUser>> ListLocalUsers(const std::string& root);

// Homes that exist below `root`, each once, sorted: those of ListLocalUsers, and the folders of /home, where people of
// a directory service and people who were deleted have left theirs. "/" is a home of root alone. Paths without `root`.
std::vector<std::string> ListHomes(const std::string& root);

}  // namespace hozen

#endif  // HOZEN_AGENT_PLATFORM_USERS_H_
