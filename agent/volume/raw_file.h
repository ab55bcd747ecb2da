// How files are named when they are read raw: what the agent asks its volume reader for.
#ifndef HOZEN_AGENT_VOLUME_RAW_FILE_H_
#define HOZEN_AGENT_VOLUME_RAW_FILE_H_

#include <cstdint>
#include <string>

namespace hozen {

// A file of a file system on the disk, by its record.
struct RawFileId {
  // The root folder, whatever its number is. Where a folder is meant, 0 is the root as well; as a file 0 is $MFT on
  // NTFS, and the root elsewhere.
  static constexpr uint64_t kRootFolder = ~uint64_t{0};

  uint64_t file_system_offset_bytes = 0;
  uint64_t address = kRootFolder;  // inode, MFT record number, libtsk's own number on FAT and exFAT
};

struct RawFolderOptions {
  bool deleted = false;  // also names that are not allocated
  // A page of the folder: from this entry on, and at most so many; 0 is all of them.
  uint64_t first = 0;
  uint64_t most = 0;
};

// Of NTFS an attribute; of others the one that is the contents. Type 0 and id 0: the contents, whatever the file system
// calls them.
struct RawAttributeId {
  uint32_t type = 0;
  uint32_t id = 0;
};

struct RawFileSystem {
  std::string type;  // libtsk's name: "ntfs", "ext4", "fat32", "exfat"
  uint32_t block_size_bytes = 0;
  bool ignores_case = false;  // in names
  std::string label;          // UTF-8, Printable
  std::string uuid;           // as blkid prints it; empty where it is not known
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_RAW_FILE_H_
