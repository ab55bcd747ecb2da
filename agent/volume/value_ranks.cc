#include "agent/volume/value_ranks.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "agent/volume/file_system.h"

namespace hozen {
namespace {

struct ValuablePath {
  uint8_t rank;
  // Parts separated by '/', letters of either case; '*' as a whole part or at an end of one; "**" last: all below.
  const char* path;
};

// NTFS metadata files have fixed numbers and no path in a walk; they are ranked by those.
constexpr TSK_INUM_T kLastNtfsMetadataFile = 11;  // $MFT ... $Extend

constexpr ValuablePath kPaths[] = {
    {kMetadataRank, "$Extend/**"},
    {kRegistryRank, "Windows/System32/config/*"},
    {kRegistryRank, "Windows/System32/config/RegBack/*"},
    {kRegistryRank, "Windows/AppCompat/Programs/*"},
    {kRegistryRank, "Windows/ServiceProfiles/*/NTUSER.DAT*"},
    {kRegistryRank, "Users/*/NTUSER.DAT*"},
    {kRegistryRank, "Users/*/AppData/Local/Microsoft/Windows/UsrClass.dat*"},
    {kRegistryRank, "Documents and Settings/*/NTUSER.DAT*"},
    {kRegistryRank, "etc/**"},
    {kLogRank, "Windows/System32/winevt/Logs/*"},
    {kLogRank, "Windows/System32/LogFiles/**"},
    {kLogRank, "Windows/inf/setupapi*"},
    {kLogRank, "Windows/Logs/**"},
    {kLogRank, "ProgramData/Microsoft/Windows Defender/Support/*"},
    {kLogRank, "inetpub/logs/**"},
    {kLogRank, "var/log/**"},
    {kTriageRank, "Windows/Prefetch/*"},
    {kTriageRank, "Windows/System32/sru/*"},
    {kTriageRank, "Windows/System32/Tasks/**"},
    {kTriageRank, "Windows/Tasks/*"},
    {kTriageRank, "Windows/System32/wbem/Repository/*"},
    {kTriageRank, "Windows/System32/drivers/etc/*"},
    {kTriageRank, "$Recycle.Bin/*/*"},
    {kTriageRank, "ProgramData/Microsoft/Windows/Start Menu/Programs/Startup/*"},
    {kTriageRank, "ProgramData/Microsoft/Windows Defender/Quarantine/**"},
    {kTriageRank, "ProgramData/Microsoft/Network/Downloader/*"},
    {kTriageRank, "Users/*/AppData/Roaming/Microsoft/Windows/Recent/**"},
    {kTriageRank, "Users/*/AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/*"},
    {kTriageRank, "Users/*/AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/*"},
    {kTriageRank, "Users/*/AppData/Local/ConnectedDevicesPlatform/*/ActivitiesCache.db*"},
    {kTriageRank, "Users/*/AppData/Local/Microsoft/Windows/WebCache/*"},
    {kTriageRank, "Users/*/AppData/Local/Google/Chrome/User Data/*/History*"},
    {kTriageRank, "Users/*/AppData/Local/Microsoft/Edge/User Data/*/History*"},
    {kTriageRank, "Users/*/AppData/Roaming/Mozilla/Firefox/Profiles/*/places.sqlite*"},
    {kTriageRank, "root/*"},
    {kTriageRank, "root/.ssh/*"},
    {kTriageRank, "home/*/.*"},
    {kTriageRank, "home/*/.ssh/*"},
    {kTriageRank, "home/*/.config/autostart/*"},
    {kTriageRank, "home/*/.mozilla/firefox/*/places.sqlite*"},
    {kTriageRank, "var/spool/cron/**"},
    {kTriageRank, "var/lib/dpkg/*"},
    {kTriageRank, "var/lib/rpm/*"},
    {kTriageRank, "var/lib/systemd/timers/*"},
    {kTriageRank, "usr/lib/systemd/system/*"},
    {kTriageRank, "usr/local/bin/*"},
    {kTriageRank, "usr/local/sbin/*"},
    {kTriageRank, "tmp/*"},
};

// What a hostile file system can make of this: bounded folders, entries and depth.
constexpr int kMostFolders = 20'000;
constexpr size_t kMostFiles = 200'000;
constexpr int kMostDepthBelow = 16;

bool MatchesPart(std::string_view pattern, const std::string& lower_name) {
  const std::string lower = absl::AsciiStrToLower(absl::string_view(pattern.data(), pattern.size()));
  const absl::string_view name = lower_name;
  const absl::string_view text = lower;
  if (text == "*") return true;
  if (absl::EndsWith(text, "*")) return absl::StartsWith(name, text.substr(0, text.size() - 1));
  return name == text;
}

class Search {
 public:
  explicit Search(TSK_FS_INFO& system) : system_(system) {}

