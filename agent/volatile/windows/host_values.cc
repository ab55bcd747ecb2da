#include "agent/volatile/windows/host_values.h"

#include <windows.h>
// After windows.h.
#include <sddl.h>

#include <cstdio>
#include <cstring>

#include "core/base/printable.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;  // in 100 ns since 1601
constexpr int64_t kTicks = 10'000'000;                   // in a second
constexpr int64_t kLastSecond = 253'402'300'799;         // of the year 9999

}  // namespace

std::string WideText(std::wstring_view wide) { return Printable(Wtf8OfWide(wide)); }

std::string WideText(const wchar_t* wide) {
  return wide == nullptr ? std::string() : WideText(std::wstring_view(wide));
}

std::optional<google::protobuf::Timestamp> TimeOfFiletime(uint64_t filetime) {
  if (filetime == 0 || filetime > INT64_MAX) return std::nullopt;
  const int64_t ticks = static_cast<int64_t>(filetime) - kUnixEpoch;
  int64_t seconds = ticks / kTicks;
  int64_t rest = ticks % kTicks;
  if (rest < 0) {
    --seconds;
    rest += kTicks;
  }
  if (seconds > kLastSecond) return std::nullopt;
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(rest * 100));
  return time;
}

std::vector<std::wstring_view> SplitMultiText(std::wstring_view text) {
  std::vector<std::wstring_view> parts;
  while (!text.empty()) {
    const size_t size = text.find(L'\0');
    const std::wstring_view part = text.substr(0, size);
    if (!part.empty()) parts.push_back(part);
    text.remove_prefix(size == std::wstring_view::npos ? text.size() : size + 1);
  }
  return parts;
}

std::vector<std::wstring_view> MultiTextAt(const wchar_t* list, size_t most_characters) {
  size_t size = 0;
  while (list != nullptr && size < most_characters && list[size] != L'\0') {
    while (size < most_characters && list[size] != L'\0') ++size;
    if (size < most_characters) ++size;
  }
  return SplitMultiText(list == nullptr ? std::wstring_view() : std::wstring_view(list, size));
}

std::string SidText(void* sid) {
  wchar_t* text = nullptr;
  if (sid == nullptr || !::IsValidSid(sid) || !::ConvertSidToStringSidW(sid, &text)) return "";
  const LocalMemory owned(text);
  return WideText(text);
}

std::string GuidText(const void* guid) {
  GUID id = {};
  std::memcpy(&id, guid, sizeof(id));
  char text[40] = {};
  std::snprintf(text, sizeof(text), "{%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}", id.Data1, id.Data2, id.Data3,
                id.Data4[0], id.Data4[1], id.Data4[2], id.Data4[3], id.Data4[4], id.Data4[5], id.Data4[6], id.Data4[7]);
  return text;
}

}  // namespace hozen
