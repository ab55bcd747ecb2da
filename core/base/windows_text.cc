#include "core/base/windows_text.h"

#include <windows.h>

#include <cstring>

#include "core/base/wtf8.h"

namespace hozen {

// Windows runs on little-endian machines alone, so a wide string's bytes are UTF-16 as it is in files.
std::string Wtf8OfWide(std::wstring_view wide) {
  return Wtf8OfUtf16({reinterpret_cast<const char*>(wide.data()), wide.size() * sizeof(wchar_t)});
}

std::wstring WideOfWtf8(std::string_view wtf8) {
  const std::string utf16 = Utf16OfWtf8(wtf8);
  std::wstring wide(utf16.size() / sizeof(wchar_t), L'\0');
  std::memcpy(wide.data(), utf16.data(), utf16.size());
  return wide;
}

std::wstring ExtendedPath(const std::filesystem::path& path) {
  const std::wstring& given = path.native();
  if (given.rfind(LR"(\\?\)", 0) == 0 || given.rfind(LR"(\\.\)", 0) == 0) return given;
  const DWORD size = ::GetFullPathNameW(given.c_str(), 0, nullptr, nullptr);
  std::wstring whole(size, L'\0');
  const DWORD got = size == 0 ? 0 : ::GetFullPathNameW(given.c_str(), size, whole.data(), nullptr);
  if (got == 0 || got >= size) return given;
  whole.resize(got);
  // What GetFullPathName makes of NUL and its like.
  if (whole.rfind(LR"(\\.\)", 0) == 0) return whole;
  if (whole.rfind(LR"(\\)", 0) == 0) return LR"(\\?\UNC)" + whole.substr(1);
  return LR"(\\?\)" + whole;
}

}  // namespace hozen
