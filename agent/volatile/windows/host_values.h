// What Win32 gives, as records hold it.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_HOST_VALUES_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_HOST_VALUES_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hozen {

// All are thread-safe.

// UTF-16 of strangers in printable form (core/base/printable.h). A null pointer is empty.
std::string WideText(std::wstring_view wide);
std::string WideText(const wchar_t* wide);

// A FILETIME: units of 100 ns since 1601, UTC. None for 0 and for what no Timestamp may say ("never").
std::optional<google::protobuf::Timestamp> TimeOfFiletime(uint64_t filetime);

// The strings of a REG_MULTI_SZ or of what is laid out like it, without empty ones. The last need not be ended.
std::vector<std::wstring_view> SplitMultiText(std::wstring_view text);
// The same of a list that only an empty string ends; at most so many characters of it are looked at.
std::vector<std::wstring_view> MultiTextAt(const wchar_t* list, size_t most_characters = 32'768);

// "S-1-5-18"; empty for what is no SID. `sid` is Win32's PSID.
std::string SidText(void* sid);

// "{01234567-89ab-cdef-0123-456789abcdef}". `guid` is Win32's GUID.
std::string GuidText(const void* guid);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_HOST_VALUES_H_
