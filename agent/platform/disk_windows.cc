#include <windows.h>
// After windows.h.
#include <winioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "agent/platform/disk.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/path_text.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/base/windows_error.h"
#include "core/base/windows_handle.h"
#include "core/base/windows_text.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr uint32_t kMaxSectorSizeBytes = 1 << 20;
constexpr int kMostDrives = 64;
constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;  // in 100 ns since 1601
constexpr std::string_view kDevices = R"(\\.\)";
constexpr std::string_view kVolumes = R"(\\?\Volume{)";
constexpr std::string_view kExtended = R"(\\?\)";

int64_t UnixNs(const FILETIME& time) {
  return ((int64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime) - kUnixEpoch) * 100;
}

bool Ask(HANDLE device, DWORD question, void* answer, DWORD size) {
  DWORD got = 0;
  return ::DeviceIoControl(device, question, nullptr, 0, answer, size, &got, nullptr) != 0;
}

struct Names {
  std::string model;
  std::string serial;
};

// The texts stand behind the descriptor, at offsets from its start; 0 where there is none.
Names NamesOf(HANDLE device) {
  STORAGE_PROPERTY_QUERY query = {};
  query.PropertyId = StorageDeviceProperty;
  query.QueryType = PropertyStandardQuery;
  char bytes[4096] = {};
  DWORD got = 0;
  Names names;
  if (!::DeviceIoControl(device, IOCTL_STORAGE_QUERY_PROPERTY, &query, sizeof(query), bytes, sizeof(bytes) - 1, &got,
                         nullptr) ||
      got < sizeof(STORAGE_DEVICE_DESCRIPTOR)) {
    return names;
  }
  STORAGE_DEVICE_DESCRIPTOR descriptor = {};
  std::memcpy(&descriptor, bytes, sizeof(descriptor));
  const auto text_at = [&](DWORD offset) {
    if (offset == 0 || offset >= got) return std::string();
    return std::string(absl::StripAsciiWhitespace(bytes + offset));
  };
  names.model = std::string(
      absl::StripAsciiWhitespace(Concat(text_at(descriptor.VendorIdOffset), " ", text_at(descriptor.ProductIdOffset))));
  names.serial = text_at(descriptor.SerialNumberOffset);
  return names;
}

// Of what has no driver of disks behind it: a file that stands for a device, else a volume of NTFS, whose first sector
// says how many there are, its copy at the end not counted.
// https://learn.microsoft.com/windows-server/storage/file-server/ntfs-overview;
// flatcap.github.io/linux-ntfs/ntfs/files/boot.html
bool SizeOfContents(HANDLE device, uint64_t& size_bytes) {
  LARGE_INTEGER size = {};
  if (::GetFileSizeEx(device, &size) && size.QuadPart > 0) {
    size_bytes = static_cast<uint64_t>(size.QuadPart);
    return true;
  }
  unsigned char sector[512] = {};
  OVERLAPPED at_start = {};
  DWORD got = 0;
  if (!::ReadFile(device, sector, sizeof(sector), &got, &at_start) || got != sizeof(sector)) return false;
  if (std::memcmp(sector + 3, "NTFS    ", 8) != 0) return false;
  const uint64_t sector_size_bytes = sector[11] | uint64_t{sector[12]} << 8;
  uint64_t sectors = 0;
  for (int i = 7; i >= 0; --i) sectors = sectors << 8 | sector[40 + i];
  if (sector_size_bytes < 256 || sector_size_bytes > kMaxSectorSizeBytes || sectors == 0 || sectors >> 50 != 0) {
    return false;
  }
  size_bytes = (sectors + 1) * sector_size_bytes;
  return true;
}

bool SizeOf(HANDLE device, uint64_t& size_bytes) {
  GET_LENGTH_INFORMATION length = {};
  if (Ask(device, IOCTL_DISK_GET_LENGTH_INFO, &length, sizeof(length))) {
    size_bytes = static_cast<uint64_t>(length.Length.QuadPart);
    return true;
  }
  DISK_GEOMETRY_EX geometry = {};
  if (Ask(device, IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, &geometry, sizeof(geometry))) {
    size_bytes = static_cast<uint64_t>(geometry.DiskSize.QuadPart);
    return true;
  }
  return SizeOfContents(device, size_bytes);
}

absl::Status MeasureDevice(const std::string& path, OpenedDisk& disk) {
  HANDLE const device = HandleOf(disk.fd.get());
  disk.is_block_device = true;
  disk.mode = kModeBlockDevice;
  if (!SizeOf(device, disk.size_bytes)) {
    return Win32Status(::GetLastError(), Concat("Asking for the size of ", Printable(path)));
  }
  DISK_GEOMETRY geometry = {};
  if (Ask(device, IOCTL_DISK_GET_DRIVE_GEOMETRY, &geometry, sizeof(geometry)) &&
      geometry.BytesPerSector >= disk.sector_size_bytes && geometry.BytesPerSector <= kMaxSectorSizeBytes) {
    disk.sector_size_bytes = geometry.BytesPerSector;
  }
  Names names = NamesOf(device);
  disk.model = std::move(names.model);
  disk.serial = std::move(names.serial);
  STORAGE_DEVICE_NUMBER number = {};
  if (Ask(device, IOCTL_STORAGE_GET_DEVICE_NUMBER, &number, sizeof(number))) disk.device = number.DeviceNumber;
  // A reader without a card: an image of it would be empty and call itself complete.
  if (disk.size_bytes == 0) return ErrnoStatus(ENODEV, Concat("Opening disk ", Printable(path)));
  return absl::OkStatus();
}

