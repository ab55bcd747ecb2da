#include "core/base/windows_handle.h"

#include <fcntl.h>
#include <io.h>
#include <windows.h>
// After windows.h.
#include <sddl.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/status_context.h"

namespace hozen {
namespace {

constexpr wchar_t kAdministrators[] = L"S-1-5-32-544";

// "S-1-5-...", which TokenUser (who this process is) and TokenOwner (to whom belongs what it makes) begin with. Empty
// where the system does not say.
std::wstring SidOfToken(TOKEN_INFORMATION_CLASS what) {
  HANDLE opened = nullptr;
  if (!::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &opened)) return {};
  const WindowsHandle token(opened);
  DWORD size = 0;
  ::GetTokenInformation(token.get(), what, nullptr, 0, &size);
  std::vector<char> bytes(size);
  if (size == 0 || !::GetTokenInformation(token.get(), what, bytes.data(), size, &size)) return {};
  PSID sid = nullptr;
  std::memcpy(&sid, bytes.data(), sizeof(sid));
  wchar_t* text = nullptr;
  if (!::ConvertSidToStringSidW(sid, &text)) return {};
  const LocalMemory owned(text);
  return text;
}

}  // namespace

WindowsHandle::~WindowsHandle() {
  if (valid()) ::CloseHandle(handle_);
}

bool WindowsHandle::valid() const { return handle_ != nullptr && handle_ != INVALID_HANDLE_VALUE; }

absl::StatusOr<UniqueFd> FdOf(WindowsHandle handle) {
  const int fd = ::_open_osfhandle(reinterpret_cast<intptr_t>(handle.get()), _O_BINARY);
  if (fd < 0) return ErrnoStatus(errno, "a descriptor for a handle");
  handle.Release();
  return UniqueFd(fd);
}

void* HandleOf(int fd) { return fd < 0 ? INVALID_HANDLE_VALUE : reinterpret_cast<void*>(::_get_osfhandle(fd)); }

void LocalMemoryDeleter::operator()(void* memory) const { ::LocalFree(memory); }

LocalMemory PrivateDescriptor() {
  std::wstring rules = L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
  // What an elevated process makes belongs to the administrators. It needs no entry of its user's own, and what the
  // same person runs without elevation bears that user's name too.
  if (SidOfToken(TokenOwner) != kAdministrators) {
    const std::wstring user = SidOfToken(TokenUser);
    if (user.empty()) return nullptr;
    rules += L"(A;OICI;FA;;;" + user + L")";
  }
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (!::ConvertStringSecurityDescriptorToSecurityDescriptorW(rules.c_str(), SDDL_REVISION_1, &descriptor, nullptr)) {
    return nullptr;
  }
  return LocalMemory(descriptor);
}

}  // namespace hozen
