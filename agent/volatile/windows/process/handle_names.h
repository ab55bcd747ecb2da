// Names of what handles lead to, asked for so that no question can hold the agent up.
#ifndef HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_HANDLE_NAMES_H_
#define HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_HANDLE_NAMES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/volatile/windows/device_paths.h"
#include "core/base/windows_handle.h"

namespace hozen {

// Thread-compatible. A file that was opened for synchronous reads answers nobody while a read waits on it, which on a
// pipe may be for ever. So files are asked about by a thread of their own; where it does not answer in time it is left
// alone, with the handle that it has, until whoever reads there goes on. After 32 such no file's name is asked for.
class HandleNames {
 public:
  // `paths` must outlive it.
  explicit HandleNames(const DevicePaths& paths);
  ~HandleNames();
  HandleNames(const HandleNames&) = delete;
  HandleNames& operator=(const HandleNames&) = delete;

  // "File", "Key", ...: the kernel's name for what a handle of ours leads to. The error is NtStatus.
  static absl::StatusOr<std::string> TypeOf(void* handle);

  // WTF-8, empty where it has none. Of a file its path as people use it ("C:\x"), of everything else the kernel's name
  // ("\Device\NamedPipe\x", "\Sessions\1\BaseNamedObjects\x"). DeadlineExceeded for a file that did not answer.
  absl::StatusOr<std::string> NameOf(WindowsHandle handle, std::string_view type);

 private:
  struct Asker;

  absl::StatusOr<std::wstring> AskInTime(WindowsHandle handle);

  const DevicePaths& paths_;
  std::shared_ptr<Asker> asker_;
  int left_alone_ = 0;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_WINDOWS_PROCESS_HANDLE_NAMES_H_
