#include "agent/volatile/windows/startup/cached_tasks.h"

#include <optional>
#include <utility>

#include "agent/platform/registry_key.h"
#include "agent/volatile/windows/registry_texts.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr wchar_t kTree[] =
    LR"(\Registry\Machine\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree)";
constexpr wchar_t kTasks[] =
    LR"(\Registry\Machine\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tasks\)";
constexpr size_t kMost = 65'536;
constexpr int kMostDepth = 64;

std::wstring TextOf(const RegistryKey& key, std::wstring_view name) {
  const absl::StatusOr<RegistryValue> value = key.Value(name);
  if (!value.ok()) return {};
  const std::optional<std::vector<std::wstring>> texts = TextsOf(*value);
  return texts.has_value() && !texts->empty() ? texts->front() : std::wstring();
}

// A folder is a key as a task is; only a task has an id of its own there.
absl::Status AddBelow(const RegistryKey& key, const std::wstring& path, int depth, size_t& looked_at,
                      std::vector<CachedTask>& tasks) {
  if (depth > kMostDepth) return absl::ResourceExhaustedError("folders of tasks are nested too deep");
  std::vector<std::wstring> names;
  HOZEN_RETURN_IF_ERROR(key.Names(kMost, names));
  for (const std::wstring& name : names) {
    if (++looked_at > kMost) return absl::ResourceExhaustedError("there are too many tasks");
    const absl::StatusOr<RegistryKey> below = key.OpenBelow(name);
    if (absl::IsNotFound(below.status())) continue;  // it was deleted meanwhile
    HOZEN_RETURN_IF_ERROR(below.status());
    const std::wstring whole = path + L"\\" + name;
    CachedTask task = {.path = whole, .id = TextOf(*below, L"Id"), .author = {}};
    if (!task.id.empty()) {
      task.has_security_descriptor = below->Value(L"SD").ok();
      const absl::StatusOr<RegistryKey> definition = RegistryKey::Open(kTasks + task.id);
      if (definition.ok()) task.author = TextOf(*definition, L"Author");
      tasks.push_back(std::move(task));
    }
    HOZEN_RETURN_IF_ERROR(AddBelow(*below, whole, depth + 1, looked_at, tasks));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AddCachedTasks(std::vector<CachedTask>& tasks) {
  HOZEN_ASSIGN_OR_RETURN(const RegistryKey tree, RegistryKey::Open(kTree));
  size_t looked_at = 0;
  return AddBelow(tree, L"", 0, looked_at, tasks);
}

}  // namespace hozen
