// Paths as the parts between their separators. Pure, thread-safe.
#ifndef HOZEN_AGENT_ACQUIRE_PATH_PARTS_H_
#define HOZEN_AGENT_ACQUIRE_PATH_PARTS_H_

#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// The parts of a path: without empty ones and "."; a device that it begins with is one.
std::vector<std::string> PathParts(std::string_view path, char separator = '/');

// The path of a name in a folder; "" is the root.
std::string PathIn(std::string_view folder_path, std::string_view name, char separator);

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_PATH_PARTS_H_
