#include "agent/volume/registry_hive.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "agent/volume/hive_base_block.h"
#include "agent/volume/hive_cells.h"
#include "agent/volume/hive_logs.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/plan/glob.h"
#include "core/plan/pattern_states.h"

namespace hozen {
namespace {

constexpr int kMaxDepth = 512;  // Windows' own limit
constexpr size_t kMaxChildren = 1'000'000;
constexpr size_t kMaxPathBytes = 64 << 10;
constexpr size_t kPartBytes = 256 << 10;  // where a record of a key with much is ended
// What a hive may unfold to, for each of its bytes and beside that: lists and data can be named many times over.
constexpr uint64_t kMostForEachByte = 4;
constexpr uint64_t kMostBeside = 4 << 20;

class Walker {
 public:
  Walker(const HiveCells& cells, const Glob& glob, const std::optional<std::string>& value, const OnRegistryKey& on_key)
      : cells_(cells), glob_(glob), on_key_(on_key), budget_(cells.size_bytes() * kMostForEachByte + kMostBeside) {
    if (value.has_value()) value_ = absl::AsciiStrToLower(*value);
  }

  absl::StatusOr<RegistryEnd> Walk() {
    const std::optional<HiveKey> root = cells_.KeyAt(cells_.root());
    if (!root.has_value()) return absl::DataLossError("the hive's root key cannot be read");
    seen_.insert(cells_.root());
    if (glob_.parts().empty()) HOZEN_RETURN_IF_ERROR(HandOn(*root, ""));
    HOZEN_RETURN_IF_ERROR(Below(*root, "", PatternStates(glob_, 0), 0));
    return walk_;
  }

 private:
  absl::Status Below(const HiveKey& key, const std::string& path, const PatternStates& states, int depth) {
    if (states.empty()) return absl::OkStatus();
    std::vector<uint32_t> subkeys;
    uint64_t bad = cells_.Subkeys(key, kMaxChildren, subkeys) ? 0 : 1;
    HOZEN_RETURN_IF_ERROR(Spend(subkeys.size() * 4));
    for (const uint32_t offset : subkeys) {
      const std::optional<HiveKey> subkey = cells_.KeyAt(offset);
      if (!subkey.has_value() || depth == kMaxDepth || path.size() + subkey->name.size() > kMaxPathBytes) {
        ++bad;
        continue;
      }
      HOZEN_RETURN_IF_ERROR(Spend(subkey->name.size()));
      bool matched = false;
      const PatternStates next = states.Enter(subkey->name, matched);
      if (!matched && next.empty()) continue;
      if (!seen_.insert(offset).second) {
        ++bad;  // a key in two places, or in itself
        continue;
      }
      const std::string subpath = Concat(path, "\\", subkey->name);
      if (matched) HOZEN_RETURN_IF_ERROR(HandOn(*subkey, subpath));
      HOZEN_RETURN_IF_ERROR(Below(*subkey, subpath, next, depth + 1));
    }
    return bad == 0 ? absl::OkStatus() : SayDamage(path, bad);
  }

  absl::Status SayDamage(const std::string& path, uint64_t bad) {
    walk_.errors += bad;
    v1::RegistryKey record;
    record.set_path(path);
    record.set_problem(Concat(bad, " of its subkeys, or their list, cannot be read"));
    return on_key_(record);
  }

  absl::Status HandOn(const HiveKey& key, const std::string& path) {
    std::vector<uint32_t> offsets;
    uint64_t bad = cells_.Values(key, kMaxChildren, offsets) ? 0 : 1;
    HOZEN_RETURN_IF_ERROR(Spend(offsets.size() * 4 + path.size()));
    v1::RegistryKey record = NewRecord(key, path);
    bool handed_on = false;
    size_t part_bytes = 0;
    for (const uint32_t offset : offsets) {
      std::optional<HiveValue> value = cells_.ValueAt(offset, kMaxRegistryValueBytes);
      if (!value.has_value()) {
        ++bad;
        continue;
      }
      if (value_.has_value() && !IsWanted(value->name)) continue;
      const size_t value_bytes = value->name.size() + value->data.size();
      HOZEN_RETURN_IF_ERROR(Spend(value_bytes));
      if (part_bytes > kPartBytes) {
        record.set_continued(true);
        HOZEN_RETURN_IF_ERROR(on_key_(record));
        record = NewRecord(key, path);
        handed_on = true;
        part_bytes = 0;
      }
      part_bytes += value_bytes + 64;
      AddValue(*std::move(value), record);
    }
    walk_.errors += bad;
    if (bad > 0) record.set_problem(Concat(bad, " of its values, or their list, cannot be read"));
    if (value_.has_value() && !handed_on && record.values().empty() && bad == 0) return absl::OkStatus();
    ++walk_.keys;
    return on_key_(record);
  }

  static v1::RegistryKey NewRecord(const HiveKey& key, const std::string& path) {
    v1::RegistryKey record;
    record.set_path(path);
    record.set_last_written_unix_ns(key.last_written_unix_ns);
    return record;
  }

  bool IsWanted(const std::string& name) const { return MatchesLoosely(*value_, absl::AsciiStrToLower(name)); }

  void AddValue(HiveValue value, v1::RegistryKey& record) {
    v1::RegistryValue& added = *record.add_values();
    added.set_name(std::move(value.name));
    added.set_type(value.type);
    added.set_size_bytes(value.size_bytes);
    if (value.cut_off) {
      added.set_problem(Concat("the hive holds ", value.data.size(), " of its ", value.size_bytes, " bytes"));
      ++walk_.errors;
    }
    added.set_data(std::move(value.data));
  }

  absl::Status Spend(uint64_t bytes) {
    if (bytes > budget_) return absl::DataLossError("the hive says far more than it holds; it was not made by Windows");
    budget_ -= bytes;
    return absl::OkStatus();
  }

  const HiveCells& cells_;
  const Glob& glob_;
  std::optional<std::string> value_;  // in lower case
  const OnRegistryKey& on_key_;
  uint64_t budget_;
  std::unordered_set<uint32_t> seen_;
  RegistryEnd walk_;
};

}  // namespace

absl::StatusOr<RegistryEnd> WalkHive(HiveFiles files, std::string_view pattern, const std::optional<std::string>& value,
                                     const OnRegistryKey& on_key) {
  HOZEN_ASSIGN_OR_RETURN(const Glob glob, Glob::Parse(pattern, '\\', /*ignore_case=*/true));
  const std::optional<HiveBaseBlock> base = ReadHiveBaseBlock(files.hive);
  const uint64_t log_entries = ReplayHiveLogs(files.logs, kMaxHiveBytes, files.hive);
  HOZEN_ASSIGN_OR_RETURN(const HiveCells cells, HiveCells::Open(std::move(files.hive)));
  HOZEN_ASSIGN_OR_RETURN(RegistryEnd end, Walker(cells, glob, value, on_key).Walk());
  end.dirty = base.has_value() && base->is_dirty();
  end.log_entries = log_entries;
  return end;
}

}  // namespace hozen
