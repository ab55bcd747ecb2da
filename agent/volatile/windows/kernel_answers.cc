#include "agent/volatile/windows/kernel_answers.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "agent/volatile/binary_fields.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

namespace hozen {
namespace {

constexpr int32_t kInvalidClass = static_cast<int32_t>(0xC0000003);
constexpr int32_t kLengthMismatch = static_cast<int32_t>(0xC0000004);
constexpr int32_t kNotImplemented = static_cast<int32_t>(0xC0000002);
constexpr int32_t kBufferOverflow = static_cast<int32_t>(0x80000005);
constexpr int32_t kBufferTooSmall = static_cast<int32_t>(0xC0000023);
constexpr size_t kFirstBytes = 64 << 10;
constexpr size_t kTextSizeAt = 0;
constexpr size_t kTextAddressAt = 8;

// Asks with more room each time, until it is enough or too much.
absl::StatusOr<Answer> AskUntilItFits(const std::function<int32_t(char* bytes, ULONG size, ULONG* needed)>& ask,
                                      size_t first_bytes, size_t most_bytes, std::string_view what) {
  Answer answer;
  for (size_t room = first_bytes;;) {
    answer.bytes.resize(room);
    answer.address = reinterpret_cast<uintptr_t>(answer.bytes.data());
    ULONG needed = 0;
    const int32_t status = ask(answer.bytes.data(), static_cast<ULONG>(room), &needed);
    if (status >= 0) {
      // The bytes must stay where the kernel's pointers say, so what is behind them is cleared and not cut off.
      if (needed != 0 && needed < room) std::fill(answer.bytes.begin() + needed, answer.bytes.end(), '\0');
      return answer;
    }
    if (status != kLengthMismatch && status != kBufferOverflow && status != kBufferTooSmall) {
      return NtStatus(status, what);
    }
    // What it needs may have grown by the next time.
    const size_t next = std::max<size_t>(room * 2, size_t{needed} + size_t{needed} / 8);
    if (room >= most_bytes) {
      return absl::ResourceExhaustedError(Concat(what, ": the answer has more than ", most_bytes, " bytes"));
    }
    room = std::min(next, most_bytes);
  }
}

}  // namespace

absl::Status NtStatus(int32_t status, std::string_view what) {
  if (status == kInvalidClass || status == kNotImplemented) {
    return absl::UnimplementedError(Concat(what, ": this Windows does not know it"));
  }
  return Win32Status(::RtlNtStatusToDosError(status), what);
}

std::optional<std::wstring> TextAt(const Answer& answer, size_t offset) {
  const size_t size = FieldAt<uint16_t>(answer.bytes, offset + kTextSizeAt) & ~size_t{1};
  const auto address = FieldAt<uint64_t>(answer.bytes, offset + kTextAddressAt);
  if (size == 0) return std::wstring();
  if (address < answer.address || address - answer.address > answer.bytes.size() ||
      answer.bytes.size() - (address - answer.address) < size) {
    return std::nullopt;
  }
  std::wstring text(size / sizeof(wchar_t), L'\0');
  std::memcpy(text.data(), answer.bytes.data() + (address - answer.address), size);
  return text;
}

absl::StatusOr<Answer> QuerySystem(int information_class, size_t most_bytes) {
  return AskUntilItFits(
      [&](char* bytes, ULONG size, ULONG* needed) {
        return ::NtQuerySystemInformation(static_cast<SYSTEM_INFORMATION_CLASS>(information_class), bytes, size,
                                          needed);
      },
      std::min(kFirstBytes, most_bytes), most_bytes, Concat("NtQuerySystemInformation ", information_class));
}

absl::StatusOr<Answer> QueryProcess(void* process, int information_class, size_t first_bytes, size_t most_bytes) {
  return AskUntilItFits(
      [&](char* bytes, ULONG size, ULONG* needed) {
        return ::NtQueryInformationProcess(process, static_cast<PROCESSINFOCLASS>(information_class), bytes, size,
                                           needed);
      },
      first_bytes, most_bytes, Concat("NtQueryInformationProcess ", information_class));
}

}  // namespace hozen
