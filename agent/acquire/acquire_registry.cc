#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/acquire.h"
#include "agent/acquire/failure.h"
#include "agent/acquire/hive_map.h"
#include "agent/acquire/pushed_source.h"
#include "agent/acquire/registry_lines.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"
#include "core/bytes/source.h"

namespace hozen {
namespace {

// Lines of a target that are held; of more they are made while they are read.
constexpr size_t kHeldBytes = 1 << 20;

// Why the keys are not all that there is; without a value where they are.
std::optional<v1::Failure> LackOf(const RegistryEnd& end) {
  if (end.errors > 0) {
    return MakeFailure(v1::CAUSE_IO_ERROR, Concat(end.errors, " keys or values of the hive could not be read"));
  }
  if (end.dirty && end.log_entries == 0) {
    return MakeFailure(v1::CAUSE_IO_ERROR,
                       "the hive was not written to its end, and no log beside it says what is missing");
  }
  return std::nullopt;
}

// What a pattern means in one hive, as an item.
class HiveItem {
 public:
  HiveItem(SystemFacts& facts, const HivePlace& place, std::optional<std::string> value)
      : facts_(facts), place_(place), value_(std::move(value)) {}

  absl::Status Take(v1::Item item, ItemSink& sink) {
    std::string lines;
    const absl::StatusOr<RegistryEnd> end =
        facts_.ReadKeys(place_, value_, [this, &lines](const v1::RegistryKey& key) -> absl::Status {
          lines += RegistryLine(key, place_.root);
          return lines.size() <= kHeldBytes ? absl::OkStatus() : absl::CancelledError("more than is held");
        });
    if (lines.size() > kHeldBytes) {
      PushedSource source([this](const PushedSource::Push& push) { return Produce(push); },
                          PushedSource::Producer::kInTurn);
      return sink.Take(std::move(item), source, /*until_end=*/true);
    }
    // A definition is written for many hosts: that one lacks a hive or a key is no failure.
    if (absl::IsNotFound(end.status()) || (end.ok() && lines.empty())) return absl::OkStatus();
    std::optional<v1::Failure> lack = end.ok() ? LackOf(*end) : FailureOf(end.status());
    if (absl::IsAborted(end.status())) lack->set_cause(v1::CAUSE_READER_DIED);
    if (lack.has_value()) *item.mutable_failure() = *std::move(lack);
    if (lines.empty()) {
      item.set_state(v1::Item::STATE_FAILED);
      return sink.Record(std::move(item));
    }
    const std::unique_ptr<Source> source = NewMemorySource(std::move(lines));
    return sink.Take(std::move(item), *source, /*until_end=*/true);
  }

 private:
  absl::Status Produce(const PushedSource::Push& push) {
    HOZEN_ASSIGN_OR_RETURN(const RegistryEnd end, facts_.ReadKeys(place_, value_, [&](const v1::RegistryKey& key) {
      return push(RegistryLine(key, place_.root));
    }));
    const std::optional<v1::Failure> lack = LackOf(end);
    return lack.has_value() ? StatusOf(*lack) : absl::OkStatus();
  }

  SystemFacts& facts_;
  const HivePlace& place_;
  const std::optional<std::string> value_;
};

absl::StatusOr<std::vector<HivePlace>> PlacesOf(std::string_view key, const SystemFacts& facts) {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> patterns, facts.Expand(key));
  std::vector<HivePlace> places;
  std::set<std::pair<std::string, std::string>> seen;
  for (const std::string& pattern : patterns) {
    HOZEN_ASSIGN_OR_RETURN(std::vector<HivePlace> found, HivesOf(pattern, *facts.windows()));
    for (HivePlace& place : found) {
      if (seen.emplace(place.file, place.key).second) places.push_back(std::move(place));
    }
  }
  return places;
}

}  // namespace

absl::StatusOr<v1::TargetOutcome> AcquireRegistry(const v1::Target& target, const AcquireOptions& options,
                                                  ItemSink& sink) {
  const v1::Target::RegistryPattern& what = target.registry();
  v1::TargetOutcome outcome;
  outcome.set_target_index(options.target_index);
  outcome.set_artifact(target.artifact());
  outcome.set_pattern(what.key());
  TreeSet trees;
  if (options.trees != nullptr) {
    HOZEN_ASSIGN_OR_RETURN(trees, options.trees->Open(options.target_index, sink));
  }
  if (trees.failure.has_value()) {
    *outcome.mutable_failure() = *std::move(trees.failure);
    return outcome;
  }
  if (trees.facts == nullptr || trees.facts->windows() == nullptr) {
    *outcome.mutable_failure() = MakeFailure(v1::CAUSE_NOT_SUPPORTED, "this system has no registry");
    return outcome;
  }
  const absl::StatusOr<std::vector<HivePlace>> places = PlacesOf(what.key(), *trees.facts);
  if (!places.ok()) {
    *outcome.mutable_failure() = FailureOf(places.status());
    return outcome;
  }
  std::optional<std::string> value;
  if (what.one_value() || !what.value().empty()) value = what.value();
  for (const HivePlace& place : *places) {
    HOZEN_RETURN_IF_ERROR(sink.Poll());
    v1::Item item;
    item.set_kind(v1::Item::KIND_REGISTRY);
    item.set_target_index(options.target_index);
    item.set_artifact(target.artifact());
    item.set_path(value.has_value() ? Concat(place.root, place.key, "\\", *value) : Concat(place.root, place.key));
    if (sink.AlreadyTaken(options.target_index, item.path())) continue;
    HOZEN_RETURN_IF_ERROR(HiveItem(*trees.facts, place, value).Take(std::move(item), sink));
  }
  return outcome;
}

}  // namespace hozen
