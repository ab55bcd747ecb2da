#include "agent/volatile/windows/startup/startup_folders.h"

#include <windows.h>

#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "agent/acquire/failure.h"
#include "agent/platform/file_access.h"
#include "agent/platform/registry_key.h"
#include "agent/volatile/record_source.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/registry_texts.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr wchar_t kProfiles[] = LR"(\Registry\Machine\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList)";
constexpr wchar_t kShellFolders[] = LR"(SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders)";
constexpr wchar_t kBelowProgramData[] = LR"(%ProgramData%\Microsoft\Windows\Start Menu\Programs\Startup)";
constexpr wchar_t kBelowProfile[] = LR"(\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup)";
constexpr std::wstring_view kUserProfile = L"%USERPROFILE%";
constexpr size_t kMostProfiles = 16'384;
constexpr size_t kMostFiles = 4'096;  // of one folder

struct StartupFolder {
  std::wstring path;
  std::wstring user_sid;  // empty: everybody's
};

// With variables of the system filled in.
std::wstring Expanded(const std::wstring& text) {
  std::wstring path(32'768, L'\0');
  const DWORD size = ::ExpandEnvironmentStringsW(text.c_str(), path.data(), static_cast<DWORD>(path.size()));
  if (size == 0 || size > path.size()) return {};
  path.resize(size - 1);
  return path;
}

std::wstring TextOf(const RegistryKey& key, std::wstring_view name) {
  const absl::StatusOr<RegistryValue> value = key.Value(name);
  if (!value.ok()) return {};
  const std::optional<std::vector<std::wstring>> texts = TextsOf(*value);
  return texts.has_value() && !texts->empty() ? texts->front() : std::wstring();
}

bool IsSame(std::wstring_view one, std::wstring_view other) {
  return ::CompareStringOrdinal(one.data(), static_cast<int>(one.size()), other.data(), static_cast<int>(other.size()),
                                TRUE) == CSTR_EQUAL;
}

class StartupFolders {
 public:
  std::vector<StartupFolder> List(std::vector<v1::VolatileRecord>& records) {
    Add(Expanded(kBelowProgramData), L"");
    AddRedirected(std::wstring(LR"(\Registry\Machine\)") + kShellFolders, L"Common Startup", L"", L"");
    const absl::StatusOr<RegistryKey> profiles = RegistryKey::Open(kProfiles);
    absl::Status status = profiles.status();
    std::vector<std::wstring> sids;
    if (profiles.ok()) status = profiles->Names(kMostProfiles, sids);
    if (!status.ok()) records.push_back(MissingRecord("profiles", FailureOf(status)));
    for (const std::wstring& sid : sids) {
      const absl::StatusOr<RegistryKey> profile = profiles->OpenBelow(sid);
      const std::wstring home = profile.ok() ? Expanded(TextOf(*profile, L"ProfileImagePath")) : std::wstring();
      if (home.empty()) continue;
      Add(home + kBelowProfile, sid);
      AddRedirected(LR"(\Registry\User\)" + sid + L"\\" + kShellFolders, L"Startup", home, sid);
    }
    return std::move(folders_);
  }

 private:
  void Add(std::wstring path, const std::wstring& sid) {
    if (path.size() < 4 || path[1] != L':') return;  // a path without a drive is no folder of this host's
    for (const StartupFolder& known : folders_) {
      if (IsSame(known.path, path)) return;
    }
    folders_.push_back({.path = std::move(path), .user_sid = sid});
  }

  // Where the Shell was told to look instead.
  void AddRedirected(const std::wstring& key_path, std::wstring_view value, const std::wstring& home,
                     const std::wstring& sid) {
    const absl::StatusOr<RegistryKey> key = RegistryKey::Open(key_path);
    if (!key.ok()) return;
    std::wstring text = TextOf(*key, value);
    if (text.size() >= kUserProfile.size() && IsSame(text.substr(0, kUserProfile.size()), kUserProfile)) {
      text.replace(0, kUserProfile.size(), home);
    }
    Add(Expanded(text), sid);
  }

  std::vector<StartupFolder> folders_;
};

// Each name in it, with the time of its last change.
absl::Status AddFiles(const StartupFolder& folder, const std::string& path, std::vector<v1::VolatileRecord>& records) {
  absl::StatusOr<OpenedFile> opened = OpenRootFolder(path);
  if (!opened.ok()) return absl::IsNotFound(opened.status()) ? absl::OkStatus() : opened.status();
  FolderReader reader(opened->fd.get());
  for (size_t count = 0;;) {
    absl::StatusOr<std::vector<FolderEntry>> entries = reader.Next();
    if (!entries.ok()) return entries.status();
    if (entries->empty()) return absl::OkStatus();
    for (const FolderEntry& entry : *entries) {
      if (++count > kMostFiles) return absl::ResourceExhaustedError(Concat("only ", kMostFiles, " files are here"));
      v1::Autorun& file = *records.emplace_back().mutable_autorun();
      file.set_location(Printable(path));
      file.set_name(Printable(entry.name));
      file.set_user_sid(WideText(folder.user_sid));
      const absl::StatusOr<v1::FileMetadata> metadata = StatEntry(opened->fd.get(), entry.name);
      if (!metadata.ok()) continue;
      const int64_t ns = metadata->modified_unix_ns();
      if (ns <= 0) continue;
      file.mutable_changed()->set_seconds(ns / 1'000'000'000);
      file.mutable_changed()->set_nanos(static_cast<int32_t>(ns % 1'000'000'000));
    }
  }
}

}  // namespace

std::vector<v1::VolatileRecord> StartupFolderRecords(const StateContext& context) {
  std::vector<v1::VolatileRecord> records;
  for (const StartupFolder& folder : StartupFolders().List(records)) {
    if (context.keep_on && !context.keep_on()) break;
    const std::string path = Wtf8OfWide(folder.path);
    if (context.refused) {
      if (std::optional<v1::Failure> refused = context.refused(path); refused.has_value()) {
        records.push_back(MissingRecord(path, *std::move(refused)));
        continue;
      }
    }
    const absl::Status status = AddFiles(folder, path, records);
    if (!status.ok()) {
      v1::Failure failure = FailureOf(status);
      if (absl::IsResourceExhausted(status)) failure.set_cause(v1::CAUSE_LIMIT_ITEMS);
      records.push_back(MissingRecord(path, std::move(failure)));
    }
  }
  return records;
}

}  // namespace hozen
