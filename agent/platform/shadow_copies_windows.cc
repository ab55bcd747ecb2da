#include <windows.h>
// After windows.h.
#include <objbase.h>
#include <vss.h>
// After vss.h.
#include <vsbackup.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "agent/platform/com_windows.h"
#include "agent/platform/shadow_copies.h"
#include "agent/platform/shadow_devices.h"
#include "core/base/concat.h"
#include "core/base/native_error.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMostCopies = 4096;
constexpr absl::Duration kMostTime = absl::Minutes(1);
constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;  // in 100 ns since 1601
constexpr int64_t kTicksPerSecond = 10'000'000;
constexpr std::string_view kAsking = "Asking the Volume Shadow Copy Service";

// VSS's own errors, which FormatMessage does not know
// (https://learn.microsoft.com/en-us/windows/win32/api/vsbackup/nf-vsbackup-ivssbackupcomponents-query).
constexpr uint32_t kObjectNotFound = 0x80042308;
constexpr uint32_t kProviderVeto = 0x80042306;
constexpr uint32_t kUnexpectedProviderError = 0x8004230F;
constexpr uint32_t kBadState = 0x80042301;
constexpr uint32_t kUnexpected = 0x80042302;

absl::Status VssStatus(HRESULT result) {
  const auto number = static_cast<uint32_t>(result);
  std::string_view words;
  if (number == kProviderVeto || number == kUnexpectedProviderError) words = "a provider of copies failed";
  if (number == kBadState || number == kUnexpected) words = "the service failed";
  if (words.empty()) return ComStatus(result, kAsking);
  absl::Status status = absl::UnknownError(Concat(kAsking, ": ", words, " (error 0x", absl::Hex(number), ")"));
  status.SetPayload(kWin32ErrorPayload, absl::Cord(Concat(static_cast<int32_t>(number))));
  return status;
}

std::string TextOf(const wchar_t* text) { return text == nullptr ? "" : Printable(Wtf8OfWide(text)); }

std::string GuidText(const GUID& id) {
  wchar_t text[40] = {};
  const int size = ::StringFromGUID2(id, text, std::size(text));
  return size <= 1 ? "" : Wtf8OfWide({text, static_cast<size_t>(size) - 1});
}

