#include "agent/volatile/windows/network/pipe_state.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

// ntdll has it; mingw-w64's headers for programs do not.
extern "C" NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE file, HANDLE event, PVOID routine, PVOID context,
                                               PIO_STATUS_BLOCK block, PVOID bytes, ULONG size, int information,
                                               BOOLEAN single, PUNICODE_STRING name, BOOLEAN restart);

namespace hozen {
namespace {

constexpr wchar_t kFolder[] = LR"(\\.\pipe\)";
constexpr wchar_t kAll[] = LR"(\\.\pipe\*)";
constexpr size_t kMost = 65'536;
constexpr size_t kBytes = 64 << 10;
constexpr int kDirectoryInformation = 1;
constexpr size_t kEndOfFileAt = 40, kAllocationAt = 48, kNameSizeAt = 60, kNameAt = 64;
constexpr NTSTATUS kNoMoreFiles = static_cast<NTSTATUS>(0x80000006);

template <typename Number>
Number At(std::string_view bytes, size_t at) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

// Adds what is listed, also where it fails.
absl::Status List(const StateContext& context, std::vector<v1::VolatileRecord>& records) {
  const WindowsHandle folder(::CreateFileW(kFolder, FILE_LIST_DIRECTORY | SYNCHRONIZE,
                                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                           OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  if (!folder.valid()) return Win32Status(::GetLastError(), "Opening the folder of pipes");
  const auto bytes = std::make_unique<char[]>(kBytes);
  for (bool restart = true; records.size() < kMost; restart = false) {
    if (context.keep_on && !context.keep_on()) return absl::DeadlineExceededError("collecting ended");
    IO_STATUS_BLOCK block = {};
    const NTSTATUS status = ::NtQueryDirectoryFile(folder.get(), nullptr, nullptr, nullptr, &block, bytes.get(), kBytes,
                                                   kDirectoryInformation, FALSE, nullptr, restart);
    if (status == kNoMoreFiles) return absl::OkStatus();
    if (status < 0) return Win32Status(::RtlNtStatusToDosError(status), "Listing pipes");
    const size_t size = std::min<size_t>(block.Information, kBytes);
    std::vector<v1::NamedPipe> pipes = ParsePipeListing({bytes.get(), size});
    if (pipes.empty()) return absl::DataLossError("the listing of pipes is damaged");
    for (v1::NamedPipe& pipe : pipes) *records.emplace_back().mutable_named_pipe() = std::move(pipe);
  }
  return absl::ResourceExhaustedError(Concat("only ", kMost, " are here"));
}

struct FindCloser {
  void operator()(void* search) const { ::FindClose(search); }
};

// Where the kernel's own call does not work: without the most instances.
absl::Status Find(std::vector<v1::VolatileRecord>& records) {
  WIN32_FIND_DATAW found = {};
  HANDLE opened = ::FindFirstFileW(kAll, &found);
  if (opened == INVALID_HANDLE_VALUE) {
    const DWORD error = ::GetLastError();
    return error == ERROR_FILE_NOT_FOUND ? absl::OkStatus() : Win32Status(error, "Listing pipes");
  }
  const std::unique_ptr<void, FindCloser> search(opened);
  do {
    if (records.size() >= kMost) return absl::ResourceExhaustedError(Concat("only ", kMost, " are here"));
    v1::NamedPipe& pipe = *records.emplace_back().mutable_named_pipe();
    pipe.set_name(WideText(found.cFileName));
    pipe.set_instances(found.nFileSizeLow);
  } while (::FindNextFileW(opened, &found));
  const DWORD error = ::GetLastError();
  return error == ERROR_NO_MORE_FILES ? absl::OkStatus() : Win32Status(error, "Listing pipes");
}

}  // namespace

std::vector<v1::NamedPipe> ParsePipeListing(std::string_view bytes) {
  std::vector<v1::NamedPipe> pipes;
  while (bytes.size() >= kNameAt) {
    const auto next = At<uint32_t>(bytes, 0);
    const auto name_size = At<uint32_t>(bytes, kNameSizeAt);
    if (name_size > bytes.size() - kNameAt) break;
    std::wstring name(name_size / sizeof(wchar_t), L'\0');
    std::memcpy(name.data(), bytes.data() + kNameAt, name.size() * sizeof(wchar_t));
    v1::NamedPipe& pipe = pipes.emplace_back();
    pipe.set_name(WideText(name));
    pipe.set_instances(static_cast<uint32_t>(At<uint64_t>(bytes, kEndOfFileAt)));
    // -1, of 32 bits or of 64, is no limit.
    const auto most = static_cast<uint32_t>(At<uint64_t>(bytes, kAllocationAt));
    if (most != UINT32_MAX) pipe.set_most_instances(most);
    if (next < kNameAt || next > bytes.size()) break;
    bytes.remove_prefix(next);
  }
  return pipes;
}

std::vector<v1::VolatileRecord> PipeRecords(const StateContext& context) {
  std::vector<v1::VolatileRecord> records;
  absl::Status status = List(context, records);
  // Another way, and the same question.
  if (!status.ok() && records.empty() && !absl::IsDeadlineExceeded(status)) {
    const absl::Status found = Find(records);
    if (found.ok()) status = found;
  }
  if (status.ok()) return records;
  v1::Failure failure = FailureOf(status);
  if (absl::IsResourceExhausted(status)) failure.set_cause(v1::CAUSE_LIMIT_ITEMS);
  records.push_back(MissingRecord("pipes", std::move(failure)));
  return records;
}

}  // namespace hozen
