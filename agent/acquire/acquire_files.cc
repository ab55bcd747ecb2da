#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "agent/acquire/acquire.h"
#include "agent/acquire/borders.h"
#include "agent/acquire/failure.h"
#include "agent/acquire/path_walk.h"
#include "agent/acquire/variables.h"
#include "core/base/concat.h"
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
  if (!what.separator().empty() && what.separator() != "/") {
    return not_carried_out(MakeFailure(v1::CAUSE_NOT_SUPPORTED,
                                       "paths of this host are separated by /; the pattern is for another system"));
  }
  const absl::StatusOr<std::vector<std::string>> patterns = ExpandVariables(what.pattern(), options.root);
  if (!patterns.ok()) return not_carried_out(FailureOf(patterns.status()));
  std::vector<Glob> globs;
  for (const std::string& pattern : *patterns) {
    absl::StatusOr<Glob> glob = Glob::Parse(pattern, '/', false);
    if (!glob.ok()) return not_carried_out(FailureOf(glob.status()));
    globs.push_back(*std::move(glob));
  }
  absl::StatusOr<Borders> borders = Borders::Create(
      {.refused_paths = options.refused_paths, .state_folder = options.state_folder, .root = options.root});
  if (!borders.ok()) {
    v1::Failure failure = FailureOf(borders.status());
    if (absl::IsInvalidArgument(borders.status())) failure.set_cause(v1::CAUSE_REFUSED_BY_POLICY);
    return not_carried_out(std::move(failure));
  }
  const WalkOptions walk = {.target_index = options.target_index,
                            .artifact = target.artifact(),
                            .root = options.root,
                            .depth = options.depth == 0 ? kMaxWalkDepth : options.depth,
                            .contents = contents,
                            .named_by_hand = target.artifact().empty() && !HasVariables(what.pattern())};
  WalkTally tally;
  absl::Status status;
  for (const Glob& glob : globs) {
    status = PathWalk(glob, walk, *borders, sink, tally).Run();
    if (!status.ok()) break;
  }
  // Also of a walk that was stopped.
  if (tally.touched > 0) sink.NoteTrace(TraceOf(tally));
  HOZEN_RETURN_IF_ERROR(status);
  outcome.set_matched_items(tally.matched);
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
