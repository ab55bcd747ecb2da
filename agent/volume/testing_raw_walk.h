// Every file of a file system as a volume reader tells of it, in the words of fls, istat and icat, which judge it.
#ifndef HOZEN_AGENT_VOLUME_TESTING_RAW_WALK_H_
#define HOZEN_AGENT_VOLUME_TESTING_RAW_WALK_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "agent/volume/volume_reader.h"

namespace hozen {

struct WalkedFile {
  std::string path;  // with "/" in front
  v1::RawEntry entry;
};

// As `fls -r` walks: into no folder that is its own ancestor. Fails the test where a folder of an allocated name cannot
// be read. Orphans and what is below them stand under "/$OrphanFiles".
std::vector<WalkedFile> WalkRaw(VolumeReader& reader, uint64_t offset_bytes);
std::vector<WalkedFile> WalkRawOrphans(VolumeReader& reader, uint64_t offset_bytes);

// Lines of a body file without MD5 and without the type in the name: one for each stream, as `fls -r -m /` has them,
// but without those of $FILE_NAME. Of a reallocated file and of one whose record cannot be read the name alone.
std::multiset<std::string> BodyLinesOf(const WalkedFile& file, bool ntfs);
// The same of a line of fls; empty for what only libtsk has in root folders, and for $FILE_NAME.
std::string BodyLineOfFls(const std::string& line);

// "128-1 name resident 12", as istat tells of attributes.
std::multiset<std::string> AttributeLinesOf(const v1::RawEntry& entry);
std::multiset<std::string> AttributeLinesOfIstat(const std::string& output);

// All bytes of an attribute; what cannot be read ends it, and `failed` is set.
std::string ReadWhole(VolumeReader& reader, const RawFileId& file, const RawAttributeId& attribute, bool& failed);

// What a program prints.
struct Judged {
  std::string output;
  int status = 0;
};
Judged Judge(const std::string& command);

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_TESTING_RAW_WALK_H_
