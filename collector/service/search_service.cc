#include "collector/service/search_service.h"

#include "collector/service/admit.h"
#include "collector/service/evidence_search.h"
#include "core/base/status_macros.h"
#include "proto/hozen/v1/search.grpc.pb.h"

namespace hozen {
namespace {

class SearchService final : public v1::Search::Service {
 public:
  SearchService(ServiceContext context, SearchIndexes& indexes) : context_(context), search_(context, indexes) {}

  grpc::Status Find(grpc::ServerContext* call, const v1::FindRequest* request,
                    grpc::ServerWriter<v1::FindAnswer>* writer) override {
    return AnswerStream(*call, context_, [&](const Caller& caller) -> absl::Status {
      v1::FindAnswer answer;
      const auto send = [&](const v1::ItemRow& row) {
        *answer.mutable_row() = row;
        return SendTo(*call, *writer, answer);
      };
      HOZEN_ASSIGN_OR_RETURN(*answer.mutable_end(),
                             search_.Find(caller, *request, send, [&] { return StillThere(*call); }));
      return SendTo(*call, *writer, answer);
    });
  }
  grpc::Status ReadTimeline(grpc::ServerContext* call, const v1::ReadTimelineRequest* request,
                            grpc::ServerWriter<v1::TimelineAnswer>* writer) override {
    return AnswerStream(*call, context_, [&](const Caller& caller) -> absl::Status {
      v1::TimelineAnswer answer;
      const auto send = [&](const v1::TimelineEntry& entry) {
        *answer.mutable_entry() = entry;
        return SendTo(*call, *writer, answer);
      };
      HOZEN_ASSIGN_OR_RETURN(*answer.mutable_end(),
                             search_.ReadTimeline(caller, *request, send, [&] { return StillThere(*call); }));
      return SendTo(*call, *writer, answer);
    });
  }

 private:
  const ServiceContext context_;
  EvidenceSearch search_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewSearchService(ServiceContext context, SearchIndexes& indexes) {
  return std::make_unique<SearchService>(context, indexes);
}

}  // namespace hozen
