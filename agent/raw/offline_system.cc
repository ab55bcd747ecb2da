#include "agent/raw/offline_system.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "agent/acquire/path_resolver.h"
#include "agent/raw/mounted_devices.h"
#include "agent/raw/tree_files.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kSmallFileBytes = 1 << 20;
constexpr size_t kMostTextBytes = 256;
constexpr std::string_view kWindowsMark = "/Windows/System32/config/SYSTEM";
constexpr const char* kLinuxMarks[] = {"/etc/os-release", "/etc/fstab", "/etc/passwd", "/usr/lib/os-release"};
constexpr size_t kMostHivesRead = 8;  // to find a system's letters: a hostile table may name one volume very often
constexpr char kUsualDrive[] = "C:";

std::unique_ptr<FileTree> TreeOf(const OfflineVolume& volume) {
  RawTreeShape shape;
  shape.ignores_case = volume.facts.ignores_case;
  shape.volumes[""] = [raw = volume.volume]() -> absl::StatusOr<RawVolume*> { return raw; };
  return NewRawTree(std::move(shape));
}

void AddVolume(const OfflineVolume& volume, const std::string& path, OfflineSystem& system) {
  system.shape.volumes[path == "/" ? "" : path] = [raw = volume.volume]() -> absl::StatusOr<RawVolume*> { return raw; };
  v1::FoundSystem::Volume& found = *system.found.add_volumes();
  found.set_path(path);
  found.set_partition(volume.partition.number());
  found.set_file_system(volume.facts.type);
}

// Text of a stranger's file, for people.
std::string OneLine(std::string_view text) {
  return Printable(text.substr(0, std::min(text.find_first_of("\r\n"), kMostTextBytes)));
}

std::string PrettyName(std::string_view os_release) {
  for (absl::string_view line : absl::StrSplit(AbslView(os_release), '\n')) {
    if (!absl::ConsumePrefix(&line, "PRETTY_NAME=")) continue;
    line = absl::StripAsciiWhitespace(line);
    absl::ConsumePrefix(&line, "\"");
    absl::ConsumeSuffix(&line, "\"");
    return OneLine(StdView(line));
  }
  return "";
}

bool HasVolume(const OfflineSystem& system, uint32_t partition) {
  const auto& had = system.found.volumes();
  return std::any_of(had.begin(), had.end(),
                     [partition](const v1::FoundSystem::Volume& one) { return one.partition() == partition; });
}

void AddOthers(const std::vector<OfflineVolume>& volumes, OfflineSystem& system) {
  for (const OfflineVolume& volume : volumes) {
    const uint32_t number = volume.partition.number();
    if (HasVolume(system, number)) continue;
    const bool has_drives = system.shape.separator == '\\';
    AddVolume(volume, Concat(has_drives ? "partition-" : "/partition-", number, has_drives ? ":" : ""), system);
  }
}

OfflineSystem Linux(const OfflineVolume& root, FileTree& tree, const std::vector<OfflineVolume>& volumes) {
  OfflineSystem system;
  system.found.set_system("linux");
  system.found.set_hostname(OneLine(ReadTreeFile(tree, "/etc/hostname", kSmallFileBytes).value_or("")));
  absl::StatusOr<std::string> release = ReadTreeFile(tree, "/etc/os-release", kSmallFileBytes);
  if (!release.ok()) release = ReadTreeFile(tree, "/usr/lib/os-release", kSmallFileBytes);
  system.found.set_system_version(PrettyName(release.value_or("")));
  AddVolume(root, "/", system);
  const std::string fstab = ReadTreeFile(tree, "/etc/fstab", kSmallFileBytes).value_or("");
  for (const FstabLine& line : ParseFstab(fstab)) {
    if (line.path == "/" || system.shape.volumes.contains(line.path)) continue;
    const auto meant = std::find_if(volumes.begin(), volumes.end(), [&](const OfflineVolume& volume) {
      return !HasVolume(system, volume.partition.number()) && IsMeantBy(line, volume);
    });
    if (meant != volumes.end()) AddVolume(*meant, line.path, system);
  }
  AddOthers(volumes, system);
  return system;
}

MountedDevices MountsOf(const OfflineVolume& drive, FileTree& tree) {
  const auto volume_of = [&](uint64_t device) { return device == drive.volume->device() ? drive.volume : nullptr; };
  return MountedDevices::Read(tree, volume_of, std::string(kWindowsMark));
}

std::map<std::string, std::string> PathsByMountId(const std::vector<OfflineVolume>& volumes,
                                                  const v1::FoundSystem& found) {
  std::map<std::string, std::string> paths;
  for (const OfflineVolume& volume : volumes) {
    for (const v1::FoundSystem::Volume& placed : found.volumes()) {
      if (placed.partition() == volume.partition.number()) paths.emplace(MountIdOf(volume.partition), placed.path());
    }
  }
  return paths;
}

