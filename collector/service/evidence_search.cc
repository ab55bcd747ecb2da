#include "collector/service/evidence_search.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "collector/custody/custody_log.h"
#include "collector/search/indexer.h"
#include "collector/search/matching.h"
#include "collector/service/found_rows.h"
#include "core/base/concat.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr uint64_t kMostFoundUnlessSaid = 10'000;
constexpr uint64_t kMostFound = 1'000'000;
constexpr size_t kMaxLabelBytes = 1024;
constexpr size_t kMostNamedAsLeftOut = 100;
constexpr uint64_t kRowsBetweenPolls = 256;
constexpr int64_t kNsPerSecond = 1'000'000'000;

std::string TimeText(int64_t unix_ns) {
  return absl::FormatTime(absl::RFC3339_full, absl::FromUnixNanos(unix_ns), absl::UTCTimeZone());
}

absl::StatusOr<uint8_t> TimesOf(const v1::FindRequest& request) {
  uint8_t times = 0;
  for (const int kind : request.times()) {
    switch (kind) {
      case v1::TIME_KIND_MODIFIED:
        times |= kModified;
        break;
      case v1::TIME_KIND_ACCESSED:
        times |= kAccessed;
        break;
      case v1::TIME_KIND_CHANGED:
        times |= kChanged;
        break;
      case v1::TIME_KIND_CREATED:
        times |= kBorn;
        break;
      default:
        return absl::InvalidArgumentError("this collector does not know one of the kinds of times: update it");
    }
  }
  return times == 0 ? kAnyTime : times;
}

std::string TimesText(uint8_t times) {
  std::vector<std::string> names;
  if ((times & kModified) != 0) names.push_back("modified");
  if ((times & kAccessed) != 0) names.push_back("accessed");
  if ((times & kChanged) != 0) names.push_back("changed");
  if ((times & kBorn) != 0) names.push_back("created");
  return absl::StrJoin(names, ",");
}

std::string HashesDigest(std::vector<Digest> hashes) {
  std::sort(hashes.begin(), hashes.end());
  Sha256 hash;
  for (const Digest& one : hashes) hash.Update(one.bytes());
  return hash.Finish().ToHex();
}

// What was asked for, in words: patterns have their bound.
CustodyEvent SearchedEvent(const Caller& caller, const v1::FindRequest& request, const SearchQuery& query) {
  CustodyEvent event{.kind = "evidence.searched",
                     .actor = caller.Actor(),
                     .acquisition_id = request.acquisition_id(),
                     .host_id = request.host_id(),
                     .details = {}};
  const auto add = [&event](std::string_view name, std::string value) {
    event.details.emplace_back(std::string(name), std::move(value));
  };
  if (!query.path_glob.empty()) add("path", query.path_glob);
  if (!query.contains.empty()) add("contains", query.contains);
  if (!query.name.empty()) add("name", query.name);
  if (!query.sha256.empty()) {
    add("hashes", Concat(query.sha256.size()));
    add("hashes_sha256", HashesDigest(query.sha256));
  }
  if (query.has_times()) add("times", TimesText(query.times));
  if (query.from_unix_ns.has_value()) add("from", TimeText(*query.from_unix_ns));
  if (query.to_unix_ns.has_value()) add("to", TimeText(*query.to_unix_ns));
  if (query.min_size_bytes.has_value()) add("min_size_bytes", Concat(*query.min_size_bytes));
  if (query.max_size_bytes.has_value()) add("max_size_bytes", Concat(*query.max_size_bytes));
  if (query.deleted.has_value()) add("deleted", *query.deleted ? "true" : "false");
  if (!request.label().empty()) add("label", request.label());
  return event;
}

void LeaveOut(const std::string& acquisition_id, v1::LeftOut& left_out) {
  left_out.set_acquisitions(left_out.acquisitions() + 1);
  if (static_cast<size_t>(left_out.acquisition_ids_size()) < kMostNamedAsLeftOut) {
    left_out.add_acquisition_ids(acquisition_id);
  }
}

// Says how far the index is behind, of the acquisitions that it has not, as far as they are looked at.
class IndexLag {
 public:
  IndexLag(int64_t now_unix_ns, size_t acquisitions, v1::LeftOut& left_out)
      : now_unix_ns_(now_unix_ns), left_out_(left_out) {
    left_out_.set_index_behind_acquisitions(acquisitions);
  }
  void Waiting(const v1::Acquisition& acquisition) {
    const int64_t waited = (now_unix_ns_ - acquisition.finished_unix_ns()) / kNsPerSecond;
    if (waited > static_cast<int64_t>(left_out_.index_behind_seconds())) {
      left_out_.set_index_behind_seconds(static_cast<uint64_t>(waited));
    }
  }

 private:
  const int64_t now_unix_ns_;
  v1::LeftOut& left_out_;
};

