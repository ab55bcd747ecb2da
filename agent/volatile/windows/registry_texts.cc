#include "agent/volatile/windows/registry_texts.h"

#include <windows.h>

#include <cstring>
#include <string_view>
#include <utility>

#include "agent/volatile/windows/host_values.h"

namespace hozen {

std::optional<std::vector<std::wstring>> TextsOf(const RegistryValue& value) {
  if (value.type != REG_SZ && value.type != REG_EXPAND_SZ && value.type != REG_MULTI_SZ) return std::nullopt;
  std::wstring text(value.data.size() / sizeof(wchar_t), L'\0');
  std::memcpy(text.data(), value.data.data(), text.size() * sizeof(wchar_t));
  std::vector<std::wstring> texts;
  if (value.type == REG_MULTI_SZ) {
    for (const std::wstring_view part : SplitMultiText(text)) texts.emplace_back(part);
    return texts;
  }
  // What stands behind a zero is there all the same, and stays.
  if (!text.empty() && text.back() == L'\0') text.pop_back();
  texts.push_back(std::move(text));
  return texts;
}

std::optional<uint32_t> NumberOf(const RegistryValue& value) {
  if (value.type != REG_DWORD || value.data.size() != sizeof(uint32_t)) return std::nullopt;
  uint32_t number = 0;
  std::memcpy(&number, value.data.data(), sizeof(number));
  return number;
}

}  // namespace hozen