OfflineSystem Windows(const OfflineVolume& drive, MountedDevices mounted, const std::vector<OfflineVolume>& volumes) {
  OfflineSystem system;
  system.found.set_system("windows");
  system.shape.separator = '\\';
  system.shape.ignores_case = true;
  system.shape.has_streams = true;
  system.shape.drive = mounted.DriveOf(drive.partition).value_or(kUsualDrive);
  AddVolume(drive, system.shape.drive, system);
  for (const OfflineVolume& volume : volumes) {
    const std::optional<std::string> letter = mounted.DriveOf(volume.partition);
    const bool is_free = letter.has_value() && !system.shape.volumes.contains(*letter);
    if (is_free && !HasVolume(system, volume.partition.number())) AddVolume(volume, *letter, system);
  }
  AddOthers(volumes, system);
  system.shape.path_of_volume = [mounted = std::move(mounted), paths = PathsByMountId(volumes, system.found)](
                                    std::string_view name) -> std::optional<std::string> {
    const std::optional<std::string> id = mounted.MountIdOfVolume(name);
    const auto path = id.has_value() ? paths.find(*id) : paths.end();
    if (path == paths.end()) return std::nullopt;
    return path->second;
  };
  return system;
}

OfflineSystem Unknown(const std::vector<OfflineVolume>& volumes) {
  OfflineSystem system;
  const auto is_ntfs = [](const OfflineVolume& volume) { return volume.facts.type == "ntfs"; };
  system.shape.has_streams = std::all_of(volumes.begin(), volumes.end(), is_ntfs);
  system.shape.ignores_case =
      std::all_of(volumes.begin(), volumes.end(), [](const OfflineVolume& v) { return v.facts.ignores_case; });
  if (volumes.size() == 1) {
    AddVolume(volumes.front(), "/", system);
  } else {
    AddOthers(volumes, system);
  }
  return system;
}

std::optional<uint32_t> NumberAtEnd(absl::string_view device) {
  size_t digits = 0;
  while (digits < device.size() && absl::ascii_isdigit(device[device.size() - 1 - digits])) ++digits;
  uint32_t number = 0;
  if (digits == 0 || !absl::SimpleAtoi(device.substr(device.size() - digits), &number)) return std::nullopt;
  return number;
}

}  // namespace

std::vector<FstabLine> ParseFstab(std::string_view text) {
  std::vector<FstabLine> lines;
  for (absl::string_view line : absl::StrSplit(AbslView(text), '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (fields.size() < 3 || fields[0].front() == '#' || fields[1].front() != '/') continue;
    // A blank in a path is written as three octal digits.
    std::string path = absl::StrReplaceAll(fields[1], {{"\\040", " "}, {"\\011", "\t"}, {"\\134", "\\"}});
    const std::vector<std::string> parts = PathParts(path);
    if (std::find(parts.begin(), parts.end(), "..") != parts.end()) continue;
    path = parts.empty() ? "/" : Concat("/", absl::StrJoin(parts, "/"));
    std::string source(fields[0]);
    source.erase(std::remove(source.begin(), source.end(), '"'), source.end());
    lines.push_back({.source = std::move(source), .path = std::move(path)});
  }
  return lines;
}

bool IsMeantBy(const FstabLine& line, const OfflineVolume& volume) {
  absl::string_view source = line.source;
  if (absl::ConsumePrefix(&source, "UUID=") || absl::ConsumePrefix(&source, "/dev/disk/by-uuid/")) {
    return !volume.facts.uuid.empty() && absl::EqualsIgnoreCase(source, volume.facts.uuid);
  }
  if (absl::ConsumePrefix(&source, "LABEL=") || absl::ConsumePrefix(&source, "/dev/disk/by-label/")) {
    return !volume.facts.label.empty() && StdView(source) == volume.facts.label;
  }
  if (absl::ConsumePrefix(&source, "PARTUUID=") || absl::ConsumePrefix(&source, "/dev/disk/by-partuuid/")) {
    return !volume.partition.uuid().empty() && absl::EqualsIgnoreCase(source, volume.partition.uuid());
  }
  for (const char* disk : {"/dev/sd", "/dev/vd", "/dev/hd", "/dev/xvd", "/dev/nvme", "/dev/mmcblk"}) {
    if (absl::StartsWith(source, disk)) return NumberAtEnd(source) == volume.partition.number();
  }
  return false;
}

std::vector<OfflineSystem> FindSystems(const std::vector<OfflineVolume>& volumes) {
  std::vector<OfflineSystem> systems;
  for (const OfflineVolume& volume : volumes) {
    const std::unique_ptr<FileTree> tree = TreeOf(volume);
    if (volume.facts.type == "ntfs" && IsInTree(*tree, kWindowsMark)) {
      MountedDevices mounted;
      if (systems.size() < kMostHivesRead) mounted = MountsOf(volume, *tree);
      systems.push_back(Windows(volume, std::move(mounted), volumes));
    } else if (std::any_of(std::begin(kLinuxMarks), std::end(kLinuxMarks),
                           [&](const char* mark) { return IsInTree(*tree, mark); })) {
      systems.push_back(Linux(volume, *tree, volumes));
    }
  }
  if (systems.empty() && !volumes.empty()) systems.push_back(Unknown(volumes));
  return systems;
}

}  // namespace hozen
