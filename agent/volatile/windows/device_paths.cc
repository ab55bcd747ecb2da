#include "agent/volatile/windows/device_paths.h"

#include <windows.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/platform/volumes_windows.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMostTargetChars = 1024;
constexpr std::wstring_view kRemote[] = {LR"(\Device\Mup\)", LR"(\Device\LanmanRedirector\)"};
constexpr std::wstring_view kSystemRoot = LR"(\SystemRoot\)";
constexpr std::wstring_view kDosDevices = LR"(\??\)";

bool BeginsWith(std::wstring_view text, std::wstring_view prefix) {
  return text.size() >= prefix.size() &&
         ::CompareStringOrdinal(text.data(), static_cast<int>(prefix.size()), prefix.data(),
                                static_cast<int>(prefix.size()), TRUE) == CSTR_EQUAL;
}

std::wstring TargetOf(const std::wstring& name) {
  wchar_t target[kMostTargetChars] = {};
  return ::QueryDosDeviceW(name.c_str(), target, std::size(target)) == 0 ? L"" : target;
}

void AddVolumes(std::map<std::wstring, std::wstring>& places) {
  for (const HostVolume& volume : ListHostVolumes()) {
    // "\\?\Volume{...}": QueryDosDevice wants what stands behind the prefix.
    const std::wstring device = TargetOf(WideOfWtf8(volume.device).substr(kDosDevices.size()));
    if (!device.empty() && !volume.places.empty()) places.try_emplace(device, WideOfWtf8(volume.places.front()));
  }
}

}  // namespace

DevicePaths::DevicePaths(std::map<std::wstring, std::wstring> places, std::wstring system_folder)
    : places_(std::move(places)), system_folder_(std::move(system_folder)) {}

DevicePaths DevicePaths::Read() {
  std::map<std::wstring, std::wstring> places;
  const DWORD letters = ::GetLogicalDrives();
  for (int i = 0; i < 26; ++i) {
    if ((letters >> i & 1) == 0) continue;
    const std::wstring letter = {static_cast<wchar_t>(L'A' + i), L':'};
    const std::wstring device = TargetOf(letter);
    // A letter that stands for a folder (subst) is no place of a device.
    if (!device.empty() && !BeginsWith(device, kDosDevices)) places.try_emplace(device, letter);
  }
  AddVolumes(places);
  wchar_t folder[MAX_PATH] = {};
  const UINT size = ::GetSystemWindowsDirectoryW(folder, MAX_PATH);
  return DevicePaths(std::move(places), size == 0 || size >= MAX_PATH ? L"C:\\Windows" : folder);
}

std::wstring DevicePaths::PathOfDevice(std::wstring_view name) const {
  if (BeginsWith(name, kSystemRoot)) return system_folder_ + std::wstring(name.substr(kSystemRoot.size() - 1));
  if (BeginsWith(name, kDosDevices)) {
    const std::wstring_view rest = name.substr(kDosDevices.size());
    return BeginsWith(rest, LR"(UNC\)") ? LR"(\\)" + std::wstring(rest.substr(4)) : std::wstring(rest);
  }
  for (const auto& [device, place] : places_) {
    if (BeginsWith(name, device) && (name.size() == device.size() || name[device.size()] == L'\\')) {
      return place + std::wstring(name.substr(device.size()));
    }
  }
  for (const std::wstring_view remote : kRemote) {
    if (!BeginsWith(name, remote)) continue;
    // What a redirector puts between, ";X:000000000000abcd\", says by which letter it was reached.
    std::wstring_view rest = name.substr(remote.size());
    while (!rest.empty() && rest[0] == L';') rest.remove_prefix(std::min(rest.find(L'\\'), rest.size() - 1) + 1);
    return LR"(\\)" + std::wstring(rest);
  }
  if (BeginsWith(name, LR"(\Device\)")) return LR"(\\?\GLOBALROOT)" + std::wstring(name);
  return std::wstring(name);
}

std::wstring DevicePaths::DeviceOf(std::wstring_view place) const {
  for (const auto& [device, its_place] : places_) {
    if (its_place.size() == place.size() && BeginsWith(place, its_place)) return device;
  }
  return L"";
}

}  // namespace hozen
