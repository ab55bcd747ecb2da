// Is what runs the file that it was started from?
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_IMAGE_HEADERS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_IMAGE_HEADERS_H_

#include <string_view>

namespace hozen {

// Whether the headers of a program, as they lie in memory, are those of its file: when it was linked, how large it is
// and its check sum, which the loader leaves alone. True also where the file's own are no headers of a program. Both
// are a stranger's bytes, at most a page. Thread-safe. https://learn.microsoft.com/windows/win32/debug/pe-format
bool SameImageHeaders(std::string_view in_memory, std::string_view in_file);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_IMAGE_HEADERS_H_
