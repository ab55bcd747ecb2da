#include "agent/volume/testing_raw_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <regex>
#include <sstream>

#include "core/base/concat.h"
#include "core/evidence/file_mode.h"

namespace hozen {
namespace {

constexpr int kMostDepth = 64;
constexpr uint32_t kData = 128;
constexpr uint32_t kIndexRoot = 144;
constexpr int64_t kNanosecondsInSecond = 1'000'000'000;

class Walk {
 public:
  Walk(VolumeReader& reader, uint64_t offset_bytes) : reader_(reader), offset_bytes_(offset_bytes) {}

  void Folder(uint64_t address, const std::string& path, bool must_be_readable) {
    const RawFileId folder = {.file_system_offset_bytes = offset_bytes_, .address = address};
    std::vector<v1::RawEntry> entries;
    const absl::Status read = reader_.ReadFolder(folder, {.deleted = true}, Keep(entries));
    if (must_be_readable && !read.ok()) ADD_FAILURE() << path << ": " << read;
    Add(entries, path);
  }

  void Orphans() {
    std::vector<v1::RawEntry> entries;
    const absl::Status read = reader_.ReadOrphans(offset_bytes_, {}, Keep(entries));
    EXPECT_TRUE(read.ok()) << read;
    Add(entries, "/$OrphanFiles");
  }

  std::vector<WalkedFile> Take() { return std::move(found_); }

 private:
  static VolumeReader::OnRawEntries Keep(std::vector<v1::RawEntry>& entries) {
    return [&entries](std::vector<v1::RawEntry> batch) {
      EXPECT_FALSE(batch.empty());
      std::move(batch.begin(), batch.end(), std::back_inserter(entries));
      return absl::OkStatus();
    };
  }

  void Add(const std::vector<v1::RawEntry>& entries, const std::string& path) {
    for (const v1::RawEntry& entry : entries) {
      const std::string name = Concat(path, "/", entry.name());
      found_.push_back({.path = name, .entry = entry});
      if (!entry.has_file() || (entry.file().mode() & kModeTypeMask) != kModeFolder) continue;
      const uint64_t inode = entry.file().inode();
      if (std::count(above_.begin(), above_.end(), inode) > 0 || above_.size() >= kMostDepth) continue;
      above_.push_back(inode);
      Folder(inode, name, entry.allocation() == v1::ALLOCATION_ALLOCATED);
      above_.pop_back();
    }
  }

  VolumeReader& reader_;
  const uint64_t offset_bytes_;
  std::vector<uint64_t> above_;
  std::vector<WalkedFile> found_;
};

std::string ModeText(uint32_t mode) {
  const auto type = [mode] {
    switch (mode & kModeTypeMask) {
      case kModeRegular:
        return 'r';
      case kModeFolder:
        return 'd';
      case kModeSymbolicLink:
        return 'l';
      case kModeFifo:
        return 'p';
      case kModeCharacterDevice:
        return 'c';
      case kModeBlockDevice:
        return 'b';
      case kModeSocket:
        return 'h';
      default:
        return '-';
    }
  };
  std::string text(1, type());
  for (int shift = 6; shift >= 0; shift -= 3) {
    text.push_back((mode >> shift & 4) != 0 ? 'r' : '-');
    text.push_back((mode >> shift & 2) != 0 ? 'w' : '-');
    text.push_back((mode >> shift & 1) != 0 ? 'x' : '-');
  }
  if ((mode & kModeSetUser) != 0) text[3] = text[3] == 'x' ? 's' : 'S';
  if ((mode & kModeSetGroup) != 0) text[6] = text[6] == 'x' ? 's' : 'S';
  if ((mode & kModeSticky) != 0) text[9] = text[9] == 'x' ? 't' : 'T';
  return text;
}

// Whole seconds, as 32 bits: what the format has.
uint32_t Seconds(int64_t nanoseconds) {
  const int64_t before = nanoseconds % kNanosecondsInSecond < 0 ? 1 : 0;
  return static_cast<uint32_t>(nanoseconds / kNanosecondsInSecond - before);
}

std::string WithoutControls(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = '^';
  }
  return text;
}

std::string Line(const WalkedFile& file, const std::string& stream, const std::string& address, uint64_t size_bytes) {
  const v1::FileMetadata& told = file.entry.file();
  const bool deleted = file.entry.allocation() == v1::ALLOCATION_DELETED;
  std::string path = file.path + stream;
  if (!told.link_target().empty()) path += " -> " + told.link_target();
  if (deleted) path += " (deleted)";
  return Concat(WithoutControls(path), "|", address, "|", ModeText(told.mode()), "|", told.uid(), "|", told.gid(), "|",
                size_bytes, "|", Seconds(told.accessed_unix_ns()), "|", Seconds(told.modified_unix_ns()), "|",
                Seconds(told.changed_unix_ns()), "|", Seconds(told.born_unix_ns()));
}

}  // namespace

std::vector<WalkedFile> WalkRaw(VolumeReader& reader, uint64_t offset_bytes) {
  Walk walk(reader, offset_bytes);
  walk.Folder(RawFileId::kRootFolder, "", true);
  return walk.Take();
}

