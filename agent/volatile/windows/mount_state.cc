#include "agent/volatile/windows/mount_state.h"

#include <windows.h>

#include <cstdio>
#include <iterator>
#include <set>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/platform/volumes_windows.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/device_paths.h"
#include "agent/volatile/windows/host_values.h"
#include "core/base/concat.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr int kMostVolumes = 1024;

struct Flag {
  uint32_t bit;
  const char* name;
};
constexpr Flag kFlags[] = {
    {FILE_VOLUME_IS_COMPRESSED, "compressed"}, {FILE_VOLUME_QUOTAS, "quotas"},
    {FILE_SUPPORTS_ENCRYPTION, "encryption"},  {FILE_SUPPORTS_REPARSE_POINTS, "reparse_points"},
    {FILE_NAMED_STREAMS, "named_streams"},     {FILE_SUPPORTS_USN_JOURNAL, "usn_journal"},
    {0x20000000 /* FILE_DAX_VOLUME */, "dax"},
};

std::string KindOf(UINT type) {
  switch (type) {
    case DRIVE_REMOVABLE:
      return "removable";
    case DRIVE_FIXED:
      return "fixed";
    case DRIVE_REMOTE:
      return "remote";
    case DRIVE_CDROM:
      return "cdrom";
    case DRIVE_RAMDISK:
      return "ramdisk";
    default:
      return "unknown";
  }
}

std::wstring TargetOf(const std::wstring& name) {
  wchar_t target[1024] = {};
  return ::QueryDosDeviceW(name.c_str(), target, std::size(target)) == 0 ? L"" : target;
}

class Volumes {
 public:
  explicit Volumes(const StateContext& context) : context_(context) {}

  std::vector<v1::VolatileRecord> Make() {
    wchar_t name[MAX_PATH] = {};
    const HANDLE search = ::FindFirstVolumeW(name, std::size(name));
    if (search == INVALID_HANDLE_VALUE) {
      Miss("volumes", Win32Status(::GetLastError(), "Listing volumes"));
    } else {
      int volumes = 0;
      do {
        AddVolume(name);
      } while (++volumes < kMostVolumes && context_.keep_on() && ::FindNextVolumeW(search, name, std::size(name)));
      if (volumes == kMostVolumes) {
        missing_.push_back(MissingRecord(
            "volumes", MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMostVolumes, " are described"))));
      }
      ::FindVolumeClose(search);
    }
    AddLetters();
    for (v1::VolatileRecord& record : missing_) records_.push_back(std::move(record));
    return std::move(records_);
  }

 private:
  void Miss(std::string_view what, const absl::Status& status) {
    missing_.push_back(MissingRecord(what, FailureOf(status)));
  }

  // "C:\", "C:\mnt\"; empty where it is mounted nowhere.
  std::vector<std::wstring> PlacesOf(const std::wstring& volume) {
    const absl::StatusOr<std::vector<std::string>> found =
        PlacesOfVolume(Wtf8OfWide(volume.substr(0, volume.size() - 1)));
    if (!found.ok()) {
      Miss(Concat("where ", Wtf8OfWide(volume), " is mounted"), found.status());
      return {};
    }
    std::vector<std::wstring> places;
    for (const std::string& place : *found) places.push_back(WideOfWtf8(place) + L"\\");
    return places;
  }

  // `volume` is "\\?\Volume{...}\".
  void AddVolume(const std::wstring& volume) {
    v1::MountState mount;
    mount.set_source(WideText(volume));
    if (volume.size() > 5) mount.set_device(WideText(TargetOf(volume.substr(4, volume.size() - 5))));
    std::vector<std::wstring> places = PlacesOf(volume);
    const std::string kind = KindOf(::GetDriveTypeW(places.empty() ? volume.c_str() : places[0].c_str()));
    wchar_t label[MAX_PATH + 1] = {};
    wchar_t file_system[MAX_PATH + 1] = {};
    DWORD serial = 0;
    DWORD flags = 0;
    std::string facts = Concat("kind=", kind);
    if (::GetVolumeInformationW(volume.c_str(), label, MAX_PATH, &serial, nullptr, &flags, file_system, MAX_PATH)) {
      mount.set_file_system(WideText(file_system));
      mount.set_options(VolumeOptions(flags));
      char number[16];
      std::snprintf(number, sizeof(number), "%04lX-%04lX", serial >> 16, serial & 0xFFFF);
      facts += Concat(",serial=", number, ",label=", WideText(label));
    } else if (const DWORD error = ::GetLastError(); error != ERROR_NOT_READY) {
      // One that is locked by BitLocker, or has a file system that Windows does not know. A drive without a medium has
      // nothing that could be missing.
      Miss(Concat("what ", Wtf8OfWide(volume), " holds"), Win32Status(error, "Asking for it"));
    } else {
      facts += ",no_medium";
    }
    mount.set_super_options(std::move(facts));
    for (const std::wstring& place : places) letters_.insert(place.substr(0, 2));
    if (places.empty()) places.emplace_back();
    for (const std::wstring& place : places) {
      v1::MountState& one = *records_.emplace_back().mutable_mount();
      one = mount;
      one.set_mount_point(WideText(place));
    }
  }

  // What letters stand for that are no volume's.
  void AddLetters() {
    const DevicePaths paths({}, L"");
    const DWORD letters = ::GetLogicalDrives();
    for (int i = 0; i < 26; ++i) {
      const std::wstring letter = {static_cast<wchar_t>(L'A' + i), L':'};
      if ((letters >> i & 1) == 0 || letters_.count(letter) > 0) continue;
      const std::wstring target = TargetOf(letter);
      v1::MountState& mount = *records_.emplace_back().mutable_mount();
      mount.set_mount_point(WideText(letter + L"\\"));
      mount.set_device(WideText(target));
      const std::wstring path = paths.PathOfDevice(target);
      if (path.rfind(LR"(\\?\)", 0) != 0) mount.set_source(WideText(path));
      // The type is known here; only more than that would be asked of the server.
      mount.set_super_options(Concat("kind=", KindOf(::GetDriveTypeW((letter + L"\\").c_str()))));
    }
  }

  const StateContext& context_;
  std::set<std::wstring> letters_;  // those of volumes
  std::vector<v1::VolatileRecord> records_;
  std::vector<v1::VolatileRecord> missing_;
};

}  // namespace

std::string VolumeOptions(uint32_t flags) {
  std::string text = (flags & FILE_READ_ONLY_VOLUME) != 0 ? "ro" : "rw";
  for (const Flag& each : kFlags) {
    if ((flags & each.bit) != 0) text += Concat(",", each.name);
  }
  return text;
}

std::vector<v1::VolatileRecord> WindowsMountRecords(const StateContext& context) { return Volumes(context).Make(); }

}  // namespace hozen