// Without links and without short names; empty where the system does not say.
std::string PathOfHandle(HANDLE file) {
  std::wstring path(MAX_PATH, L'\0');
  const DWORD size = ::GetFinalPathNameByHandleW(file, path.data(), static_cast<DWORD>(path.size()), VOLUME_NAME_DOS);
  path.resize(size);
  if (size > MAX_PATH) {
    path.resize(::GetFinalPathNameByHandleW(file, path.data(), size, VOLUME_NAME_DOS));
  }
  std::string text = Wtf8OfWide(path);
  if (text.rfind(kExtended, 0) == 0) text.erase(0, kExtended.size());
  return text;
}

absl::Status MeasureFile(const std::string& path, OpenedDisk& disk) {
  BY_HANDLE_FILE_INFORMATION found = {};
  FILE_BASIC_INFO basic = {};
  HANDLE const file = HandleOf(disk.fd.get());
  if (!::GetFileInformationByHandle(file, &found) ||
      !::GetFileInformationByHandleEx(file, FileBasicInfo, &basic, sizeof(basic))) {
    return Win32Status(::GetLastError(), Concat("Opening disk ", Printable(path)));
  }
  disk.mode = kModeRegular;
  disk.real_path = PathOfHandle(file);
  disk.size_bytes = uint64_t{found.nFileSizeHigh} << 32 | found.nFileSizeLow;
  disk.inode = uint64_t{found.nFileIndexHigh} << 32 | found.nFileIndexLow;
  disk.device = found.dwVolumeSerialNumber;
  disk.modified_unix_ns = UnixNs(found.ftLastWriteTime);
  disk.changed_unix_ns = (basic.ChangeTime.QuadPart - kUnixEpoch) * 100;
  return absl::OkStatus();
}

// A device alone, "\\.\C:", a volume "\\?\Volume{...}", a shadow copy; and no file on one.
bool IsDeviceName(std::string_view path) {
  if (path.starts_with(kDevices)) return path.find('\\', kDevices.size()) == std::string_view::npos;
  if (path.starts_with(kVolumes)) return path.find('\\', kVolumes.size()) == std::string_view::npos;
  return !path.empty() && DeviceRootSize(path) == path.size();
}

}  // namespace

absl::StatusOr<OpenedDisk> OpenDisk(const std::string& path) {
  const std::wstring name = ExtendedPath(PathOf(path));
  const bool is_device = IsDeviceName(path);
  const DWORD attributes = is_device ? 0 : ::GetFileAttributesW(name.c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return absl::InvalidArgumentError(Concat(
        "Opening disk ", Printable(path), R"(: it is a folder; name a disk (\\.\PhysicalDrive0), a volume (\\.\C:), )",
        R"(a shadow copy (\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1) )", "or an image file"));
  }
  WindowsHandle handle(::CreateFileW(name.c_str(), GENERIC_READ, kShareAll, nullptr, OPEN_EXISTING, 0, nullptr));
  if (!handle.valid()) return Win32Status(::GetLastError(), Concat("Opening disk ", Printable(path)));
  if (::GetFileType(handle.get()) != FILE_TYPE_DISK) {
    return absl::InvalidArgumentError(
        Concat("Opening disk ", Printable(path), ": it is neither a disk, nor a volume, nor a regular file"));
  }
  // A mounted volume would end where its file system does, some sectors before its end.
  DWORD none = 0;
  if (is_device) ::DeviceIoControl(handle.get(), FSCTL_ALLOW_EXTENDED_DASD_IO, nullptr, 0, nullptr, 0, &none, nullptr);
  OpenedDisk disk;
  HOZEN_ASSIGN_OR_RETURN(disk.fd, FdOf(std::move(handle)));
  // Of a file alone: a disk has no times.
  disk.access_time_kept = is_device;
  HOZEN_RETURN_IF_ERROR(is_device ? MeasureDevice(path, disk) : MeasureFile(path, disk));
  return disk;
}

std::vector<LocalDisk> ListLocalDisks() {
  std::vector<LocalDisk> disks;
  for (int i = 0; i < kMostDrives; ++i) {
    LocalDisk disk;
    disk.path = Concat(kDevices, "PhysicalDrive", i);
    // Without a right to read: enough to ask, and no administrator need run us.
    const WindowsHandle handle(
        ::CreateFileW(WideOfWtf8(disk.path).c_str(), 0, kShareAll, nullptr, OPEN_EXISTING, 0, nullptr));
    if (!handle.valid() || !SizeOf(handle.get(), disk.size_bytes) || disk.size_bytes == 0) continue;
    disk.model = NamesOf(handle.get()).model;
    disks.push_back(std::move(disk));
  }
  return disks;
}

}  // namespace hozen