// "C:" where the volume is a drive, else its own name. Names of volumes end in a backslash.
std::string VolumeText(const wchar_t* volume) {
  if (volume == nullptr) return "";
  std::wstring paths(32'768, L'\0');
  DWORD size = 0;
  if (::GetVolumePathNamesForVolumeNameW(volume, paths.data(), static_cast<DWORD>(paths.size()), &size)) {
    for (const wchar_t* path = paths.c_str(); *path != L'\0'; path += std::wcslen(path) + 1) {
      if (std::wcslen(path) == 3 && path[1] == L':') return Wtf8OfWide({path, 2});
    }
  }
  return TextOf(volume);
}

v1::ShadowCopy CopyOf(const VSS_SNAPSHOT_PROP& found) {
  v1::ShadowCopy copy;
  copy.set_id(GuidText(found.m_SnapshotId));
  copy.set_set_id(GuidText(found.m_SnapshotSetId));
  copy.set_volume(VolumeText(found.m_pwszOriginalVolumeName));
  // A path, which plans name as it is: its backslashes stay single.
  if (found.m_pwszSnapshotDeviceObject != nullptr) {
    const std::string device = Wtf8OfWide(found.m_pwszSnapshotDeviceObject);
    copy.set_device(IsValidUtf8(device) ? device : Printable(device));
  }
  copy.set_machine(TextOf(found.m_pwszOriginatingMachine));
  for (std::string& name : ShadowCopyAttributes(static_cast<uint32_t>(found.m_lSnapshotAttributes))) {
    copy.add_attributes(std::move(name));
  }
  const int64_t ticks = found.m_tsCreationTimestamp - kUnixEpoch;
  // Of what has a time at all.
  if (ticks > 0) {
    copy.mutable_created()->set_seconds(ticks / kTicksPerSecond);
    copy.mutable_created()->set_nanos(static_cast<int32_t>(ticks % kTicksPerSecond * 100));
  }
  return copy;
}

// Frees what the service allocated for one copy, as VssFreeSnapshotProperties does.
class HeldProperties {
 public:
  explicit HeldProperties(VSS_SNAPSHOT_PROP& found) : found_(found) {}
  HeldProperties(const HeldProperties&) = delete;
  HeldProperties& operator=(const HeldProperties&) = delete;
  ~HeldProperties() {
    for (wchar_t* const text :
         {found_.m_pwszSnapshotDeviceObject, found_.m_pwszOriginalVolumeName, found_.m_pwszOriginatingMachine,
          found_.m_pwszServiceMachine, found_.m_pwszExposedName, found_.m_pwszExposedPath}) {
      ::CoTaskMemFree(text);
    }
  }

 private:
  VSS_SNAPSHOT_PROP& found_;
};

absl::Status ReadAll(IVssEnumObject& enumerator, std::vector<v1::ShadowCopy>& copies) {
  while (copies.size() < kMostCopies) {
    VSS_OBJECT_PROP found = {};
    ULONG count = 0;
    const HRESULT result = enumerator.Next(1, &found, &count);
    if (FAILED(result)) return VssStatus(result);
    if (result != S_OK || count == 0) return absl::OkStatus();
    if (found.Type != VSS_OBJECT_SNAPSHOT) continue;
    const HeldProperties held(found.Obj.Snap);
    copies.push_back(CopyOf(found.Obj.Snap));
  }
  return absl::ResourceExhaustedError(Concat("there are more than ", kMostCopies, " shadow copies"));
}

// Loaded when it is asked for, and for good: it has threads of its own. Programs for another architecture than the
// system's find none that answers.
absl::StatusOr<ComPointer<IVssBackupComponents>> Connect() {
  using Create = HRESULT(WINAPI*)(IVssBackupComponents**);
  const HMODULE library = ::LoadLibraryExW(L"vssapi.dll", nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (library == nullptr) return absl::UnimplementedError("this host has no vssapi.dll");
  const auto create =
      reinterpret_cast<Create>(reinterpret_cast<void*>(::GetProcAddress(library, "CreateVssBackupComponentsInternal")));
  if (create == nullptr) return absl::UnimplementedError("its vssapi.dll is older than Windows Vista's");
  ComPointer<IVssBackupComponents> components;
  if (const HRESULT result = create(components.Receive()); FAILED(result)) return VssStatus(result);
  return components;
}

absl::Status AskService(std::vector<v1::ShadowCopy>& copies) {
  HOZEN_ASSIGN_OR_RETURN(const ComPointer<IVssBackupComponents> components, Connect());
  // As who makes a backup and looks which copies there are; writers are not told.
  if (const HRESULT result = components->InitializeForBackup(nullptr); FAILED(result)) return VssStatus(result);
  if (const HRESULT result = components->SetContext(static_cast<LONG>(VSS_CTX_ALL)); FAILED(result)) {
    return VssStatus(result);
  }
  ComPointer<IVssEnumObject> enumerator;
  const HRESULT result = components->Query(GUID(), VSS_OBJECT_NONE, VSS_OBJECT_SNAPSHOT, enumerator.Receive());
  if (static_cast<uint32_t>(result) == kObjectNotFound) return absl::OkStatus();
  if (FAILED(result)) return VssStatus(result);
  return enumerator ? ReadAll(*enumerator.get(), copies) : absl::OkStatus();
}

}  // namespace

ShadowCopies ListShadowCopies(const std::function<bool()>& keep_on) {
  ShadowCopies all;
  // The thread that asks may be left behind, and then what it has is not looked at.
  const auto told = std::make_shared<std::vector<v1::ShadowCopy>>();
  all.service = RunInApartment([told] { return AskService(*told); }, kMostTime, keep_on);
  std::vector<v1::ShadowCopy> known;
  if (!absl::IsDeadlineExceeded(all.service) && !absl::IsCancelled(all.service)) known = std::move(*told);
  const absl::StatusOr<std::vector<std::string>> devices = ListShadowDevices();
  all.devices = devices.status();
  all.copies = JoinShadowCopies(std::move(known), devices.ok() ? *devices : std::vector<std::string>());
  return all;
}

}  // namespace hozen
