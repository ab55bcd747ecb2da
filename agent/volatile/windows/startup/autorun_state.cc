#include "agent/volatile/windows/startup/autorun_state.h"

#include <windows.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/platform/registry_key.h"
#include "agent/volatile/timestamps.h"
#include "agent/volatile/windows/host_values.h"
#include "agent/volatile/windows/registry_texts.h"
#include "agent/volatile/windows/startup/autorun_locations.h"
#include "agent/volatile/windows/startup/startup_folders.h"
#include "core/base/concat.h"

namespace hozen {
namespace {

using Root = AutorunLocation::Root;

constexpr wchar_t kMachine[] = LR"(\Registry\Machine\)";
constexpr wchar_t kUsers[] = LR"(\Registry\User)";
constexpr wchar_t kMachineSaid[] = LR"(HKEY_LOCAL_MACHINE\)";
constexpr wchar_t kUsersSaid[] = LR"(HKEY_USERS\)";
constexpr size_t kMostUsers = 4'096;
constexpr size_t kMostKeys = 65'536;   // below one key
constexpr size_t kMostValues = 4'096;  // of one key
constexpr size_t kMostRecords = 262'144;

// A place where locations stand.
struct Place {
  std::wstring path;      // the kernel's
  std::wstring said;      // as people write it
  std::wstring user_sid;  // empty: the machine's
};

// What programs of 32 bits see stands in a key of its own.
constexpr wchar_t kSoftwareViews[][32] = {LR"(SOFTWARE\)", LR"(SOFTWARE\Wow6432Node\)"};

// As the registry compares names.
bool IsSame(std::wstring_view one, std::wstring_view other) {
  return ::CompareStringOrdinal(one.data(), static_cast<int>(one.size()), other.data(), static_cast<int>(other.size()),
                                TRUE) == CSTR_EQUAL;
}

class Autoruns {
 public:
  explicit Autoruns(const StateContext& context) : context_(context) { ListUsers(); }

  std::optional<v1::VolatileRecord> Next() {
    while (records_.empty() && !over_) {
      if (made_ >= kMostRecords || (context_.keep_on && !context_.keep_on())) {
        Miss(L"autoruns", made_ >= kMostRecords
                              ? MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMostRecords, " are here"))
                              : MakeFailure(v1::CAUSE_TIMED_OUT, "collecting ended"));
        over_ = true;
      } else if (at_ < AutorunLocations().size()) {
        Look(AutorunLocations()[at_++]);
      } else {
        for (v1::VolatileRecord& record : StartupFolderRecords(context_)) records_.push_back(std::move(record));
        over_ = true;
      }
    }
    if (records_.empty()) return std::nullopt;
    v1::VolatileRecord record = std::move(records_.front());
    records_.pop_front();
    ++made_;
    return record;
  }

 private:
  void ListUsers() {
    const absl::StatusOr<RegistryKey> key = RegistryKey::Open(kUsers);
    absl::Status status = key.status();
    std::vector<std::wstring> names;
    if (key.ok()) status = key->Names(kMostUsers, names);
    if (!status.ok()) Miss(L"HKEY_USERS", FailureOf(status));
    const bool system_is_there =
        std::any_of(names.begin(), names.end(), [](const std::wstring& name) { return IsSame(name, L"S-1-5-18"); });
    for (const std::wstring& name : names) {
      constexpr std::wstring_view kClasses = L"_Classes";
      const size_t tail = std::min(name.size(), kClasses.size());
      if (IsSame(std::wstring_view(name).substr(name.size() - tail), kClasses)) continue;
      // Another name of the system's own hive.
      const bool is_default = IsSame(name, L".DEFAULT");
      if (is_default && system_is_there) continue;
      users_.push_back({.path = std::wstring(kUsers) + L"\\" + name + L"\\",
                        .said = kUsersSaid + name + L"\\",
                        .user_sid = is_default ? L"S-1-5-18" : name});
    }
  }

  void Look(const AutorunLocation& location) {
    const auto machine = [](const std::wstring& below) {
      return Place{.path = kMachine + below, .said = kMachineSaid + below, .user_sid = L""};
    };
    const auto below = [](const Place& place, const wchar_t* path) {
      return Place{.path = place.path + path, .said = place.said + path, .user_sid = place.user_sid};
    };
    if (location.root == Root::kControl) Look(machine(LR"(SYSTEM\CurrentControlSet\)"), location);
    if (location.root == Root::kUser) {
      for (const Place& user : users_) Look(user, location);
    }
    if (location.root != Root::kSoftware && location.root != Root::kMachineSoftware) return;
    for (const auto& view : kSoftwareViews) {
      Look(machine(view), location);
      if (location.root == Root::kMachineSoftware) continue;
      for (const Place& user : users_) Look(below(user, view), location);
    }
  }

