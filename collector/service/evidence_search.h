// Finding evidence: what analysts ask of all acquisitions at once, without gRPC.
#ifndef HOZEN_COLLECTOR_SERVICE_EVIDENCE_SEARCH_H_
#define HOZEN_COLLECTOR_SERVICE_EVIDENCE_SEARCH_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/caller.h"
#include "collector/search/search_entry.h"
#include "collector/search/search_indexes.h"
#include "collector/service/service_context.h"
#include "proto/hozen/v1/search.pb.h"

namespace hozen {

// Thread-safe. Every call asks first whether the caller may (PermissionDenied), sees only the caller's customer, and
// has written to the custody log what was asked for before anything is given ("evidence.searched",
// "evidence.timeline-read"). `poll` is asked now and then; its errors and those of handlers end a call and come back.
class EvidenceSearch {
 public:
  using Poll = std::function<absl::Status()>;

  // `indexes` must outlive it.
  EvidenceSearch(ServiceContext context, SearchIndexes& indexes) : context_(context), indexes_(indexes) {}

  // What it gives back says what the answer lacks. InvalidArgument, saying what to do, for a request that makes no
  // sense.
  absl::StatusOr<v1::LeftOut> Find(const Caller& caller, const v1::FindRequest& request,
                                   const std::function<absl::Status(const v1::ItemRow&)>& on_row, const Poll& poll);
  // NotFound for an unknown host or acquisition.
  absl::StatusOr<v1::LeftOut> ReadTimeline(const Caller& caller, const v1::ReadTimelineRequest& request,
                                           const std::function<absl::Status(const v1::TimelineEntry&)>& on_entry,
                                           const Poll& poll);

 private:
  absl::StatusOr<SearchQuery> QueryOf(const Caller& caller, const v1::FindRequest& request);

  const ServiceContext context_;
  SearchIndexes& indexes_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_EVIDENCE_SEARCH_H_