// Counts what is given, up to a bound. Its own end is told from others' errors by a flag. Thread-compatible.
class Counted {
 public:
  explicit Counted(uint64_t most) : most_(most) {}
  // Before one is given: Cancelled where there must not be another.
  absl::Status Admit() {
    if (given_ < most_) {
      ++given_;
      return absl::OkStatus();
    }
    reached_ = true;
    return absl::CancelledError("enough");
  }
  bool reached() const { return reached_; }
  absl::Status OrEnough(const absl::Status& status) const { return reached_ ? absl::OkStatus() : status; }

 private:
  const uint64_t most_;
  uint64_t given_ = 0;
  bool reached_ = false;
};

}  // namespace

absl::StatusOr<SearchQuery> EvidenceSearch::QueryOf(const Caller& caller, const v1::FindRequest& request) {
  SearchQuery query;
  query.path_glob = request.path_glob();
  query.contains = request.contains();
  query.name = request.name();
  for (const std::string& sha256 : request.sha256()) {
    HOZEN_ASSIGN_OR_RETURN(const Digest digest, Digest::FromBytes(sha256));
    query.sha256.push_back(digest);
  }
  std::sort(query.sha256.begin(), query.sha256.end());
  HOZEN_ASSIGN_OR_RETURN(query.times, TimesOf(request));
  if (request.has_from_unix_ns()) query.from_unix_ns = request.from_unix_ns();
  if (request.has_to_unix_ns()) query.to_unix_ns = request.to_unix_ns();
  if (request.has_min_size_bytes()) query.min_size_bytes = request.min_size_bytes();
  if (request.has_max_size_bytes()) query.max_size_bytes = request.max_size_bytes();
  if (request.has_deleted()) query.deleted = request.deleted();
  query.acquisition_id = request.acquisition_id();
  HOZEN_RETURN_IF_ERROR(CheckQuery(query));
  if (!query.acquisition_id.empty()) {
    HOZEN_RETURN_IF_ERROR(context_.catalog.GetAcquisition(caller.customer_id, query.acquisition_id).status());
  }
  if (request.host_id().empty() && request.label().empty()) return query;
  if (request.label().size() > kMaxLabelBytes) {
    return absl::InvalidArgumentError(Concat("no label is longer than ", kMaxLabelBytes, " bytes"));
  }
  if (!request.host_id().empty()) {
    HOZEN_RETURN_IF_ERROR(context_.catalog.GetHost(caller.customer_id, request.host_id()).status());
  }
  query.host_ids.emplace();
  if (request.label().empty()) {
    query.host_ids->push_back(request.host_id());
    return query;
  }
  HOZEN_ASSIGN_OR_RETURN(const std::vector<v1::Host> hosts,
                         context_.catalog.ListHosts(caller.customer_id, request.label()));
  for (const v1::Host& host : hosts) {
    if (host.label() != request.label()) continue;
    if (request.host_id().empty() || request.host_id() == host.host_id()) query.host_ids->push_back(host.host_id());
  }
  return query;
}

absl::StatusOr<v1::LeftOut> EvidenceSearch::Find(const Caller& caller, const v1::FindRequest& request,
                                                 const std::function<absl::Status(const v1::ItemRow&)>& on_row,
                                                 const Poll& poll) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadEvidence));
  HOZEN_ASSIGN_OR_RETURN(SearchQuery query, QueryOf(caller, request));
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(SearchIndex* const index, indexes_.Get(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> pending,
                         PendingAcquisitions(context_.catalog, caller.customer_id, *index));
  HOZEN_RETURN_IF_ERROR(vault->custody().Append(SearchedEvent(caller, request, query)).status());
  query.skipped_acquisitions.insert(pending.begin(), pending.end());

  v1::LeftOut left_out;
  FoundRows rows(context_.catalog, caller.customer_id);
  Counted counted(request.most() == 0 ? kMostFoundUnlessSaid : std::min<uint64_t>(request.most(), kMostFound));
  const absl::Status found = index->Find(
      query,
      [&](const SearchHit& hit) {
        const absl::StatusOr<v1::ItemRow> row = rows.Whole(hit);
        // A catalog that came back from a backup knows less than the index; what it does not know is not there.
        if (absl::IsNotFound(row.status())) return absl::OkStatus();
        HOZEN_RETURN_IF_ERROR(row.status());
        HOZEN_RETURN_IF_ERROR(counted.Admit());
        return on_row(*row);
      },
      poll);
  HOZEN_RETURN_IF_ERROR(counted.OrEnough(found));

  // What the index has not yet, item by item.
  query.skipped_acquisitions.clear();
  IndexLag lag(context_.clock.NowUnixNs(), pending.size(), left_out);
  for (const std::string& acquisition_id : pending) {
    if (counted.reached()) break;
    HOZEN_RETURN_IF_ERROR(poll());
    HOZEN_ASSIGN_OR_RETURN(const AcquisitionRow row,
                           context_.catalog.GetAcquisition(caller.customer_id, acquisition_id));
    lag.Waiting(row.acquisition);
    if (!MatchesAcquisition(query, acquisition_id, row.acquisition.host_id())) continue;
    bool has_listing = false;
    uint64_t looked_at = 0;
    ItemQuery items;
    items.acquisition_id = acquisition_id;
    const absl::Status looked = context_.catalog.FindItems(caller.customer_id, items, [&](const v1::ItemRow& item_row) {
      if (++looked_at % kRowsBetweenPolls == 0) HOZEN_RETURN_IF_ERROR(poll());
      has_listing = has_listing || (item_row.item().kind() == v1::Item::KIND_LISTING && item_row.item().has_stream());
      if (!Matches(query, EntryOf(item_row.item()))) return absl::OkStatus();
      HOZEN_RETURN_IF_ERROR(counted.Admit());
      return on_row(item_row);
    });
    HOZEN_RETURN_IF_ERROR(counted.OrEnough(looked));
    if (has_listing) LeaveOut(acquisition_id, left_out);
  }
  left_out.set_limit_reached(counted.reached());
  return left_out;
}