  void Look(const Place& place, const AutorunLocation& location) {
    const std::wstring_view path = location.path;
    const size_t star = path.find(L'*');
    const std::wstring_view fixed = path.substr(0, star == std::wstring_view::npos ? path.size() : star - 1);
    const Place at = {
        .path = place.path + std::wstring(fixed), .said = place.said + std::wstring(fixed), .user_sid = place.user_sid};
    const absl::StatusOr<RegistryKey> key = RegistryKey::Open(at.path);
    if (!key.ok()) {
      if (!absl::IsNotFound(key.status())) Miss(at.said, FailureOf(key.status()));
      return;
    }
    Walk(*key, at, star == std::wstring_view::npos ? std::wstring_view() : path.substr(star), location);
  }

  // `rest` begins with a star, or is empty where `key` holds the values.
  void Walk(const RegistryKey& key, const Place& at, std::wstring_view rest, const AutorunLocation& location) {
    if (rest.empty()) return Read(key, at, location);
    std::vector<std::wstring> names;
    const absl::Status status = key.Names(kMostKeys, names);
    if (!status.ok()) Miss(at.said, ListFailure(status));
    rest.remove_prefix(std::min<size_t>(rest.size(), 2));  // the star, and the backslash behind it
    const size_t star = rest.find(L'*');
    const std::wstring_view fixed = rest.substr(0, star == 0 ? 0 : star == std::wstring_view::npos ? star : star - 1);
    const std::wstring_view next = star == std::wstring_view::npos ? std::wstring_view() : rest.substr(star);
    for (const std::wstring& name : names) {
      Place below = {.path = L"", .said = at.said + L"\\" + name, .user_sid = at.user_sid};
      std::wstring relative = name;
      if (!fixed.empty()) {
        relative += L"\\" + std::wstring(fixed);
        below.said += L"\\" + std::wstring(fixed);
      }
      const absl::StatusOr<RegistryKey> one = key.OpenBelow(relative);
      if (one.ok()) {
        Walk(*one, below, next, location);
      } else if (!absl::IsNotFound(one.status())) {
        Miss(below.said, FailureOf(one.status()));
      }
    }
  }

  void Read(const RegistryKey& key, const Place& at, const AutorunLocation& location) {
    if (location.value != nullptr) {
      const absl::StatusOr<RegistryValue> value = key.Value(location.value);
      if (value.ok()) {
        Add(key, at, *value);
      } else if (!absl::IsNotFound(value.status())) {
        Miss(at.said + L"\\" + location.value, ListFailure(value.status()));
      }
      return;
    }
    const absl::Status status = key.EachValue(kMostValues, [&](const RegistryValue& value) {
      Add(key, at, value);
      return absl::OkStatus();
    });
    if (!status.ok()) Miss(at.said, ListFailure(status));
  }

  void Add(const RegistryKey& key, const Place& at, const RegistryValue& value) {
    const std::optional<std::vector<std::wstring>> texts = TextsOf(value);
    if (!texts.has_value()) {
      return Miss(at.said + L"\\" + value.name,
                  MakeFailure(v1::CAUSE_NOT_SUPPORTED, Concat("it is of type ", value.type, ", which is no text")));
    }
    for (const std::wstring& text : *texts) {
      if (text.empty()) continue;
      v1::Autorun& autorun = *records_.emplace_back().mutable_autorun();
      autorun.set_location(WideText(at.said));
      autorun.set_name(WideText(value.name));
      autorun.set_command(WideText(text));
      autorun.set_user_sid(WideText(at.user_sid));
      if (const int64_t changed = key.changed_unix_ns(); changed != 0)
        *autorun.mutable_changed() = TimestampOf(changed);
    }
  }

  static v1::Failure ListFailure(const absl::Status& status) {
    v1::Failure failure = FailureOf(status);
    if (absl::IsResourceExhausted(status)) failure.set_cause(v1::CAUSE_LIMIT_ITEMS);
    return failure;
  }

  void Miss(std::wstring_view what, v1::Failure failure) {
    v1::VolatileRecord& record = records_.emplace_back();
    record.mutable_missing()->set_what(WideText(what));
    *record.mutable_missing()->mutable_failure() = std::move(failure);
  }

  const StateContext& context_;
  std::vector<Place> users_;
  size_t at_ = 0;
  bool over_ = false;
  size_t made_ = 0;
  std::deque<v1::VolatileRecord> records_;
};

}  // namespace

NextRecord AutorunRecords(const StateContext& context) {
  // std::function wants what can be copied.
  const auto autoruns = std::make_shared<Autoruns>(context);
  return [autoruns] { return autoruns->Next(); };
}

}  // namespace hozen
