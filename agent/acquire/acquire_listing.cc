#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "agent/acquire/acquire.h"
#include "agent/acquire/borders.h"
#include "agent/acquire/failure.h"
#include "agent/acquire/listing_sink.h"
#include "agent/acquire/path_walk.h"
#include "agent/acquire/pushed_source.h"
#include "agent/acquire/system_tree.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/plan/glob.h"

namespace hozen {
namespace {

// What a listing walks: the folder itself, and all below it.
struct ListingGlobs {
  Glob folder;
  Glob below;
};

absl::StatusOr<ListingGlobs> GlobsOf(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return absl::InvalidArgumentError("a listing begins at an absolute path of this host, such as /");
  }
  // A pattern has no escape character: [*] is a star.
  std::string pattern;
  for (const char c : path)
    pattern += c == '*' || c == '?' || c == '[' ? Concat("[", std::string(1, c), "]") : std::string(1, c);
  ListingGlobs globs;
  HOZEN_ASSIGN_OR_RETURN(globs.folder, Glob::Parse(pattern, '/', false));
  HOZEN_ASSIGN_OR_RETURN(globs.below, Glob::Parse(Concat(pattern, "/**"), '/', false));
  return globs;
}

// Where a walk meets the agent's own folder; empty where it does not.
std::string OwnFolder(const AcquireOptions& options) {
  std::error_code error;
  const std::string root = options.root.empty() ? "" : std::filesystem::weakly_canonical(options.root, error).string();
  const std::string real = std::filesystem::weakly_canonical(options.state_folder, error).string();
  return error || !real.starts_with(root) ? "" : real.substr(root.size());
}

v1::Trace TraceOf(const WalkTally& tally) {
  v1::Trace trace;
  trace.set_path(tally.first_touched);
  trace.set_what(Concat("access times may be new of ", tally.touched,
                        " symbolic links that were read, or folders that the system refused to list without; this is "
                        "the first"));
  return trace;
}

// One listing under way.
class ListingWalk {
 public:
  ListingWalk(FileTree& tree, ListingGlobs globs, const WalkOptions& options, Borders& borders, std::string own_folder,
              ItemSink& sink)
      : tree_(tree),
        globs_(std::move(globs)),
        options_(options),
        borders_(borders),
        own_folder_(std::move(own_folder)),
        sink_(sink) {}

  // On the thread of the source, while a read waits: the sink is asked by one thread at a time.
  absl::Status Produce(const PushedSource::Push& push) {
    ListingSink lines(sink_, own_folder_, push);
    HOZEN_RETURN_IF_ERROR(StartAt(globs_.folder, lines));
    if (absl::Status status = PathWalk(tree_, globs_.below, options_, borders_, lines, tally_).Run(); !status.ok()) {
      stopped_ = status;
      lines.Flush().IgnoreError();
      return status;
    }
    HOZEN_RETURN_IF_ERROR(lines.Flush());
    const std::optional<v1::Failure> failure = lines.failure();
    return failure.has_value() ? StatusOf(*failure) : absl::OkStatus();
  }

  const WalkTally& tally() const { return tally_; }
  // Why the sink wants no more.
  const absl::Status& stopped() const { return stopped_; }

 private:
  // The folder itself: where it cannot be had, there is no listing, and its failure says why.
  absl::Status StartAt(const Glob& folder, ListingSink& lines) {
    if (absl::Status status = PathWalk(tree_, folder, options_, borders_, lines, tally_).Run(); !status.ok()) {
      stopped_ = status;
      return status;
    }
    const v1::Item& found = lines.first();
    if (lines.lines() == 0) return StatusOf(MakeFailure(v1::CAUSE_NOT_FOUND, "there is no such folder"));
    if (found.state() == v1::Item::STATE_FAILED) return StatusOf(found.failure());
    if (found.kind() == v1::Item::KIND_DIRECTORY || found.kind() == v1::Item::KIND_SYMBOLIC_LINK) {
      return absl::OkStatus();
    }
    return StatusOf(MakeFailure(v1::CAUSE_NOT_FOUND, Concat(Printable(found.path()), " is no folder")));
  }

  FileTree& tree_;
  const ListingGlobs globs_;
  const WalkOptions& options_;
  Borders& borders_;
  const std::string own_folder_;
  ItemSink& sink_;
  WalkTally tally_;
  absl::Status stopped_;
};

// No path of the host's, all of which are absolute.
std::string ItemPath(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return Concat("listing", path, ".bodyfile");
}

}  // namespace

absl::StatusOr<v1::TargetOutcome> AcquireListing(const v1::Target& target, const AcquireOptions& options,
                                                 ItemSink& sink) {
  v1::TargetOutcome outcome;
  outcome.set_target_index(options.target_index);
  outcome.set_artifact(target.artifact());
  outcome.set_pattern(target.listing().path());
  absl::StatusOr<ListingGlobs> globs = GlobsOf(target.listing().path());
  if (!globs.ok()) {
    *outcome.mutable_failure() = FailureOf(globs.status());
    return outcome;
  }
  absl::StatusOr<Borders> borders = Borders::Create(
      {.refused_paths = options.refused_paths, .state_folder = options.state_folder, .root = options.root});
  if (!borders.ok()) {
    *outcome.mutable_failure() = FailureOf(borders.status());
    if (absl::IsInvalidArgument(borders.status())) outcome.mutable_failure()->set_cause(v1::CAUSE_REFUSED_BY_POLICY);
    return outcome;
  }
  outcome.set_matched_items(1);
  v1::Item item;
  item.set_kind(v1::Item::KIND_LISTING);
  item.set_path(ItemPath(target.listing().path()));
  if (sink.AlreadyTaken(options.target_index, item.path())) return outcome;
  const WalkOptions walk_options = {.target_index = options.target_index,
                                    .artifact = target.artifact(),
                                    .depth = options.depth == 0 ? kMaxWalkDepth : options.depth,
                                    .contents = false,
                                    .named_by_hand = true};
  const std::unique_ptr<FileTree> tree = NewSystemTree(options.root);
  ListingWalk walk(*tree, *std::move(globs), walk_options, *borders, OwnFolder(options), sink);
  PushedSource source([&walk](const PushedSource::Push& push) { return walk.Produce(push); },
                      PushedSource::Producer::kInTurn);
  const absl::Status status = sink.Take(std::move(item), source, /*until_end=*/true);
  // Also of a walk that was stopped.
  if (walk.tally().touched > 0) sink.NoteTrace(TraceOf(walk.tally()));
  HOZEN_RETURN_IF_ERROR(status);
  HOZEN_RETURN_IF_ERROR(walk.stopped());
  return outcome;
}

}  // namespace hozen
