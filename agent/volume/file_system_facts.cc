#include "agent/volume/file_system_facts.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "agent/volume/file_system.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kHeadBytes = 2048;  // boot sector; superblock of ext

// https://www.kernel.org/doc/html/latest/filesystems/ext4/globals.html#super-block
constexpr size_t kExtUuidAt = 1024 + 0x68;
constexpr size_t kExtLabelAt = 1024 + 0x78;
constexpr size_t kExtLabelBytes = 16;
// https://flatcap.github.io/linux-ntfs/ntfs/files/boot.html and volume.html
constexpr size_t kNtfsSerialAt = 0x48;
constexpr TSK_INUM_T kNtfsVolumeRecord = 3;
// FAT: BPB of DOS 4.0, which FAT32 has moved; exFAT: specification, section 3.1.
constexpr size_t kFatSerialAt = 39;
constexpr size_t kFat32SerialAt = 67;
constexpr size_t kExfatSerialAt = 100;
// What libtsk adds to the name in the root folder that is the label.
constexpr std::string_view kLabelNote = " (Volume Label Entry)";

std::string Hex(std::string_view bytes, const char* digits) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

// A serial number, as it is written for people: the last byte first.
std::string Serial(std::string_view bytes) {
  return Hex(std::string(bytes.rbegin(), bytes.rend()), "0123456789ABCDEF");
}

std::string FatSerial(std::string_view bytes) {
  const std::string serial = Serial(bytes);
  return serial.substr(0, 4) + "-" + serial.substr(4);
}

std::string Uuid(std::string_view bytes) {
  std::string text = Hex(bytes, "0123456789abcdef");
  if (text == std::string(text.size(), '0')) return "";
  for (const size_t at : {20, 16, 12, 8}) text.insert(at, "-");
  return text;
}

std::string Trimmed(std::string text) {
  text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
  text.erase(text.find_last_not_of(' ') + 1);
  return Printable(text);
}

void AppendUtf8(uint32_t code, std::string& text) {
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xC0 | code >> 6));
    text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | code >> 12));
    text.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    text.push_back(static_cast<char>(0xF0 | code >> 18));
    text.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    text.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// Of little-endian UTF-16; halves of pairs become bytes that Printable spells.
std::string Utf8Of(const uint8_t* bytes, size_t size) {
  std::string text;
  const auto unit = [&](size_t i) { return static_cast<uint32_t>(bytes[i] | bytes[i + 1] << 8); };
  for (size_t i = 0; i + 1 < size; i += 2) {
    uint32_t code = unit(i);
    if (code >= 0xD800 && code < 0xDC00 && i + 3 < size && unit(i + 2) >= 0xDC00 && unit(i + 2) < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    }
    AppendUtf8(code, text);
  }
  return text;
}

std::string NtfsLabel(TSK_FS_INFO& system) {
  const FileHandle volume(tsk_fs_file_open_meta(&system, nullptr, kNtfsVolumeRecord));
  if (volume == nullptr) return "";
  const TSK_FS_ATTR* name = tsk_fs_file_attr_get_type(volume.get(), TSK_FS_ATTR_TYPE_NTFS_VNAME, 0, 0);
  if (name == nullptr || (name->flags & TSK_FS_ATTR_RES) == 0 || name->rd.buf == nullptr || name->size < 0) return "";
  return Printable(Utf8Of(name->rd.buf, std::min(static_cast<size_t>(name->size), name->rd.buf_size)));
}

std::string FatLabel(TSK_FS_INFO& system) {
  const FolderHandle root(tsk_fs_dir_open_meta(&system, system.root_inum));
  const size_t count = root == nullptr ? 0 : tsk_fs_dir_getsize(root.get());
  for (size_t i = 0; i < count; ++i) {
    const TSK_FS_NAME* name = tsk_fs_dir_get_name(root.get(), i);
    if (name == nullptr || name->name == nullptr || (name->flags & TSK_FS_NAME_FLAG_UNALLOC) != 0) continue;
    const std::string_view text = name->name;
    if (text.ends_with(kLabelNote)) return Trimmed(std::string(text.substr(0, text.size() - kLabelNote.size())));
  }
  return "";
}

}  // namespace

RawFileSystem DescribeOpenFileSystem(TSK_FS_INFO& system) {
  RawFileSystem told;
  const char* type = tsk_fs_type_toname(system.ftype);
  told.type = type == nullptr ? "" : type;
  told.block_size_bytes = system.block_size;
  told.ignores_case = IgnoresCase(system);
  std::array<char, kHeadBytes> bytes = {};
  const ssize_t size = tsk_fs_read(&system, 0, bytes.data(), bytes.size());
  const std::string_view head(bytes.data(), bytes.size());
  if (TSK_FS_TYPE_ISNTFS(system.ftype)) {
    told.label = NtfsLabel(system);
    if (size > 0) told.uuid = Serial(head.substr(kNtfsSerialAt, 8));
  } else if (TSK_FS_TYPE_ISFAT(system.ftype)) {
    told.label = FatLabel(system);
    const size_t at = system.ftype == TSK_FS_TYPE_EXFAT   ? kExfatSerialAt
                      : system.ftype == TSK_FS_TYPE_FAT32 ? kFat32SerialAt
                                                          : kFatSerialAt;
    if (size > 0) told.uuid = FatSerial(head.substr(at, 4));
  } else if (TSK_FS_TYPE_ISEXT(system.ftype) && size > 0) {
    told.label = Trimmed(std::string(head.substr(kExtLabelAt, kExtLabelBytes)));
    told.uuid = Uuid(head.substr(kExtUuidAt, 16));
  }
  return told;
}

bool IgnoresCase(const TSK_FS_INFO& system) {
  return TSK_FS_TYPE_ISNTFS(system.ftype) || TSK_FS_TYPE_ISFAT(system.ftype);
}

}  // namespace hozen