std::vector<WalkedFile> WalkRawOrphans(VolumeReader& reader, uint64_t offset_bytes) {
  Walk walk(reader, offset_bytes);
  walk.Orphans();
  return walk.Take();
}

std::multiset<std::string> BodyLinesOf(const WalkedFile& file, bool ntfs) {
  if (file.entry.allocation() == v1::ALLOCATION_REALLOCATED) return {WithoutControls(file.path) + " (deleted-realloc)"};
  const bool deleted = file.entry.allocation() == v1::ALLOCATION_DELETED;
  if (!file.entry.has_file()) return {WithoutControls(file.path) + (deleted ? " (deleted)" : "")};
  std::multiset<std::string> lines;
  const v1::FileMetadata& told = file.entry.file();
  for (const v1::RawAttribute& attribute : file.entry.attributes()) {
    const v1::AttributeMetadata& metadata = attribute.attribute();
    if (!ntfs || (metadata.type() != kData && metadata.type() != kIndexRoot)) continue;
    const bool named = !metadata.name().empty() && !(metadata.type() == kIndexRoot && metadata.name() == "$I30");
    lines.insert(Line(file, named ? ":" + metadata.name() : "",
                      Concat(told.inode(), "-", metadata.type(), "-", metadata.id()), attribute.size_bytes()));
  }
  if (lines.empty()) lines.insert(Line(file, "", Concat(told.inode()), told.size_bytes()));
  return lines;
}

std::string BodyLineOfFls(const std::string& line) {
  static const std::regex kParts("^0\\|(.*)\\|([0-9-]+)\\|(.)/(.{10})(\\|.*)$");
  std::smatch parts;
  if (!std::regex_match(line, parts, kParts)) return "";
  const std::string path = parts[1];
  const std::string name_type = parts[3];
  if (name_type == "v" || name_type == "V" || path.ends_with(" ($FILE_NAME)")) return "";
  if (path.find(" ($FILE_NAME) (deleted") != std::string::npos) return "";
  if (path.ends_with(" (deleted-realloc)") || parts[4] == "----------") return path;
  // Streams of a folder stand with its name already.
  if (path.find("/.:") != std::string::npos) return "";
  // What libtsk makes of an NTFS time that is 0.
  static const std::regex kNoTime("\\|3373865674");
  return Concat(path, "|", parts[2].str(), "|", parts[4].str(), std::regex_replace(parts[5].str(), kNoTime, "|0"));
}

std::multiset<std::string> AttributeLinesOf(const v1::RawEntry& entry) {
  std::multiset<std::string> lines;
  for (const v1::RawAttribute& attribute : entry.attributes()) {
    const v1::AttributeMetadata& told = attribute.attribute();
    lines.insert(Concat(told.type(), "-", told.id(), " ", told.name().empty() ? "N/A" : told.name(),
                        told.resident() ? " resident" : "", told.encrypted() ? " encrypted" : "",
                        told.compressed() ? " compressed" : "", told.sparse() ? " sparse" : "", " ",
                        attribute.size_bytes()));
  }
  return lines;
}

std::multiset<std::string> AttributeLinesOfIstat(const std::string& output) {
  static const std::regex kParts(
      "^Type: .* \\(([0-9]+-[0-9]+)\\)   Name: (.*)   (Resident|Non-Resident)(.*)   size: ([0-9]+).*$");
  std::multiset<std::string> lines;
  std::istringstream stream(output);
  for (std::string line; std::getline(stream, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, kParts)) continue;
    const std::string flags = parts[4];
    const auto has = [&flags](const char* flag) { return flags.find(flag) != std::string::npos; };
    lines.insert(Concat(parts[1].str(), " ", parts[2].str(), parts[3] == "Resident" ? " resident" : "",
                        has("Encrypted") ? " encrypted" : "", has("Compressed") ? " compressed" : "",
                        has("Sparse") ? " sparse" : "", " ", parts[5].str()));
  }
  return lines;
}

std::string ReadWhole(VolumeReader& reader, const RawFileId& file, const RawAttributeId& attribute, bool& failed) {
  std::string bytes;
  std::vector<char> buffer(VolumeReader::kMostReadBytes);
  while (true) {
    const absl::StatusOr<size_t> size =
        reader.ReadAttribute(file, attribute, bytes.size(), absl::MakeSpan(buffer.data(), buffer.size()));
    failed = !size.ok();
    if (failed || *size == 0) return bytes;
    bytes.append(buffer.data(), *size);
    if (*size < buffer.size()) return bytes;
  }
}

Judged Judge(const std::string& command) {
  FILE* pipe = popen(Concat("PATH=$PATH:/usr/sbin:/sbin; export TZ=UTC0; ", command, " 2>/dev/null").c_str(), "r");
  Judged judged;
  char buffer[65536];
  while (const size_t size = fread(buffer, 1, sizeof(buffer), pipe)) judged.output.append(buffer, size);
  judged.status = pclose(pipe);
  return judged;
}

}  // namespace hozen
