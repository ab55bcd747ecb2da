#include <stdlib.h>
#include <time.h>
#include <windows.h>

#include "agent/platform/sandbox.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"

namespace hozen {
namespace {

// A job below the one that the agent made. It lives as long as its process; nobody keeps a handle that could loosen it.
absl::Status LimitOurselves(const SandboxOptions& options) {
  const WindowsHandle job(::CreateJobObjectW(nullptr, nullptr));
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags =
      JOB_OBJECT_LIMIT_PROCESS_MEMORY | JOB_OBJECT_LIMIT_PROCESS_TIME | JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
  limits.BasicLimitInformation.ActiveProcessLimit = 1;
  limits.BasicLimitInformation.PerProcessUserTimeLimit.QuadPart =
      static_cast<LONGLONG>(options.cpu_seconds) * 10'000'000;
  limits.ProcessMemoryLimit = options.memory_bytes;
  if (!job.valid() ||
      !::SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits, sizeof(limits)) ||
      !::AssignProcessToJobObject(job.get(), ::GetCurrentProcess())) {
    return Win32Status(::GetLastError(), "Limiting memory and CPU time");
  }
  return absl::OkStatus();
}

// Untrusted: it may write no object that has a name, and read none that asks for more.
absl::Status DropIntegrity() {
  HANDLE opened = nullptr;
  // S-1-16-0, by hand: not every system makes it of its well-known name.
  SID_IDENTIFIER_AUTHORITY labels = SECURITY_MANDATORY_LABEL_AUTHORITY;
  char untrusted[SECURITY_MAX_SID_SIZE];
  if (!::OpenProcessToken(::GetCurrentProcess(), TOKEN_ADJUST_DEFAULT | TOKEN_QUERY, &opened) ||
      !::InitializeSid(untrusted, &labels, 1)) {
    return Win32Status(::GetLastError(), "Giving up integrity");
  }
  const WindowsHandle token(opened);
  *::GetSidSubAuthority(untrusted, 0) = SECURITY_MANDATORY_UNTRUSTED_RID;
  TOKEN_MANDATORY_LABEL label = {};
  label.Label.Attributes = SE_GROUP_INTEGRITY;
  label.Label.Sid = untrusted;
  if (!::SetTokenInformation(token.get(), TokenIntegrityLevel, &label, sizeof(label) + ::GetLengthSid(untrusted))) {
    return Win32Status(::GetLastError(), "Giving up integrity");
  }
  return absl::OkStatus();
}

template <typename Policy>
absl::Status Forbid(PROCESS_MITIGATION_POLICY which, const Policy& policy, std::string_view what) {
  if (::SetProcessMitigationPolicy(which, const_cast<Policy*>(&policy), sizeof(policy))) return absl::OkStatus();
  return Win32Status(::GetLastError(), what);
}

// No code but what was loaded, no call to the window system, no library from outside, no handle that is not ours.
absl::Status ForbidTheRest() {
  PROCESS_MITIGATION_DYNAMIC_CODE_POLICY code = {};
  code.ProhibitDynamicCode = 1;
  absl::Status status = Forbid(ProcessDynamicCodePolicy, code, "Forbidding new code");
  PROCESS_MITIGATION_EXTENSION_POINT_DISABLE_POLICY extensions = {};
  extensions.DisableExtensionPoints = 1;
  if (status.ok()) status = Forbid(ProcessExtensionPointDisablePolicy, extensions, "Forbidding extensions");
  PROCESS_MITIGATION_IMAGE_LOAD_POLICY images = {};
  images.NoRemoteImages = 1;
  images.NoLowMandatoryLabelImages = 1;
  if (status.ok()) status = Forbid(ProcessImageLoadPolicy, images, "Forbidding libraries from outside");
  return status;
}

}  // namespace

// The agent started this process with a token that opens nothing, in a job that allows no other process, with no handle
// but those kept. Its first thread, the only one, stands in for a token with the agent's rights so far, because
// libraries are files; they are given up here, after what they are needed for. Sockets are opened too, as files of a
// device.
absl::Status EnterSandbox(const SandboxOptions& options) {
  if (absl::Status status = LimitOurselves(options); !status.ok()) return status;
  if (absl::Status status = ForbidTheRest(); !status.ok()) return status;
  if (absl::Status status = DropIntegrity(); !status.ok()) return status;
  if (!::RevertToSelf()) return Win32Status(::GetLastError(), "Giving up the agent's rights");
  return absl::OkStatus();
}

void UseUtc() {
  ::_putenv_s("TZ", "UTC0");
  ::_tzset();
}

}  // namespace hozen
