#include "agent/volatile/windows/startup/autorun_locations.h"

namespace hozen {
namespace {

using Root = AutorunLocation::Root;

// clang-format off
constexpr AutorunLocation kLocations[] = {
    // When somebody logs on.
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\Run)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\RunOnce)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\RunOnceEx\*)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\RunServices)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\RunServicesOnce)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\Policies\Explorer\Run)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\Policies\System)", L"Shell"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Terminal Server\Install\Software\Microsoft\Windows\CurrentVersion\Run)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Terminal Server\Install\Software\Microsoft\Windows\CurrentVersion\RunOnce)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Windows)", L"Load"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Windows)", L"Run"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon)", L"Shell"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon)", L"Userinit"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon)", L"Taskman"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon)", L"System"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon)", L"VmApplet"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon)", L"AppSetup"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon)", L"GinaDLL"},
    {Root::kMachineSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon\Notify\*)", L"DLLName"},
    {Root::kMachineSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon\GPExtensions\*)", L"DllName"},
    {Root::kMachineSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Winlogon\AlternateShells\AvailableShells)", nullptr},
    {Root::kSoftware, LR"(Policies\Microsoft\Windows\System\Scripts\*\*\*)", L"Script"},
    {Root::kMachineSoftware, LR"(Microsoft\Active Setup\Installed Components\*)", L"StubPath"},
    {Root::kUser, LR"(Environment)", L"UserInitMprLogonScript"},
    {Root::kUser, LR"(Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders)", L"Startup"},
    {Root::kMachineSoftware, LR"(Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders)", L"Common Startup"},
    // When nobody does anything.
    {Root::kUser, LR"(Control Panel\Desktop)", L"SCRNSAVE.EXE"},
    {Root::kUser, LR"(Software\Policies\Microsoft\Windows\Control Panel\Desktop)", L"SCRNSAVE.EXE"},
    // Loaded into other programs, or started in their place.
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Windows)", L"AppInit_DLLs"},
    {Root::kMachineSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Windows)", L"IconServiceLib"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Image File Execution Options\*)", L"Debugger"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Image File Execution Options\*\*)", L"Debugger"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\Image File Execution Options\*)", L"VerifierDlls"},
    {Root::kSoftware, LR"(Microsoft\Windows NT\CurrentVersion\SilentProcessExit\*)", L"MonitorProcess"},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\ShellServiceObjectDelayLoad)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\Explorer\ShellExecuteHooks)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Windows\CurrentVersion\Explorer\SharedTaskScheduler)", nullptr},
    {Root::kSoftware, LR"(Microsoft\Command Processor)", L"AutoRun"},
    {Root::kSoftware, LR"(Microsoft\Office test\Special\Perf)", nullptr},
    {Root::kMachineSoftware, LR"(Microsoft\NetSh)", nullptr},
    {Root::kControl, LR"(Control\Session Manager\AppCertDlls)", nullptr},
    // When the system starts, and in its own processes.
    {Root::kControl, LR"(Control\Session Manager)", L"BootExecute"},
    {Root::kControl, LR"(Control\Session Manager)", L"SetupExecute"},
    {Root::kControl, LR"(Control\Session Manager)", L"Execute"},
    {Root::kControl, LR"(Control\Session Manager)", L"S0InitialCommand"},
    {Root::kControl, LR"(Control\BootVerificationProgram)", L"ImagePath"},
    {Root::kControl, LR"(Control\SafeBoot)", L"AlternateShell"},
    {Root::kControl, LR"(Control\Lsa)", L"Authentication Packages"},
    {Root::kControl, LR"(Control\Lsa)", L"Security Packages"},
    {Root::kControl, LR"(Control\Lsa)", L"Notification Packages"},
    {Root::kControl, LR"(Control\Lsa\OSConfig)", L"Security Packages"},
    {Root::kControl, LR"(Control\SecurityProviders)", L"SecurityProviders"},
    {Root::kControl, LR"(Control\Print\Monitors\*)", L"Driver"},
    {Root::kControl, LR"(Control\Print\Providers\*)", L"Name"},
    {Root::kControl, LR"(Control\Print\Environments\*\Print Processors\*)", L"Driver"},
    {Root::kControl, LR"(Control\NetworkProvider\Order)", L"ProviderOrder"},
    {Root::kControl, LR"(Services\*\NetworkProvider)", L"ProviderPath"},
    {Root::kControl, LR"(Services\W32Time\TimeProviders\*)", L"DllName"},
    {Root::kControl, LR"(Control\Terminal Server\Wds\rdpwd)", L"StartupPrograms"},
    {Root::kControl, LR"(Control\Terminal Server\WinStations\*)", L"InitialProgram"},
};
// clang-format on

}  // namespace

absl::Span<const AutorunLocation> AutorunLocations() { return kLocations; }

}  // namespace hozen