absl::StatusOr<v1::LeftOut> EvidenceSearch::ReadTimeline(
    const Caller& caller, const v1::ReadTimelineRequest& request,
    const std::function<absl::Status(const v1::TimelineEntry&)>& on_entry, const Poll& poll) {
  HOZEN_RETURN_IF_ERROR(Authorize(caller, Action::kReadEvidence));
  TimelineQuery query{
      .host_id = request.host_id(), .acquisition_id = request.acquisition_id(), .from_unix_ns = {}, .to_unix_ns = {}};
  if (request.has_from_unix_ns()) query.from_unix_ns = request.from_unix_ns();
  if (request.has_to_unix_ns()) query.to_unix_ns = request.to_unix_ns();
  HOZEN_RETURN_IF_ERROR(CheckQuery(query));
  if (query.host_id.empty() == query.acquisition_id.empty()) {
    return absl::InvalidArgumentError("a timeline is of one host or of one acquisition: give one of the two");
  }
  if (query.host_id.empty()) {
    HOZEN_ASSIGN_OR_RETURN(const AcquisitionRow row,
                           context_.catalog.GetAcquisition(caller.customer_id, query.acquisition_id));
    query.host_id = row.acquisition.host_id();
  } else {
    HOZEN_RETURN_IF_ERROR(context_.catalog.GetHost(caller.customer_id, query.host_id).status());
  }
  HOZEN_ASSIGN_OR_RETURN(CustomerVault* const vault, context_.customers.Get(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(SearchIndex* const index, indexes_.Get(caller.customer_id));
  HOZEN_ASSIGN_OR_RETURN(const std::vector<std::string> pending,
                         PendingAcquisitions(context_.catalog, caller.customer_id, *index));
  CustodyEvent event{.kind = "evidence.timeline-read",
                     .actor = caller.Actor(),
                     .acquisition_id = query.acquisition_id,
                     .host_id = query.host_id,
                     .details = {}};
  if (query.from_unix_ns.has_value()) event.details.emplace_back("from", TimeText(*query.from_unix_ns));
  if (query.to_unix_ns.has_value()) event.details.emplace_back("to", TimeText(*query.to_unix_ns));
  HOZEN_RETURN_IF_ERROR(vault->custody().Append(event).status());

  v1::LeftOut left_out;
  IndexLag lag(context_.clock.NowUnixNs(), pending.size(), left_out);
  for (const std::string& acquisition_id : pending) {
    if (!query.acquisition_id.empty() && query.acquisition_id != acquisition_id) continue;
    HOZEN_ASSIGN_OR_RETURN(const AcquisitionRow row,
                           context_.catalog.GetAcquisition(caller.customer_id, acquisition_id));
    lag.Waiting(row.acquisition);
    if (row.acquisition.host_id() == query.host_id) LeaveOut(acquisition_id, left_out);
  }
  FoundRows rows(context_.catalog, caller.customer_id);
  Counted counted(request.most() == 0 ? std::numeric_limits<uint64_t>::max() : request.most());
  v1::TimelineEntry entry;
  const absl::Status read = index->ReadTimeline(
      query,
      [&](const TimelineEvent& timeline_event) {
        absl::StatusOr<v1::ItemRow> row = rows.Brief(timeline_event.hit);
        if (absl::IsNotFound(row.status())) return absl::OkStatus();
        HOZEN_RETURN_IF_ERROR(row.status());
        HOZEN_RETURN_IF_ERROR(counted.Admit());
        entry.set_at_unix_ns(timeline_event.at_unix_ns);
        entry.set_modified((timeline_event.kinds & kModified) != 0);
        entry.set_accessed((timeline_event.kinds & kAccessed) != 0);
        entry.set_changed((timeline_event.kinds & kChanged) != 0);
        entry.set_created((timeline_event.kinds & kBorn) != 0);
        *entry.mutable_row() = *std::move(row);
        return on_entry(entry);
      },
      poll);
  HOZEN_RETURN_IF_ERROR(counted.OrEnough(read));
  left_out.set_limit_reached(counted.reached());
  return left_out;
}

}  // namespace hozen
