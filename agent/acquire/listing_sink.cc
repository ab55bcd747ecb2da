#include "agent/acquire/listing_sink.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "agent/acquire/failure.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"
#include "core/evidence/body_line.h"

namespace hozen {
namespace {

constexpr size_t kHeldBytes = 32 << 10;
constexpr size_t kToldFailures = 5;
constexpr size_t kToldFailureBytes = 160;

char TypeLetter(v1::Item::Kind kind) {
  switch (kind) {
    case v1::Item::KIND_DIRECTORY:
      return 'd';
    case v1::Item::KIND_SYMBOLIC_LINK:
      return 'l';
    default:
      return '-';
  }
}

std::string WordsOf(v1::Cause cause) {
  const std::string name = v1::Cause_Name(cause);
  constexpr std::string_view kPrefix = "CAUSE_";
  return absl::AsciiStrToLower(name.compare(0, kPrefix.size(), kPrefix) == 0 ? name.substr(kPrefix.size()) : name);
}

}  // namespace

absl::Status ListingSink::Record(v1::Item item) {
  if (lines_++ == 0) first_ = item;
  if (item.state() == v1::Item::STATE_FAILED) Count(item);
  std::string name;
  AppendListedName(item.path(), name);
  if (item.has_file() && !item.file().link_target().empty()) {
    name += " -> ";
    AppendListedName(item.file().link_target(), name);
  }
  if (item.has_file()) {
    AppendBodyLine(name, item.file(), held_);
  } else {
    AppendBodyLineOfName(name, TypeLetter(item.kind()), held_);
  }
  return held_.size() < kHeldBytes ? absl::OkStatus() : Flush();
}

absl::Status ListingSink::Take(v1::Item /*item*/, Source& /*source*/, bool /*until_end*/) {
  return absl::InternalError("a listing reads no contents");
}

absl::Status ListingSink::TakeDisk(v1::Item /*item*/, Source& /*source*/, DiskGuide& /*guide*/) {
  return absl::InternalError("a listing reads no disks");
}

absl::Status ListingSink::Poll() { return ending_sink_.Poll(); }

absl::Status ListingSink::Flush() {
  if (held_.empty()) return absl::OkStatus();
  const absl::Status status = push_(held_);
  held_.clear();
  return status;
}

void ListingSink::Count(const v1::Item& item) {
  const v1::Failure& failure = item.failure();
  if (failure.cause() == v1::CAUSE_PSEUDO_FILE_SYSTEM) return;
  if (failure.cause() == v1::CAUSE_REFUSED_BY_POLICY && item.path() == own_folder_) return;
  ++failures_;
  ++causes_[failure.cause()];
  if (first_failures_.size() < kToldFailures) {
    const std::string path = Printable(item.path());
    // The end of a long path tells more than its start.
    first_failures_.push_back(
        Concat(path.size() <= kToldFailureBytes ? path : Concat("...", path.substr(path.size() - kToldFailureBytes)),
               " (", WordsOf(failure.cause()), ")"));
  }
}

std::optional<v1::Failure> ListingSink::failure() const {
  if (failures_ == 0) return std::nullopt;
  std::vector<std::pair<v1::Cause, uint64_t>> causes(causes_.begin(), causes_.end());
  std::stable_sort(causes.begin(), causes.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  const std::string counts =
      absl::StrJoin(causes, ", ", [](std::string* out, const std::pair<v1::Cause, uint64_t>& one) {
        *out += Concat(one.second, " ", WordsOf(one.first));
      });
  return MakeFailure(causes.front().first,
                     Concat("of ", lines_, " names, ", failures_, " could not be looked at or into: ", counts,
                            "; the first: ", absl::StrJoin(first_failures_, ", ")));
}

}  // namespace hozen
