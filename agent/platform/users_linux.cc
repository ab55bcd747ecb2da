#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/platform/users.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kPasswdBytes = 64 << 20;
constexpr size_t kMaxHomes = 100'000;

struct FolderCloser {
  void operator()(DIR* folder) const { closedir(folder); }
};

bool IsFolder(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

}  // namespace

absl::StatusOr<std::vector<LocalUser>> ListLocalUsers(const std::string& root) {
  HOZEN_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(Concat(root, "/etc/passwd"), kPasswdBytes));
  return ParsePasswd(text);
}

std::vector<std::string> ListHomes(const std::string& root) {
  std::set<std::string> homes;
  if (absl::StatusOr<std::vector<LocalUser>> users = ListLocalUsers(root); users.ok()) {
    for (std::string& home : HomesSaid(*users)) {
      if (IsFolder(root + home)) homes.insert(std::move(home));
    }
  }
  const std::unique_ptr<DIR, FolderCloser> folder(opendir(Concat(root, "/home").c_str()));
  while (folder != nullptr && homes.size() < kMaxHomes) {
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    struct stat found = {};
    if (name == "." || name == ".." || name == "lost+found") continue;
    if (fstatat(dirfd(folder.get()), entry->d_name, &found, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 &&
        S_ISDIR(found.st_mode)) {
      homes.insert(Concat("/home/", name));
    }
  }
  return {homes.begin(), homes.end()};
}

}  // namespace hozen
