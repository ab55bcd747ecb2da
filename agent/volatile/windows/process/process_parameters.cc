#include "agent/volatile/windows/process/process_parameters.h"

#include <algorithm>
#include <cstring>

#include "agent/volatile/binary_fields.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kMostEnvironmentBytes = 1 << 20;
constexpr size_t kMostVariables = 65'536;
constexpr size_t kPageBytes = 4096;

struct Layout {
  size_t parameters_at;  // in the PEB
  size_t folder_at;
  size_t image_at;
  size_t command_line_at;
  size_t environment_at;
  size_t environment_size_at;
  size_t text_address_at;  // in a UNICODE_STRING
};
constexpr Layout kLayout32 = {0x10, 0x24, 0x38, 0x40, 0x48, 0x290, 4};
constexpr Layout kLayout64 = {0x20, 0x38, 0x60, 0x70, 0x80, 0x3F0, 8};

std::wstring WideOf(std::string_view utf16) {
  std::wstring text(utf16.size() / sizeof(wchar_t), L'\0');
  std::memcpy(text.data(), utf16.data(), text.size() * sizeof(wchar_t));
  return text;
}

uint64_t PointerAt(std::string_view bytes, size_t offset, PointerSize pointers) {
  return pointers == PointerSize::k32Bits ? FieldAt<uint32_t>(bytes, offset) : FieldAt<uint64_t>(bytes, offset);
}

// Up to the two zeros that end it, or up to the limit. Windows before 6.0 does not tell its size, and what it tells is
// a stranger's number.
absl::StatusOr<std::string> ReadEnvironment(const MemoryReader& read, uint64_t address, uint64_t told_bytes) {
  if (told_bytes > 0 && told_bytes <= kMostEnvironmentBytes) {
    absl::StatusOr<std::string> whole = read(address, told_bytes);
    if (whole.ok()) return whole;
  }
  std::string block;
  while (block.size() < kMostEnvironmentBytes) {
    const size_t step = kPageBytes - (address + block.size()) % kPageBytes;
    absl::StatusOr<std::string> page = read(address + block.size(), step);
    if (!page.ok() && block.empty()) return page.status();
    if (!page.ok()) break;
    block += *page;
    for (size_t at = (block.size() - page->size()) & ~size_t{1}; at + 4 <= block.size(); at += 2) {
      if (FieldAt<uint32_t>(block, at) == 0) return block.substr(0, at + 4);
    }
  }
  return block;
}

}  // namespace

absl::StatusOr<ProcessParameters> ReadProcessParameters(const MemoryReader& read, uint64_t peb, PointerSize pointers) {
  const Layout& layout = pointers == PointerSize::k32Bits ? kLayout32 : kLayout64;
  const auto pointer_bytes = static_cast<size_t>(pointers);
  HOZEN_ASSIGN_OR_RETURN(const std::string pointer, read(peb + layout.parameters_at, pointer_bytes));
  const uint64_t address = PointerAt(pointer, 0, pointers);
  HOZEN_ASSIGN_OR_RETURN(const std::string block, read(address, layout.environment_at + pointer_bytes));
  const auto text = [&](size_t offset) -> absl::StatusOr<std::wstring> {
    const size_t size = FieldAt<uint16_t>(block, offset) & ~size_t{1};
    if (size == 0) return std::wstring();
    HOZEN_ASSIGN_OR_RETURN(const std::string bytes,
                           read(PointerAt(block, offset + layout.text_address_at, pointers), size));
    return WideOf(bytes);
  };
  ProcessParameters parameters;
  HOZEN_ASSIGN_OR_RETURN(parameters.working_folder, text(layout.folder_at));
  HOZEN_ASSIGN_OR_RETURN(parameters.image, text(layout.image_at));
  HOZEN_ASSIGN_OR_RETURN(parameters.command_line, text(layout.command_line_at));
  const uint64_t environment = PointerAt(block, layout.environment_at, pointers);
  if (environment == 0) return parameters;
  const absl::StatusOr<std::string> size = read(address + layout.environment_size_at, pointer_bytes);
  const uint64_t told = size.ok() ? PointerAt(*size, 0, pointers) : 0;
  HOZEN_ASSIGN_OR_RETURN(parameters.environment, ReadEnvironment(read, environment, told));
  const std::string& got = parameters.environment;
  parameters.environment_cut = got.size() >= kMostEnvironmentBytes && FieldAt<uint32_t>(got, got.size() - 4) != 0;
  return parameters;
}

std::vector<std::pair<std::wstring, std::wstring>> ParseEnvironmentBlock(std::string_view utf16) {
  std::vector<std::pair<std::wstring, std::wstring>> variables;
  const std::wstring block = WideOf(utf16);
  for (size_t at = 0; at < block.size() && variables.size() < kMostVariables;) {
    const size_t end = std::min(block.find(L'\0', at), block.size());
    if (end == at) break;
    const std::wstring one = block.substr(at, end - at);
    const size_t equals = std::min(one.find(L'=', 1), one.size());
    variables.emplace_back(one.substr(0, equals), equals == one.size() ? L"" : one.substr(equals + 1));
    at = end + 1;
  }
  return variables;
}

}  // namespace hozen
