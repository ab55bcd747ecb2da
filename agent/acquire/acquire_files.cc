#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/acquire.h"
#include "agent/acquire/borders.h"
#include "agent/acquire/failure.h"
#include "agent/acquire/path_walk.h"
#include "agent/acquire/system_tree.h"
#include "agent/acquire/variables.h"
#include "agent/acquire/windows_variables.h"
#include "core/base/concat.h"
#include "core/base/device_root.h"
#include "core/base/status_macros.h"
#include "core/plan/glob.h"

namespace hozen {
namespace {

v1::Trace TraceOf(const WalkTally& tally) {
  v1::Trace trace;
  trace.set_path(tally.first_touched);
  if (tally.touched == 1) {
    trace.set_what(
        "its access time may be new: it was read as a symbolic link, or the system refused to read it without "
        "(O_NOATIME)");
  } else {
    trace.set_what(Concat("access times of this and ", tally.touched - 1,
                          " more may be new: they were read as symbolic links, or the system refused to read them "
                          "without (O_NOATIME)"));
  }
  return trace;
}

// Local policy and mounts are this host's, and say nothing about the paths of a disk that does not run.
absl::StatusOr<Borders> BordersOf(const AcquireOptions& options, const TreeSet& trees) {
  if (trees.offline != nullptr) {
    return Borders::Create(
        {.refused_paths = {}, .state_folder = "", .root = "", .read_mounts = []() -> absl::StatusOr<MountTable> {
           return MountTable();
         }});
  }
  return Borders::Create(
      {.refused_paths = options.refused_paths, .state_folder = options.state_folder, .root = options.root});
}

// A pattern in a tree: its files, and, where it says "file:stream", which of their streams.
struct TreePattern {
  Glob files;
  std::optional<Glob> stream;
};

absl::StatusOr<TreePattern> PatternIn(const FileTree& tree, std::string pattern) {
  const char separator = tree.separator();
  const bool has_device = separator == '\\' && DeviceRootSize(pattern) > 0;
  if (!pattern.empty() && pattern.front() == separator && !has_device) pattern.insert(0, tree.drive());
  TreePattern parsed;
  const size_t last = pattern.rfind(separator);
  const size_t colon = last == std::string::npos ? last : pattern.find(':', last);
  if (tree.has_streams() && colon != std::string::npos) {
    const std::string stream = Concat(std::string_view(&separator, 1), pattern.substr(colon + 1));
    HOZEN_ASSIGN_OR_RETURN(parsed.stream, Glob::Parse(stream, separator, true));
    pattern.resize(colon);
  }
  HOZEN_ASSIGN_OR_RETURN(parsed.files, Glob::Parse(pattern, separator, tree.ignores_case()));
  return parsed;
}

// What a pattern means that cannot be followed, and why.
struct NotFollowed {
  std::string pattern;
  v1::Failure failure;
};

struct TreePatterns {
  std::vector<TreePattern> followed;
  std::vector<NotFollowed> not_followed;
};

absl::StatusOr<TreePatterns> PatternsIn(const FileTree& tree, std::string_view pattern, const AcquireOptions& options,
                                        const TreeSet& trees) {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> expanded, trees.facts != nullptr
                                                                      ? trees.facts->Expand(pattern)
                                                                      : ExpandVariables(pattern, options.root));
  TreePatterns patterns;
  for (const std::string& one : expanded) {
    if (!tree.drive().empty() && IsOnAnotherMachine(one)) {
      v1::Failure remote = MakeFailure(v1::CAUSE_REMOTE_FILE_SYSTEM, "it is on another machine");
      patterns.not_followed.push_back({.pattern = one, .failure = std::move(remote)});
      continue;
    }
    absl::StatusOr<TreePattern> parsed = PatternIn(tree, one);
    if (parsed.ok()) {
      patterns.followed.push_back(*std::move(parsed));
    } else if (one == pattern) {
      return parsed.status();
    } else {
      // Of one person's values; the others' are looked for all the same.
      patterns.not_followed.push_back({.pattern = one, .failure = FailureOf(parsed.status())});
    }
  }
  return patterns;
}

// The ways to files on this host, or on the disk that stands for it, in their order.
struct Way {
  FileTree* tree = nullptr;
  FileTree* detour = nullptr;
  FileTree* as_shown_by = nullptr;
  bool unseen_only = false;
};

// Empty where the one that is asked for is not to be had.
std::vector<Way> WaysTo(const v1::Target::PathPattern& what, const TreeSet& trees, FileTree& system) {
  if (trees.offline != nullptr) return {{.tree = trees.offline}};
  FileTree* const raw = trees.raw;
  const Way through_system = {.tree = &system};
  const Way past_system = {.tree = raw, .as_shown_by = &system};
  switch (what.access()) {
    case v1::ACCESS_SYSTEM:
      return {through_system};
    case v1::ACCESS_RAW:
      return raw == nullptr ? std::vector<Way>() : std::vector<Way>{past_system};
    case v1::ACCESS_BOTH:
      return raw == nullptr ? std::vector<Way>() : std::vector<Way>{through_system, past_system};
    default:
      break;
  }
  std::vector<Way> ways = {{.tree = &system, .detour = raw}};
  if (what.deleted() && raw != nullptr) ways.push_back({.tree = raw, .as_shown_by = &system, .unseen_only = true});
  return ways;
}

absl::StatusOr<v1::TargetOutcome> Acquire(const v1::Target& target, const v1::Target::PathPattern& what, bool contents,
                                          const AcquireOptions& options, ItemSink& sink) {
  v1::TargetOutcome outcome;
  outcome.set_target_index(options.target_index);
  outcome.set_artifact(target.artifact());
  outcome.set_pattern(what.pattern());
  const auto not_carried_out = [&outcome](v1::Failure failure) {
    *outcome.mutable_failure() = std::move(failure);
    return outcome;
  };
  TreeSet trees;
  if (options.trees != nullptr) {
    HOZEN_ASSIGN_OR_RETURN(trees, options.trees->Open(options.target_index, sink));
  }
  if (trees.failure.has_value()) return not_carried_out(*std::move(trees.failure));
  const std::unique_ptr<FileTree> system = NewSystemTree(options.root);
  const std::vector<Way> ways = WaysTo(what, trees, *system);
  if (ways.empty()) {
    return not_carried_out(
        MakeFailure(v1::CAUSE_NOT_SUPPORTED, Concat("volumes cannot be read raw here: ", trees.why_not_raw)));
  }
  FileTree& first = *ways.front().tree;
  const std::string separator(1, first.separator());
  if (what.separator() != separator && !(what.separator().empty() && separator == "/")) {
    return not_carried_out(MakeFailure(
        v1::CAUSE_NOT_SUPPORTED,
        Concat("paths of this system are separated by ", separator, "; the pattern is for another system")));
  }
  const absl::StatusOr<TreePatterns> patterns = PatternsIn(first, what.pattern(), options, trees);
  if (!patterns.ok()) return not_carried_out(FailureOf(patterns.status()));
  absl::StatusOr<Borders> borders = BordersOf(options, trees);
  if (!borders.ok()) {
    v1::Failure failure = FailureOf(borders.status());
    if (absl::IsInvalidArgument(borders.status())) failure.set_cause(v1::CAUSE_REFUSED_BY_POLICY);
    return not_carried_out(std::move(failure));
  }
  WalkOptions walk = {.target_index = options.target_index,
                      .artifact = target.artifact(),
                      .depth = options.depth == 0 ? kMaxWalkDepth : options.depth,
                      .contents = contents,
                      .named_by_hand = target.artifact().empty() && !HasVariables(what.pattern()),
                      .all_attributes = what.all_attributes()};
  for (const NotFollowed& one : patterns->not_followed) {
    v1::Item item;
    item.set_kind(v1::Item::KIND_DIRECTORY);
    item.set_path(one.pattern);
    item.set_target_index(options.target_index);
    item.set_artifact(target.artifact());
    item.set_state(v1::Item::STATE_FAILED);
    *item.mutable_failure() = one.failure;
    HOZEN_RETURN_IF_ERROR(sink.Record(std::move(item)));
  }
  WalkTally tally;
  absl::Status status;
  for (const Way& way : ways) {
    walk.deleted = what.deleted() && way.tree != system.get();
    walk.access = way.tree == system.get() ? v1::ACCESS_SYSTEM : v1::ACCESS_RAW;
    walk.detour = way.detour;
    walk.as_shown_by = way.as_shown_by;
    walk.unseen_only = way.unseen_only;
    for (const TreePattern& pattern : patterns->followed) {
      if (!status.ok()) break;
      walk.stream = pattern.stream.has_value() ? &*pattern.stream : nullptr;
      status = PathWalk(*way.tree, pattern.files, walk, *borders, sink, tally).Run();
    }
  }
  // Also of a walk that was stopped.
  if (tally.touched > 0) sink.NoteTrace(TraceOf(tally));
  HOZEN_RETURN_IF_ERROR(status);
  outcome.set_matched_items(tally.matched);
  if (what.deleted() && trees.offline == nullptr && trees.raw == nullptr) {
    return not_carried_out(MakeFailure(v1::CAUSE_NOT_SUPPORTED,
                                       Concat("what was deleted was not looked for, because volumes cannot be read raw "
                                              "here: ",
                                              trees.why_not_raw)));
  }
  return outcome;
}

}  // namespace

absl::StatusOr<v1::TargetOutcome> AcquireFiles(const v1::Target& target, const AcquireOptions& options,
                                               ItemSink& sink) {
  return Acquire(target, target.file(), true, options, sink);
}

absl::StatusOr<v1::TargetOutcome> AcquirePaths(const v1::Target& target, const AcquireOptions& options,
                                               ItemSink& sink) {
  return Acquire(target, target.path(), false, options, sink);
}

}  // namespace hozen
