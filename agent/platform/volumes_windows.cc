#include "agent/platform/volumes_windows.h"

#include <windows.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr int kMostVolumes = 1024;
constexpr size_t kMostPlacesChars = 64 << 10;

std::string WithoutEnd(std::wstring_view path) {
  while (!path.empty() && path.back() == L'\\') path.remove_suffix(1);
  return Wtf8OfWide(path);
}

}  // namespace

bool HostVolume::has_letter() const {
  return std::any_of(places.begin(), places.end(), [](const std::string& place) { return place.size() == 2; });
}

absl::StatusOr<std::vector<std::string>> PlacesOfVolume(const std::string& device) {
  const std::wstring volume = WideOfWtf8(device) + L"\\";
  std::wstring names(1024, L'\0');
  DWORD size = 0;
  while (!::GetVolumePathNamesForVolumeNameW(volume.c_str(), names.data(), static_cast<DWORD>(names.size()), &size)) {
    const DWORD error = ::GetLastError();
    if (error != ERROR_MORE_DATA || size <= names.size() || size > kMostPlacesChars) {
      return Win32Status(error, Concat("Asking where ", Printable(device), " is mounted"));
    }
    names.assign(size, L'\0');
  }
  std::vector<std::string> places;
  for (size_t at = 0; at < names.size() && names[at] != L'\0';) {
    const std::wstring place = names.c_str() + at;
    places.push_back(WithoutEnd(place));
    at += place.size() + 1;
  }
  return places;
}

std::vector<HostVolume> ListHostVolumes() {
  std::vector<HostVolume> volumes;
  wchar_t name[MAX_PATH] = {};
  const HANDLE search = ::FindFirstVolumeW(name, std::size(name));
  if (search == INVALID_HANDLE_VALUE) return volumes;
  do {
    HostVolume volume = {.device = WithoutEnd(name), .places = {}};
    volume.places = PlacesOfVolume(volume.device).value_or(std::vector<std::string>());
    volumes.push_back(std::move(volume));
  } while (volumes.size() < kMostVolumes && ::FindNextVolumeW(search, name, std::size(name)));
  ::FindVolumeClose(search);
  return volumes;
}

}  // namespace hozen