  void Follow(uint8_t rank, const std::vector<std::string>& parts) { Look(system_.root_inum, rank, parts, 0, 0); }
  ValueRanks TakeRanks() { return std::move(ranks_); }

 private:
  struct Entry {
    std::string lower_name;
    TSK_INUM_T file;
    bool is_folder;
  };

  // Of the folder; empty where it cannot be read. Folders are read once: many paths begin alike.
  const std::vector<Entry>& Read(TSK_INUM_T folder) {
    static const std::vector<Entry> kNone;
    if (const auto found = folders_.find(folder); found != folders_.end()) return *found->second;
    if (folders_.size() >= kMostFolders) return kNone;
    auto entries = std::make_unique<std::vector<Entry>>();
    const FolderHandle opened(tsk_fs_dir_open_meta(&system_, folder));
    const size_t count = opened == nullptr ? 0 : tsk_fs_dir_getsize(opened.get());
    for (size_t i = 0; i < count && files_seen_ < kMostFiles; ++i) {
      const TSK_FS_NAME* name = tsk_fs_dir_get_name(opened.get(), i);
      if (name == nullptr || name->name == nullptr || (name->flags & TSK_FS_NAME_FLAG_ALLOC) == 0) continue;
      if (TSK_FS_ISDOT(name->name)) continue;
      ++files_seen_;
      entries->push_back({absl::AsciiStrToLower(name->name), name->meta_addr, name->type == TSK_FS_NAME_TYPE_DIR});
    }
    return *folders_.emplace(folder, std::move(entries)).first->second;
  }

  void Look(TSK_INUM_T folder, uint8_t rank, const std::vector<std::string>& parts, size_t at, int depth_below) {
    if (depth_below > kMostDepthBelow) return;
    const bool all_below = parts[at] == "**";
    const bool last = all_below || at + 1 == parts.size();
    // A copy, because reading other folders may move what Read returned.
    std::vector<std::pair<TSK_INUM_T, bool>> matches;
    for (const Entry& entry : Read(folder)) {
      if (all_below || MatchesPart(parts[at], entry.lower_name)) matches.emplace_back(entry.file, entry.is_folder);
    }
    for (const auto& [file, is_folder] : matches) {
      if (last && !is_folder && ranks_.size() < kMostFiles) ranks_.try_emplace(file, rank);
      if (!is_folder) continue;
      if (all_below) Look(file, rank, parts, at, depth_below + 1);
      if (!last) Look(file, rank, parts, at + 1, depth_below);
    }
  }

  TSK_FS_INFO& system_;
  size_t files_seen_ = 0;
  absl::flat_hash_map<TSK_INUM_T, std::unique_ptr<std::vector<Entry>>> folders_;
  ValueRanks ranks_;
};

}  // namespace

ValueRanks FindValuableFiles(TSK_FS_INFO& system) {
  Search search(system);
  for (const ValuablePath& one : kPaths) {
    search.Follow(one.rank, absl::StrSplit(one.path, '/'));
  }
  ValueRanks ranks = search.TakeRanks();
  if (TSK_FS_TYPE_ISNTFS(system.ftype)) {
    for (TSK_INUM_T file = 0; file <= kLastNtfsMetadataFile; ++file) ranks[file] = kMetadataRank;
  }
  return ranks;
}

}  // namespace hozen
