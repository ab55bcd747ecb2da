// What the kernel answers where it is asked for a class of information: however long that is, and the texts in it.
// Thread-safe. What the system's libraries are asked for goes by their headers, or by system_function.h.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_KERNEL_ANSWERS_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_KERNEL_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hozen {

// The status that an NTSTATUS stands for, by the Win32 error that it stands for. A class of information that this
// Windows does not know is Unimplemented.
absl::Status NtStatus(int32_t status, std::string_view what);

// What the kernel wrote, and where: it points at texts behind it by their addresses.
struct Answer {
  std::string bytes;
  uint64_t address = 0;  // of the first byte when the kernel wrote it
};

// A number at an offset is read with FieldAt (agent/volatile/binary_fields.h). This is the text of a UNICODE_STRING of
// 64 bits at `offset`; nothing where it lies outside the answer.
// https://learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_unicode_string
std::optional<std::wstring> TextAt(const Answer& answer, size_t offset);

// NtQuerySystemInformation for a class whose answer may grow while it is asked for. ResourceExhausted where it has more
// than most_bytes. https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntquerysysteminformation
absl::StatusOr<Answer> QuerySystem(int information_class, size_t most_bytes);

// NtQueryInformationProcess. `process` is an open handle.
// https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntqueryinformationprocess
absl::StatusOr<Answer> QueryProcess(void* process, int information_class, size_t first_bytes, size_t most_bytes);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_KERNEL_ANSWERS_H_
