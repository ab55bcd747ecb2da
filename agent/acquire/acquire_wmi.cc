#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/acquire.h"
#include "agent/acquire/failure.h"
#include "agent/acquire/pattern_variables.h"
#include "agent/acquire/pushed_source.h"
#include "agent/acquire/windows_variables.h"
#include "agent/acquire/wmi_lines.h"
#include "agent/platform/wmi.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/plan/wmi_query.h"

namespace hozen {
namespace {

// One question under way.
class WmiAnswer {
 public:
  WmiAnswer(const v1::Target::WmiQuery& query, absl::Duration silence, ItemSink& sink)
      : question_{.name_space = std::string(WmiNameSpaceOf(query)), .query = query.query(), .silence = silence},
        sink_(sink) {}

  // On the thread of the source, while a read waits: the sink is asked by one thread at a time.
  absl::Status Produce(const PushedSource::Push& push) {
    uint64_t records = 0;
    uint64_t missing = 0;
    end_ = AskWmi(
        question_,
        [&](const WmiObject& object) {
          ++records;
          if (HasProblems(object)) ++missing;
          return push(WmiLine(object));
        },
        [this] {
          stopped_ = sink_.Poll();
          return stopped_.ok();
        });
    HOZEN_RETURN_IF_ERROR(end_);
    return push(WmiEndLine(records, missing));
  }

  // Why the sink wants no more.
  const absl::Status& stopped() const { return stopped_; }
  // How the question ended.
  const absl::Status& end() const { return end_; }

 private:
  const WmiQuestion question_;
  ItemSink& sink_;
  absl::Status stopped_;
  absl::Status end_;
};

v1::Trace TraceOf(const std::string& path) {
  v1::Trace trace;
  trace.set_path(path);
  trace.set_what("WMI was asked; its service, and a program that holds its providers, may have been started for it");
  return trace;
}

// The queries that one with variables stands for. Each is looked at again: a value may make another of it.
absl::StatusOr<std::vector<v1::Target::WmiQuery>> QueriesOf(const v1::Target::WmiQuery& query,
                                                            const AcquireOptions& options, ItemSink& sink,
                                                            absl::Status& stopped) {
  std::vector<std::string> texts = {query.query()};
  if (!PatternVariables(query.query()).empty()) {
    TreeSet trees;
    if (options.trees != nullptr) {
      absl::StatusOr<TreeSet> opened = options.trees->Open(options.target_index, sink);
      stopped = opened.status();
      HOZEN_RETURN_IF_ERROR(stopped);
      trees = *std::move(opened);
    }
    if (trees.failure.has_value()) return StatusOf(*trees.failure);
    if (trees.facts == nullptr || trees.facts->windows() == nullptr) {
      return absl::UnimplementedError("this system has no values for the variables of a query to Windows");
    }
    HOZEN_ASSIGN_OR_RETURN(texts, ExpandWindowsVariables(query.query(), *trees.facts->windows(), &EscapedForWql));
  }
  std::vector<v1::Target::WmiQuery> queries;
  for (std::string& text : texts) {
    v1::Target::WmiQuery one = query;
    one.set_query(std::move(text));
    if (const std::string reason = WhyNotWmiQuery(one); !reason.empty()) return absl::InvalidArgumentError(reason);
    queries.push_back(std::move(one));
  }
  return queries;
}

// Takes the answer of one query; false where there is none. An error is the sink's; `failure` says why it is not all.
absl::StatusOr<bool> TakeAnswer(const v1::Target::WmiQuery& query, v1::Item item, const AcquireOptions& options,
                                ItemSink& sink, std::optional<v1::Failure>& failure) {
  WmiAnswer answer(query, options.command_timeout, sink);
  bool has_item = false;
  absl::Status taken;
  {
    PushedSource source([&answer](const PushedSource::Push& push) { return answer.Produce(push); },
                        PushedSource::Producer::kInTurn);
    // Up to the first line: what cannot be asked is no item. It can be read again.
    char first = 0;
    has_item = source.ReadAt(0, absl::MakeSpan(&first, 1)).ok();
    if (has_item) taken = sink.Take(std::move(item), source, /*until_end=*/true);
  }
  HOZEN_RETURN_IF_ERROR(taken);
  HOZEN_RETURN_IF_ERROR(answer.stopped());
  if (!answer.end().ok() && !absl::IsCancelled(answer.end())) failure = FailureOf(answer.end());
  return has_item;
}

}  // namespace

absl::StatusOr<v1::TargetOutcome> AcquireWmi(const v1::Target& target, const AcquireOptions& options, ItemSink& sink) {
  v1::TargetOutcome outcome;
  outcome.set_target_index(options.target_index);
  outcome.set_artifact(target.artifact());
  outcome.set_pattern(WmiItemPath(target.wmi()));
  absl::Status stopped;
  const absl::StatusOr<std::vector<v1::Target::WmiQuery>> queries = QueriesOf(target.wmi(), options, sink, stopped);
  HOZEN_RETURN_IF_ERROR(stopped);
  if (!queries.ok()) {
    *outcome.mutable_failure() = FailureOf(queries.status());
    return outcome;
  }
  bool asked = false;
  uint64_t matched = 0;
  for (const v1::Target::WmiQuery& query : *queries) {
    HOZEN_RETURN_IF_ERROR(sink.Poll());
    v1::Item item;
    item.set_kind(v1::Item::KIND_WMI);
    item.set_target_index(options.target_index);
    item.set_artifact(target.artifact());
    item.set_path(WmiItemPath(query));
    if (sink.AlreadyTaken(options.target_index, item.path())) {
      ++matched;
      continue;
    }
    if (!std::exchange(asked, true)) sink.NoteTrace(TraceOf(outcome.pattern()));
    std::optional<v1::Failure> failure;
    HOZEN_ASSIGN_OR_RETURN(const bool has_item, TakeAnswer(query, std::move(item), options, sink, failure));
    if (has_item) ++matched;
    if (failure.has_value() && !outcome.has_failure()) *outcome.mutable_failure() = *std::move(failure);
  }
  outcome.set_matched_items(matched);
  return outcome;
}

}  // namespace hozen
