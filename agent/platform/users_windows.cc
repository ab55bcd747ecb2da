#include <windows.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "agent/platform/users.h"
#include "core/base/windows_error.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr wchar_t kProfileList[] = LR"(SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList)";
constexpr DWORD kMaxProfiles = 100'000;

struct KeyCloser {
  using pointer = HKEY;
  void operator()(HKEY key) const { ::RegCloseKey(key); }
};
using Key = std::unique_ptr<HKEY, KeyCloser>;

// With %SystemDrive% and its like filled in. Empty where there is none.
std::wstring ProfilePath(HKEY list, const wchar_t* sid) {
  wchar_t path[4096] = {};
  DWORD size = sizeof(path);
  const LSTATUS status = ::RegGetValueW(list, sid, L"ProfileImagePath", RRF_RT_REG_SZ, nullptr, path, &size);
  return status == ERROR_SUCCESS ? path : L"";
}

}  // namespace

// Whoever has a profile on this host. The last number of a SID is the account's, as uid is on Linux; the name is the
// folder's, because to ask for the account's may be to ask a domain.
absl::StatusOr<std::vector<LocalUser>> ListLocalUsers(const std::string& /*root*/) {
  HKEY opened = nullptr;
  const LSTATUS status = ::RegOpenKeyExW(HKEY_LOCAL_MACHINE, kProfileList, 0, KEY_READ | KEY_WOW64_64KEY, &opened);
  if (status != ERROR_SUCCESS) return Win32Status(static_cast<uint32_t>(status), "Reading the list of profiles");
  const Key list(opened);
  std::vector<LocalUser> users;
  for (DWORD i = 0; i < kMaxProfiles; ++i) {
    wchar_t sid[256] = {};
    DWORD size = 256;
    if (::RegEnumKeyExW(list.get(), i, sid, &size, nullptr, nullptr, nullptr, nullptr) != ERROR_SUCCESS) break;
    LocalUser user;
    user.home = Wtf8OfWide(ProfilePath(list.get(), sid));
    if (user.home.empty()) continue;
    user.name = user.home.substr(user.home.rfind('\\') + 1);
    const std::string text = Wtf8OfWide(sid);
    if (!absl::SimpleAtoi(text.substr(text.rfind('-') + 1), &user.uid)) user.uid = 0;
    users.push_back(std::move(user));
  }
  return users;
}

std::vector<std::string> ListHomes(const std::string& root) {
  std::set<std::string> homes;
  if (const absl::StatusOr<std::vector<LocalUser>> users = ListLocalUsers(root); users.ok()) {
    for (const LocalUser& user : *users) {
      const DWORD attributes = ::GetFileAttributesW(ExtendedPath(WideOfWtf8(user.home)).c_str());
      if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
        homes.insert(user.home);
      }
    }
  }
  return {homes.begin(), homes.end()};
}

}  // namespace hozen
